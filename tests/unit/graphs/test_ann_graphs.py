"""Test ReLU networks as NIR graphs: round trips, foreign graphs, refusals."""

import json
from itertools import pairwise

import nir
import numpy as np
import pytest
from nir_graphs import passed

from spikelet.errors import SpikeletError
from spikelet.graphs import ann
from spikelet.networks.geometry import Geometry
from spikelet.training.ann.network import ReluLayer, ReluNetwork

RELU = {"spikelet_activation": "relu"}


def network(levels=None):
    """Return a network of three layers with random weights."""
    random = np.random.default_rng(0)
    clips = (None, None, None) if levels is None else (1.1, 0.3, None)
    shapes = ((4, 5), (5, 3), (3, 2))
    layers = tuple(
        ReluLayer(random.normal(size=shape), random.normal(size=shape[1]), clip)
        for shape, clip in zip(shapes, clips, strict=True)
    )
    return ReluNetwork(layers, ("yes", "né"), levels)


def graph(*between, metadata=None, shape=(4,)):
    """Return a chain of nodes from an Input of this shape, as another program writes it."""
    nodes = {"in": nir.Input(np.array(shape))}
    nodes |= {f"node_{index}": node for index, node in enumerate(between)}
    nodes["out"] = nir.Output(np.array([2]))
    metadata = RELU if metadata is None else metadata
    return nir.NIRGraph(nodes, list(pairwise(nodes)), metadata=metadata, type_check=False)


def conv(*weight, stride=1, padding=0, dilation=1, groups=1):
    """Return a Conv1d or Conv2d with random weights of this shape."""
    random = np.random.default_rng(5)
    kind = nir.Conv1d if len(weight) == 3 else nir.Conv2d
    values = random.normal(0.2, 1, size=weight)
    return kind(None, values, stride, padding, dilation, groups, random.normal(size=weight[0]))


def pool(kind, *window, stride=None, padding=(0, 0)):
    return kind(np.array(window), np.array(stride or window), np.array(padding))


def dense(inputs, outputs=2):
    return nir.Linear(np.random.default_rng(6).normal(size=(outputs, inputs)))


def by_definition(graph, x):
    """Return the scores float64[n, 2] of samples x in the graph's own order, by loops."""
    signal, left = (
        x / 255,
        sum(isinstance(node, ann._LAYERS) for node in graph.nodes.values()),
    )
    for node in graph.nodes.values():
        signal = passed(node, signal)
        if isinstance(node, ann._LAYERS):
            left -= 1
            signal = np.maximum(signal, 0) if left else signal
    return signal.reshape(len(x), -1)


def matrices():
    """Return two layers in torch's order, with a row of weights for each neuron."""
    random = np.random.default_rng(2)
    first = nir.Affine(random.normal(size=(3, 4)), random.normal(size=3))
    return first, nir.Linear(random.normal(size=(2, 3)))


@pytest.mark.parametrize("levels", [None, 8])
def test_ann_file_round_trip_is_identical(tmp_path, levels):
    original = network(levels)
    ann.write_ann(original, tmp_path / "ann.nir")
    copy = ann.read_ann(tmp_path / "ann.nir")
    assert (copy.classes, copy.levels) == (original.classes, original.levels)
    for layer, other in zip(original.layers, copy.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, other.weights)
        np.testing.assert_array_equal(layer.bias, other.bias)
        assert layer.clip == other.clip


CONVOLUTIONS = {
    "square, padded, strided": (
        Geometry((7, 6), 2, (3, 3), out=(4, 3), stride=(2, 2), padding=(1, 1)),
        Geometry((4, 3), 3, (2, 2), out=(1, 1), pool=(2, 1)),
    ),
    "kernels with more columns than rows": (
        Geometry((7, 6), 2, (1, 3), out=(7, 4)),
        Geometry((7, 4), 3, (3, 2), out=(3, 2), padding=(1, 0), pool=(2, 2)),
    ),
    "signals": (
        Geometry((1, 20), 2, (1, 3), out=(1, 10), stride=(1, 2), padding=(0, 1)),
        Geometry((1, 10), 3, (1, 4), out=(1, 7)),
    ),
    "signals with pooling": (
        Geometry((1, 20), 2, (1, 3), out=(1, 8), pool=(1, 2)),
        Geometry((1, 8), 3, (1, 2), out=(1, 3), pool=(1, 2)),
    ),
    "a dense layer on what is pooled": (
        Geometry((7, 6), 2, (3, 3), out=(1, 1), pool=(2, 2)),
        None,
    ),
}


def convolutional(geometries, levels=None):
    """Return a network: first layers with these geometries and three maps, then a dense one of two."""
    random, width, layers = np.random.default_rng(1), 0, []
    for geometry in (*geometries, None):
        rows, maps = geometry.fan_in if geometry else width, 2 if len(layers) == 2 else 3
        clip = None if levels is None or maps == 2 else 0.7
        weights, bias = random.normal(size=(rows, maps)), random.normal(size=maps)
        layers.append(ReluLayer(weights, bias, clip, geometry))
        width = layers[-1].neurons
    return ReluNetwork(tuple(layers), ("a", "b"), levels)


@pytest.mark.parametrize("kind", CONVOLUTIONS)
@pytest.mark.parametrize("levels", [None, 8])
def test_ann_file_round_trip_of_convolutions_is_identical(tmp_path, kind, levels):
    original = convolutional(CONVOLUTIONS[kind], levels)
    ann.write_ann(original, tmp_path / "ann.nir")
    copy = ann.read_ann(tmp_path / "ann.nir")
    nir.read(tmp_path / "ann.nir", type_check=False)
    assert copy.levels == original.levels
    for layer, other in zip(original.layers, copy.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, other.weights)
        np.testing.assert_array_equal(layer.bias, other.bias)
        assert (layer.clip, layer.geometry) == (other.clip, other.geometry)


def test_ann_file_kernel_as_large_as_input_becomes_matrix(tmp_path):
    geometry = Geometry((2, 3), 4, (2, 3), out=(1, 1))
    original = convolutional((geometry, None))
    ann.write_ann(original, tmp_path / "ann.nir")
    copy = ann.read_ann(tmp_path / "ann.nir")
    assert copy.layers[0].geometry is None
    np.testing.assert_array_equal(copy.layers[0].weights, original.layers[0].weights)


def test_ann_file_keeps_class_names_of_several_pixels(tmp_path):
    random = np.random.default_rng(0)
    first = Geometry((1, 4), 1, (1, 2), out=(1, 3))
    last = Geometry((1, 3), 2, (1, 2), out=(1, 2))
    layers = tuple(
        ReluLayer(random.normal(size=(geometry.fan_in, 2)), np.ones(2), None, geometry)
        for geometry in (first, last)
    )
    original = ReluNetwork(layers, ("left a", "left b", "right a", "right b"))
    ann.write_ann(original, tmp_path / "ann.nir")
    classes = nir.read(tmp_path / "ann.nir").metadata["spikelet_classes"]
    assert json.loads(classes) == ["left a", "right a", "left b", "right b"]
    assert ann.read_ann(tmp_path / "ann.nir").classes == original.classes


def test_ann_to_nir_refuses_convolution_of_another_shape():
    wide = Geometry((7, 6), 2, (3, 3), out=(5, 4))
    with pytest.raises(SpikeletError, match="layer 1 takes 10 x 2 pixels of 3 channels"):
        ann.ann_to_nir(convolutional((wide, Geometry((10, 2), 3, (2, 2), out=(9, 1)))))


def test_ann_file_is_readable_by_nir(tmp_path):
    ann.write_ann(network(), tmp_path / "ann.nir")
    kinds = [type(node).__name__ for node in nir.read(tmp_path / "ann.nir").nodes.values()]
    assert sorted(kinds) == ["Affine", "Affine", "Affine", "Input", "Output"]


def test_read_ann_refuses_damaged_file(tmp_path):
    path = tmp_path / "ann.nir"
    ann.write_ann(network(), path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(SpikeletError, match=r"ann\.nir: is damaged"):
        ann.read_ann(path)


@pytest.mark.parametrize(
    ("metadata", "scale"), [({}, 1 / 255), ({"spikelet_input_scale": 0.5}, 0.5)]
)
def test_read_ann_computes_activations_of_foreign_graph(tmp_path, metadata, scale):
    first, last = matrices()
    nir.write(tmp_path / "ann.nir", graph(first, last, metadata=RELU | metadata))
    network = ann.read_ann(tmp_path / "ann.nir")
    x = np.random.default_rng(3).integers(0, 256, (10, 4)).astype(np.uint8)
    hidden = np.maximum(x * scale @ first.weight.T + first.bias, 0)
    np.testing.assert_allclose(network.activations(x)[0], hidden)
    np.testing.assert_allclose(network.activations(x)[1], hidden @ last.weight.T)
    assert network.classes == ("0", "1")


def test_ann_from_nir_reads_class_names_from_metadata():
    metadata = RELU | {"spikelet_classes": json.dumps(["a", "b"])}
    assert ann.ann_from_nir(graph(*matrices(), metadata=metadata)).classes == ("a", "b")


def test_ann_from_nir_accepts_flatten_between_layers():
    first, last = matrices()
    flatten = nir.Flatten({"input": np.array([3])}, start_dim=0, end_dim=-1)
    assert len(ann.ann_from_nir(graph(first, flatten, last)).layers) == 2


FLATTEN = nir.Flatten(None, start_dim=0)
FOREIGN = {
    "convolutions and both poolings": (
        (2, 8, 7),
        conv(3, 2, 3, 3, padding=1),
        pool(nir.SumPool2d, 2, 2),
        conv(4, 3, 2, 2, stride=(1, 2), padding=(0, 1)),
        pool(nir.AvgPool2d, 1, 2),
        FLATTEN,
        dense(12),
    ),
    "pooling first, a convolution last": (
        (2, 9, 9),
        pool(nir.AvgPool2d, 3, 2),
        conv(3, 2, 2, 3),
        conv(2, 3, 2, 2),
        FLATTEN,
    ),
    "overlapping windows": (
        (1, 6, 6),
        conv(3, 1, 2, 2),
        pool(nir.AvgPool2d, 3, 3, stride=(2, 2)),
        FLATTEN,
        dense(12),
    ),
    "groups and gaps": (
        (2, 8, 7),
        conv(4, 1, 2, 2, dilation=(2, 3), groups=2),
        FLATTEN,
        dense(96),
    ),
    "over time": ((3, 12), conv(4, 3, 3, stride=2, padding=1), FLATTEN, dense(24)),
    "an image that only matrices look at": ((2, 3, 4), FLATTEN, dense(24, 5), dense(5)),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_ann_from_nir_computes_scores_of_foreign_convolutions(kind):
    shape, *nodes = FOREIGN[kind]
    foreign = graph(*nodes, shape=shape)
    network = ann.ann_from_nir(foreign)
    x = np.random.default_rng(3).integers(0, 256, (10, *shape)).astype(np.uint8)
    flat = x if network.layers[0].geometry is None else np.moveaxis(x, 1, -1)
    scores = network.activations(flat.reshape(10, -1))[-1]
    expected = by_definition(foreign, x)
    np.testing.assert_allclose(scores, expected, atol=1e-9)
    assert np.ptp(expected, axis=0).min() > 0.1


def test_ann_from_nir_folds_average_pooling_into_weights():
    first = conv(3, 1, 3, 3)
    summed, averaged = (
        ann.ann_from_nir(
            graph(first, pool(kind, 2, 2), FLATTEN, dense(12), shape=(1, 6, 6))
        ).layers[1]
        for kind in (nir.SumPool2d, nir.AvgPool2d)
    )
    assert summed.geometry == averaged.geometry
    assert summed.geometry.pool == (2, 2)
    np.testing.assert_array_equal(averaged.weights, summed.weights / 4)


def test_ann_from_nir_trims_zeros_around_kernel():
    node = conv(3, 2, 5, 5, padding=2)
    node.weight[:, :, :2] = node.weight[:, :, :, 4:] = 0
    foreign = graph(node, FLATTEN, dense(108), shape=(2, 6, 6))
    first = ann.ann_from_nir(foreign).layers[0]
    assert first.geometry == Geometry((6, 6), 2, (3, 4), out=(6, 6), padding=(0, 2))
    x = np.random.default_rng(3).integers(0, 256, (5, 2, 6, 6)).astype(np.uint8)
    scores = ann.ann_from_nir(foreign).activations(np.moveaxis(x, 1, -1).reshape(5, -1))[-1]
    np.testing.assert_allclose(scores, by_definition(foreign, x), atol=1e-9)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ((conv(3, 1, 3, 3), FLATTEN, dense(18)), "'node_0' has weights of shape"),
        ((conv(3, 2, 9, 3), FLATTEN, dense(18)), "'node_0' has a kernel of 9 x 3 pixels"),
        ((conv(3, 2, 3), FLATTEN, dense(18)), r"'node_0' takes values of shape \[channels, length"),
        ((conv(3, 2, 3, 3), FLATTEN, dense(50)), "'node_2' takes 50 values, but gets 36"),
        ((FLATTEN, pool(nir.SumPool2d, 2, 2), dense(9)), "'node_1' takes values of shape"),
        (
            (conv(3, 2, 3, 3), conv(2, 3, 4, 3), pool(nir.AvgPool2d, 1, 1)),
            "'node_2' comes after the last layer",
        ),
        (
            (pool(nir.SumPool2d, 3, 3, stride=(1, 1), padding=(1, 1)), conv(2, 2, 3, 3, padding=1)),
            "'node_1' pads with zeros where the nodes before it",
        ),
    ],
)
def test_ann_from_nir_names_unreadable_convolution(nodes, words):
    with pytest.raises(SpikeletError, match=words):
        ann.ann_from_nir(graph(*nodes, shape=(2, 6, 5)))


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, "lacks the metadata spikelet_activation; set it to 'relu'"),
        ({"spikelet_activation": "tanh"}, "says 'tanh' in spikelet_activation"),
        (RELU | {"spikelet_input_scale": 0.0}, "spikelet_input_scale 0.0"),
        (RELU | {"spikelet_input_scale": "wide"}, "spikelet_input_scale 'wide'"),
        (RELU | {"spikelet_classes": "a,b"}, "must be a JSON list"),
        (RELU | {"spikelet_classes": '["a"]'}, "1 classes for the last layer's 2 neurons"),
        ({"spikelet_activation": "clip-floor-shift"}, "node 'node_0' has spikelet_clip None"),
    ],
)
def test_ann_from_nir_names_missing_or_wrong_metadata(metadata, words):
    with pytest.raises(SpikeletError, match=words):
        ann.ann_from_nir(graph(*matrices(), metadata=metadata))


def test_ann_from_nir_names_unreadable_node():
    first, last = matrices()
    ones = np.ones(3)
    spiking = nir.IF(r=ones, v_threshold=ones, v_reset=0 * ones)
    with pytest.raises(SpikeletError, match="'node_1' is IF, where only Affine, Linear"):
        ann.ann_from_nir(graph(first, spiking, last))


def test_ann_from_nir_refuses_single_layer():
    with pytest.raises(SpikeletError, match="1 Affine or Linear nodes"):
        ann.ann_from_nir(graph(nir.Linear(np.ones((2, 4)))))


def test_read_ann_error_begins_with_path(tmp_path):
    nir.write(tmp_path / "ann.nir", graph(*matrices(), metadata={}))
    with pytest.raises(SpikeletError, match=r"ann\.nir: the graph lacks"):
        ann.read_ann(tmp_path / "ann.nir")
