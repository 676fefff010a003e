"""ReLU networks as NIR graphs: there and back, from other programs, and what is refused."""

import json
from itertools import pairwise

import nir
import numpy as np
import pytest

from spikelet import relu_graph
from spikelet.errors import SpikeletError
from spikelet.relu_network import ReluLayer, ReluNetwork

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


def graph(*between, metadata=None):
    """Return a chain of nodes with an Input of 4 and an Output of 2, as another program has it."""
    nodes = {"in": nir.Input(np.array([4]))}
    nodes |= {f"node_{index}": node for index, node in enumerate(between)}
    nodes["out"] = nir.Output(np.array([2]))
    return nir.NIRGraph(
        nodes, list(pairwise(nodes)), metadata=RELU if metadata is None else metadata
    )


def matrices():
    """Return two layers, as torch has their weights: a row for each neuron."""
    random = np.random.default_rng(2)
    first = nir.Affine(random.normal(size=(3, 4)), random.normal(size=3))
    return first, nir.Linear(random.normal(size=(2, 3)))


@pytest.mark.parametrize("levels", [None, 8])
def test_a_file_gives_back_the_network_to_the_last_bit(tmp_path, levels):
    made = network(levels)
    relu_graph.write(made, tmp_path / "ann.nir")
    found = relu_graph.read(tmp_path / "ann.nir")
    assert (found.classes, found.levels) == (made.classes, made.levels)
    for layer, copy in zip(made.layers, found.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, copy.weights)
        np.testing.assert_array_equal(layer.bias, copy.bias)
        assert layer.clip == copy.clip


def test_nir_itself_reads_the_file(tmp_path):
    relu_graph.write(network(), tmp_path / "ann.nir")
    kinds = [type(node).__name__ for node in nir.read(tmp_path / "ann.nir").nodes.values()]
    assert sorted(kinds) == ["Affine", "Affine", "Affine", "Input", "Output"]


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "ann.nir"
    relu_graph.write(network(), path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(SpikeletError, match=r"ann\.nir: is damaged"):
        relu_graph.read(path)


@pytest.mark.parametrize(("said", "scale"), [({}, 1 / 255), ({"spikelet_input_scale": 0.5}, 0.5)])
def test_a_graph_of_another_program_computes_what_it_did_there(tmp_path, said, scale):
    first, last = matrices()
    nir.write(tmp_path / "ann.nir", graph(first, last, metadata=RELU | said))
    found = relu_graph.read(tmp_path / "ann.nir")
    x = np.random.default_rng(3).integers(0, 256, (10, 4)).astype(np.uint8)
    hidden = np.maximum(x * scale @ first.weight.T + first.bias, 0)
    np.testing.assert_allclose(found.activations(x)[0], hidden)
    np.testing.assert_allclose(found.activations(x)[1], hidden @ last.weight.T)
    assert found.classes == ("0", "1")


def test_names_of_classes_are_taken_from_the_metadata():
    said = RELU | {"spikelet_classes": json.dumps(["a", "b"])}
    assert relu_graph.from_nir(graph(*matrices(), metadata=said)).classes == ("a", "b")


def test_flatten_may_stand_between():
    first, last = matrices()
    flatten = nir.Flatten({"input": np.array([3])}, start_dim=0, end_dim=-1)
    assert len(relu_graph.from_nir(graph(first, flatten, last)).layers) == 2


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
def test_metadata_that_is_missing_or_wrong_is_named(metadata, words):
    with pytest.raises(SpikeletError, match=words):
        relu_graph.from_nir(graph(*matrices(), metadata=metadata))


def test_other_nodes_are_named():
    first, last = matrices()
    ones = np.ones(3)
    spiking = nir.IF(r=ones, v_threshold=ones, v_reset=0 * ones)
    with pytest.raises(SpikeletError, match="'node_1' is IF, where only Affine, Linear"):
        relu_graph.from_nir(graph(first, spiking, last))


def test_a_single_layer_is_refused():
    with pytest.raises(SpikeletError, match="1 Affine or Linear nodes"):
        relu_graph.from_nir(graph(nir.Linear(np.ones((2, 4)))))


def test_an_error_begins_with_the_path(tmp_path):
    nir.write(tmp_path / "ann.nir", graph(*matrices(), metadata={}))
    with pytest.raises(SpikeletError, match=r"ann\.nir: the graph lacks"):
        relu_graph.read(tmp_path / "ann.nir")
