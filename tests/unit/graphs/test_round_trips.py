"""Test round trips of all kinds of networks through NIR, and their spikes in NIR."""

from dataclasses import replace
from itertools import pairwise

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nir_graphs import PLAIN, assert_spikes, drive, euler, samples

from spikelet.errors import SpikeletError
from spikelet.graphs import file, kernels, reader, writer
from spikelet.graphs.foreign import read
from spikelet.inputs.scaling import Scaling
from spikelet.networks.float_network import FloatLayer, FloatNetwork
from spikelet.networks.geometry import Geometry
from spikelet.networks.protocol import StreamWindow

FIELDS = ("weights", "bias", "beta", "theta", "v_reset", "v_start", "rho", "recurrent", "alpha")


def layer(random, inputs, maps, *, recurrent=False, current=False, fires=True, beta=None):
    """Return a layer of random parameters; inputs may be a geometry."""
    geometry = inputs if isinstance(inputs, Geometry) else None
    fan_in = geometry.fan_in if geometry else inputs
    return FloatLayer(
        weights=random.normal(0.1, 1.5, (fan_in, maps)) / np.sqrt(fan_in),
        bias=random.normal(0, 0.1, maps),
        beta=random.uniform(0.5, 0.95, maps) if beta is None else np.full(maps, beta),
        theta=random.uniform(0.3, 0.8, maps) if fires else None,
        reset="subtract",
        v_reset=random.normal(size=maps) if fires else np.zeros(maps),
        v_start=np.zeros(maps),
        recurrent=random.normal(size=(maps, maps)) / 3 if recurrent else None,
        alpha=random.uniform(0.3, 0.7, maps) if current else None,
        geometry=geometry,
    )


def network(*layers, **options):
    readout = "count" if layers[-1].theta is not None else "max"
    classes = tuple(map(str, range(layers[-1].neurons)))
    return FloatNetwork(layers, "direct", 20, readout, classes, **options)


def dense(random, **options):
    return layer(random, 6, 8, **options), layer(random, 8, 4)


def image(random):
    """Return convolution, pooling and convolution, pooling and matrix, with leftovers at the edges."""
    first = Geometry((9, 8), 2, (3, 3), (5, 4), stride=(2, 2), padding=(1, 1))
    second = Geometry((5, 4), 3, (2, 2), (3, 3), padding=(1, 1), pool=(2, 2))
    third = Geometry((3, 3), 4, (1, 1), (1, 1), pool=(2, 2))
    return (
        layer(random, first, 3, current=True),
        layer(random, second, 4),
        layer(random, third, 5, beta=1.0),
        layer(random, 5, 4),
    )


def time(random):
    first = Geometry((1, 20), 3, (1, 5), (1, 8), stride=(1, 2))
    # The right side has one zero more.
    second = Geometry((1, 8), 4, (1, 4), (1, 8), padding=(0, 1))
    return layer(random, first, 4), layer(random, second, 6, current=True), layer(random, 48, 4)


def pooled_time(random):
    first = Geometry((1, 20), 3, (1, 5), (1, 8), stride=(1, 2))
    second = Geometry((1, 8), 4, (1, 4), (1, 2), padding=(0, 1), pool=(1, 2))
    return layer(random, first, 4), layer(random, second, 6), layer(random, 12, 4)


def cut(random):
    """Return fewer places than the input has space for, and a kernel that is not square."""
    return (
        layer(random, Geometry((6, 7), 2, (3, 1), (3, 4)), 3),
        layer(random, Geometry((3, 4), 3, (3, 4), (1, 1)), 5),
        layer(random, 5, 4),
    )


def whole(random):
    """Return a kernel as large as the samples, and neurons of convolutions at the end."""
    return layer(random, Geometry((4, 4), 2, (3, 3), (2, 2)), 3), layer(
        random, Geometry((2, 2), 3, (2, 2), (2, 2), padding=(1, 1)), 2
    )


KINDS = {
    "recurrent": lambda random: dense(random, recurrent=True),
    "with a current": lambda random: dense(random, current=True),
    "recurrent with a current": lambda random: dense(random, current=True, recurrent=True),
    "current without leak": lambda random: dense(random, current=True, beta=1.0),
    "image": image,
    "time": time,
    "pooled time": pooled_time,
    "cut": cut,
    "whole": whole,
}


@pytest.fixture(params=KINDS)
def original(request):
    """Return a network of each kind."""
    return network(*KINDS[request.param](np.random.default_rng(5)))


def assert_same(original, copy):
    """Compare every field to the last bit."""
    for name in ("encoder", "encoder_parameter", "steps", "readout", "classes", "dt", "stream"):
        assert getattr(original, name) == getattr(copy, name)
    assert (original.scaling is None) == (copy.scaling is None)
    if original.scaling:
        for name in ("offset", "scale", "shift"):
            ours, theirs = (getattr(each.scaling, name) for each in (original, copy))
            np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(original.layers, copy.layers, strict=True):
        assert (ours.reset, ours.geometry) == (theirs.reset, theirs.geometry)
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)


def test_write_graph_then_read_graph_is_identical_per_kind(original, tmp_path):
    file.write_graph(original, tmp_path / "net.nir")
    assert_same(original, file.read_graph(tmp_path / "net.nir"))


def test_graph_file_keeps_rho(original, tmp_path):
    layers = tuple(replace(each, rho=each.theta / each.beta) for each in original.layers)
    other = replace(original, layers=layers)
    file.write_graph(other, tmp_path / "net.nir")
    assert_same(other, file.read_graph(tmp_path / "net.nir"))


def test_from_nir_refuses_rho_without_threshold():
    random = np.random.default_rng(0)
    graph = writer.to_nir(network(layer(random, 3, 2, fires=False)))
    graph.nodes["neurons_0"].metadata["spikelet_rho"] = np.ones(2)
    with pytest.raises(
        SpikeletError, match="'synapses_0' and 'neurons_0': rho is subtracted by a spike"
    ):
        reader.from_nir(graph)


def test_graph_file_keeps_stream_and_scaling(tmp_path):
    scaling = Scaling(np.array([-5, 7], np.int32), np.array([300, -20], np.int32), 4)
    first = layer(np.random.default_rng(0), 4, 3, recurrent=True)
    original = FloatNetwork(
        (first,),
        "delta",
        2,
        "count",
        ("a", "b", "c"),
        encoder_parameter=9,
        stream=StreamWindow(window=12, hop=4),
        scaling=scaling,
    )
    file.write_graph(original, tmp_path / "net.nir")
    assert_same(original, file.read_graph(tmp_path / "net.nir"))
    assert nir.read(tmp_path / "net.nir").nodes["input"].input_type["input"].tolist() == [4]


def channels_first(x, original):
    """Return samples uint8[n, channels] in NIR's shape."""
    geometry = original.layers[0].geometry
    if geometry is None:
        return x
    images = np.moveaxis(x.reshape(-1, *geometry.size, geometry.channels), -1, 1)
    is_row = isinstance(writer.to_nir(original).nodes["synapses_0"], nir.Conv1d)
    return images[:, :, 0] if is_row else images


def test_graph_file_simulated_from_nir_gives_same_spikes(original, tmp_path):
    """Read by nir, with its check of types, and simulate by NIR's equations, channels first."""
    file.write_graph(original, tmp_path / "net.nir")
    graph = nir.read(tmp_path / "net.nir")
    order = writer.to_nir(original).nodes
    graph = nir.NIRGraph({name: graph.nodes[name] for name in order}, graph.edges, type_check=False)
    x = samples(np.random.default_rng(1), original.channels)
    expected = euler(graph, channels_first(x, original), original.steps, original.dt, "subtract")
    assert_spikes(original.simulate(x).spikes, expected)


def test_import_of_graph_without_metadata_gives_same_spikes(original):
    """Without metadata the graph is a foreign one; its import finds the same layers."""
    graph = writer.to_nir(original)
    graph.metadata = {}
    for node in graph.nodes.values():
        node.metadata = {}
    options = replace(PLAIN, steps=original.steps, dt=original.dt, readout=original.readout)
    imported = read.foreign_from_nir(graph, options).network
    x = samples(np.random.default_rng(1), original.channels)
    for ours, theirs in zip(original.simulate(x).spikes, imported.simulate(x).spikes, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in pairwise(zip(original.layers, imported.layers, strict=True)):
        assert ours[0].neurons == theirs[0].inputs


def test_to_nir_chooses_nodes_by_kind_of_layer(tmp_path):
    def kinds(layers):
        nodes = writer.to_nir(network(*layers(np.random.default_rng(0)))).nodes
        return [type(node).__name__ for node in nodes.values()]

    assert kinds(image) == [
        *("Input", "Conv2d", "CubaLIF", "SumPool2d", "Conv2d", "LIF"),
        *("SumPool2d", "Flatten", "Affine", "IF", "Affine", "LIF", "Output"),
    ]
    assert kinds(time)[:5] == ["Input", "Conv1d", "LIF", "Conv1d", "CubaLIF"]
    assert kinds(KINDS["recurrent"])[-1] == "Linear"
    silent = network(layer(np.random.default_rng(0), 3, 2, current=True, fires=False))
    assert isinstance(writer.to_nir(silent).nodes["neurons_0"], nir.CubaLI)


def test_to_nir_recurrent_weights_are_in_cycle():
    original = network(*dense(np.random.default_rng(0), recurrent=True))
    graph = writer.to_nir(original)
    assert ("neurons_0", "recurrent_0") in graph.edges
    assert ("recurrent_0", "neurons_0") in graph.edges
    np.testing.assert_array_equal(graph.nodes["recurrent_0"].weight, original.layers[0].recurrent.T)


def test_from_nir_reads_format_1():
    original = network(*dense(np.random.default_rng(0)))
    graph = writer.to_nir(original)
    assert graph.metadata["spikelet_format"] == 2
    graph.metadata["spikelet_format"] = 1
    assert_same(original, reader.from_nir(graph))


@st.composite
def geometries(draw):
    """Draw shapes of all sorts; many need unequal padding."""

    def axis():
        size, pool = draw(st.integers(1, 9)), draw(st.integers(1, 2))
        pool = min(pool, size)
        kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
        return size, kernel, draw(st.integers(1, 4)), stride, draw(st.integers(0, 3)), pool

    size, kernel, out, stride, padding, pool = zip(axis(), axis(), strict=True)
    return Geometry(size, draw(st.integers(1, 2)), kernel, out, stride, padding, pool)


@settings(derandomize=True, deadline=None)
@given(geometries())
def test_framed_kernel_gives_drives_of_definition(geometry):
    """The framed kernel must give the drives of Spikelet's own definition."""
    random = np.random.default_rng(0)
    original = network(layer(random, geometry, 2))
    graph = writer.to_nir(original)
    assert_same(original, reader.from_nir(graph))
    x = samples(random, geometry.inputs)
    first = original.layers[0]
    drives = geometry.unfold(x / 256) @ first.weights + first.bias
    drives_in_nir = drive(graph, channels_first(x, original))
    np.testing.assert_allclose(drives_in_nir, drives.reshape(len(x), -1), atol=1e-9)


def test_frame_is_square_if_possible():
    tall = Geometry((8, 8), 1, (3, 1), (6, 8))
    assert kernels.frame(tall, square=True) == ((3, 3), (0, 1), (1, 1), (0, 1))
    odd = Geometry((8, 8), 1, (3, 2), (6, 7))
    assert kernels.frame(odd, square=True).extent == (3, 2)


def test_graph_file_kernel_that_cannot_be_square_is_readable(tmp_path):
    original = network(layer(np.random.default_rng(0), Geometry((8, 8), 1, (3, 2), (6, 7)), 2))
    path = tmp_path / "net.nir"
    file.write_graph(original, path)
    assert nir.read(path, type_check=False).nodes["synapses_0"].weight.shape == (2, 1, 3, 2)
    assert_same(original, file.read_graph(path))


@pytest.mark.parametrize(
    "geometry", [Geometry((2, 4), 1, (2, 2), (1, 3)), Geometry((2, 2), 2, (1, 1), (2, 2))]
)
def test_to_nir_refuses_shape_after_flat_neurons(geometry):
    random = np.random.default_rng(0)
    original = network(layer(random, 3, 8), layer(random, geometry, 2))
    words = "layer 1 takes 2 x . pixels of . channels, but the neurons before it are 8 without a"
    with pytest.raises(SpikeletError, match=words):
        writer.to_nir(original)


def test_to_nir_refuses_shape_unlike_neurons_before():
    random = np.random.default_rng(0)
    first = layer(random, Geometry((3, 3), 1, (2, 2), (2, 2)), 2)
    original = network(first, layer(random, Geometry((1, 4), 2, (1, 2), (1, 3)), 2))
    with pytest.raises(SpikeletError, match="but the neurons before it are 2 x 2 pixels of 2 maps"):
        writer.to_nir(original)


def changed(kind, name, **fields):
    """Return the graph of a kind with another node in one place."""
    graph = writer.to_nir(network(*KINDS[kind](np.random.default_rng(0))))
    for key, value in fields.items():
        setattr(graph.nodes[name], key, value)
    return graph


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (
            changed("image", "synapses_0", stride=(1, 1)),
            r"node 'synapses_0' has stride of \[1, 1\], where its metadata has \[2, 2\]",
        ),
        (
            changed("image", "synapses_0", metadata={}),
            "node 'synapses_0' lacks the metadata spikelet_geometry",
        ),
        (
            changed("image", "pool_1", kernel_size=np.array([3, 2])),
            r"'synapses_1' follows a pooling of \(3, 2\), where its metadata has \(2, 2\)",
        ),
        (
            changed("image", "neurons_1", v_threshold=np.arange(36.0).reshape(4, 3, 3)),
            "node 'neurons_1' has neurons of one map with different v_threshold",
        ),
        (
            changed("image", "synapses_2", weight=np.ones((5, 9))),
            r"node 'synapses_2' has weights of shape \[5, 9\], but gets 4 values",
        ),
        (
            changed("with a current", "neurons_0", w_in=np.ones(8)),
            "node 'neurons_0' has w_in [*] dt / tau_syn = ",
        ),
        (
            changed("with a current", "neurons_0", r=np.ones(8)),
            "node 'neurons_0' has r [*] dt / tau_mem = ",
        ),
    ],
)
def test_from_nir_refuses_changed_graph(graph, words):
    with pytest.raises(SpikeletError, match=words):
        reader.from_nir(graph)


def test_from_nir_refuses_other_recurrent_connection():
    graph = writer.to_nir(network(*dense(np.random.default_rng(0), recurrent=True)))
    graph.nodes["recurrent_0"] = nir.Scale(np.ones(8))
    with pytest.raises(SpikeletError, match="node 'recurrent_0' is Scale, where only Linear"):
        reader.from_nir(graph)
    graph.edges.append(("neurons_0", "neurons_0"))
    with pytest.raises(SpikeletError, match="'neurons_0' comes back to itself on 2 ways"):
        reader.from_nir(graph)
