"""Networks of every kind as NIR graphs: the same to the last bit, and to others what they are here."""

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
from spikelet.networks.protocol import Stream

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
    """Convolution, pooling and convolution, pooling and a matrix, with leftovers at the edges."""
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
    second = Geometry((1, 8), 4, (1, 4), (1, 8), padding=(0, 1))  # a zero more on the right
    return layer(random, first, 4), layer(random, second, 6, current=True), layer(random, 48, 4)


def pooled_time(random):
    first = Geometry((1, 20), 3, (1, 5), (1, 8), stride=(1, 2))
    second = Geometry((1, 8), 4, (1, 4), (1, 2), padding=(0, 1), pool=(1, 2))
    return layer(random, first, 4), layer(random, second, 6), layer(random, 12, 4)


def cut(random):
    """Places fewer than there is room for, and a kernel that is not square."""
    return (
        layer(random, Geometry((6, 7), 2, (3, 1), (3, 4)), 3),
        layer(random, Geometry((3, 4), 3, (3, 4), (1, 1)), 5),
        layer(random, 5, 4),
    )


def whole(random):
    """A kernel as large as the samples, and neurons of convolutions at the end."""
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
def made(request):
    """Return a network of each kind."""
    return network(*KINDS[request.param](np.random.default_rng(5)))


def assert_same(made, copy):
    """Compare every field to the last bit."""
    for name in ("encoder", "encoder_parameter", "steps", "readout", "classes", "dt", "stream"):
        assert getattr(made, name) == getattr(copy, name)
    assert (made.scaling is None) == (copy.scaling is None)
    if made.scaling:
        for name in ("offset", "scale", "shift"):
            ours, theirs = (getattr(each.scaling, name) for each in (made, copy))
            np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(made.layers, copy.layers, strict=True):
        assert (ours.reset, ours.geometry) == (theirs.reset, theirs.geometry)
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)


def test_file_gives_back_the_network(made, tmp_path):
    file.write(made, tmp_path / "net.nir")
    assert_same(made, file.read(tmp_path / "net.nir"))


def test_file_keeps_what_a_spike_takes_off(made, tmp_path):
    layers = tuple(replace(each, rho=each.theta / each.beta) for each in made.layers)
    other = replace(made, layers=layers)
    file.write(other, tmp_path / "net.nir")
    assert_same(other, file.read(tmp_path / "net.nir"))


def test_what_a_spike_takes_off_needs_a_threshold():
    random = np.random.default_rng(0)
    graph = writer.to_nir(network(layer(random, 3, 2, fires=False)))
    graph.nodes["neurons_0"].metadata["spikelet_rho"] = np.ones(2)
    with pytest.raises(SpikeletError, match="'synapses_0' and 'neurons_0': rho is what a spike"):
        reader.from_nir(graph)


def test_file_of_a_stream_that_scales_readings(tmp_path):
    scaling = Scaling(np.array([-5, 7], np.int32), np.array([300, -20], np.int32), 4)
    first = layer(np.random.default_rng(0), 4, 3, recurrent=True)
    made = FloatNetwork(
        (first,),
        "delta",
        2,
        "count",
        ("a", "b", "c"),
        encoder_parameter=9,
        stream=Stream(window=12, hop=4),
        scaling=scaling,
    )
    file.write(made, tmp_path / "net.nir")
    assert_same(made, file.read(tmp_path / "net.nir"))
    assert nir.read(tmp_path / "net.nir").nodes["input"].input_type["input"].tolist() == [4]


def channels_first(x, made):
    """Return samples uint8[n, channels] in NIR's shape."""
    geometry = made.layers[0].geometry
    if geometry is None:
        return x
    images = np.moveaxis(x.reshape(-1, *geometry.size, geometry.channels), -1, 1)
    is_row = isinstance(writer.to_nir(made).nodes["synapses_0"], nir.Conv1d)
    return images[:, :, 0] if is_row else images


def test_nir_alone_reads_the_same_spikes(made, tmp_path):
    """Read by nir, with its check of types, and simulated by NIR's equations, channels first."""
    file.write(made, tmp_path / "net.nir")
    graph = nir.read(tmp_path / "net.nir")
    order = writer.to_nir(made).nodes
    graph = nir.NIRGraph({name: graph.nodes[name] for name in order}, graph.edges, type_check=False)
    x = samples(np.random.default_rng(1), made.channels)
    wanted = euler(graph, channels_first(x, made), made.steps, made.dt, "subtract")
    assert_spikes(made.simulate(x).spikes, wanted)


def test_import_of_what_others_would_see_is_the_network(made):
    """Without its metadata the graph is anybody's, and import finds the same layers in it."""
    graph = writer.to_nir(made)
    graph.metadata = {}
    for node in graph.nodes.values():
        node.metadata = {}
    options = replace(PLAIN, steps=made.steps, dt=made.dt, readout=made.readout)
    found = read.from_nir(graph, options).network
    x = samples(np.random.default_rng(1), made.channels)
    for ours, theirs in zip(made.simulate(x).spikes, found.simulate(x).spikes, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in pairwise(zip(made.layers, found.layers, strict=True)):
        assert ours[0].neurons == theirs[0].inputs


def test_nodes_are_those_of_nir(tmp_path):
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


def test_a_cycle_leads_through_the_recurrent_weights():
    made = network(*dense(np.random.default_rng(0), recurrent=True))
    graph = writer.to_nir(made)
    assert ("neurons_0", "recurrent_0") in graph.edges
    assert ("recurrent_0", "neurons_0") in graph.edges
    np.testing.assert_array_equal(graph.nodes["recurrent_0"].weight, made.layers[0].recurrent.T)


def test_files_of_format_1_are_read():
    made = network(*dense(np.random.default_rng(0)))
    graph = writer.to_nir(made)
    assert graph.metadata["spikelet_format"] == 2
    graph.metadata["spikelet_format"] = 1
    assert_same(made, reader.from_nir(graph))


@st.composite
def geometries(draw):
    """Draw shapes of all sorts, many of which no padding alike on both sides has."""

    def axis():
        size, pool = draw(st.integers(1, 9)), draw(st.integers(1, 2))
        pool = min(pool, size)
        kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
        return size, kernel, draw(st.integers(1, 4)), stride, draw(st.integers(0, 3)), pool

    size, kernel, out, stride, padding, pool = zip(axis(), axis(), strict=True)
    return Geometry(size, draw(st.integers(1, 2)), kernel, out, stride, padding, pool)


@settings(derandomize=True, deadline=None)
@given(geometries())
def test_every_convolution_has_a_frame(geometry):
    """By definition, the kernel in its zeros sees what the kernel sees in Spikelet."""
    random = np.random.default_rng(0)
    made = network(layer(random, geometry, 2))
    graph = writer.to_nir(made)
    assert_same(made, reader.from_nir(graph))
    x = samples(random, geometry.inputs)
    first = made.layers[0]
    drives = geometry.unfold(x / 256) @ first.weights + first.bias
    found = drive(graph, channels_first(x, made))
    np.testing.assert_allclose(found, drives.reshape(len(x), -1), atol=1e-9)


def test_frames_are_square_where_that_is_possible():
    tall = Geometry((8, 8), 1, (3, 1), (6, 8))
    assert kernels.frame(tall, square=True) == ((3, 3), (0, 1), (1, 1), (0, 1))
    odd = Geometry((8, 8), 1, (3, 2), (6, 7))
    assert kernels.frame(odd, square=True).extent == (3, 2)


def test_a_kernel_that_cannot_be_square_is_read_with_types_unchecked(tmp_path):
    made = network(layer(np.random.default_rng(0), Geometry((8, 8), 1, (3, 2), (6, 7)), 2))
    path = tmp_path / "net.nir"
    file.write(made, path)
    assert nir.read(path, type_check=False).nodes["synapses_0"].weight.shape == (2, 1, 3, 2)
    assert_same(made, file.read(path))


@pytest.mark.parametrize(
    "geometry", [Geometry((2, 4), 1, (2, 2), (1, 3)), Geometry((2, 2), 2, (1, 1), (2, 2))]
)
def test_shapes_that_nir_cannot_give_flat_values(geometry):
    random = np.random.default_rng(0)
    made = network(layer(random, 3, 8), layer(random, geometry, 2))
    words = "layer 1 takes 2 x . pixels of . channels, but the neurons before it are 8 without a"
    with pytest.raises(SpikeletError, match=words):
        writer.to_nir(made)


def test_a_shape_other_than_that_of_the_neurons_before():
    random = np.random.default_rng(0)
    first = layer(random, Geometry((3, 3), 1, (2, 2), (2, 2)), 2)
    made = network(first, layer(random, Geometry((1, 4), 2, (1, 2), (1, 3)), 2))
    with pytest.raises(SpikeletError, match="but the neurons before it are 2 x 2 pixels of 2 maps"):
        writer.to_nir(made)


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
def test_graphs_that_somebody_changed(graph, words):
    with pytest.raises(SpikeletError, match=words):
        reader.from_nir(graph)


def test_another_way_back_than_the_recurrent_weights():
    graph = writer.to_nir(network(*dense(np.random.default_rng(0), recurrent=True)))
    graph.nodes["recurrent_0"] = nir.Scale(np.ones(8))
    with pytest.raises(SpikeletError, match="node 'recurrent_0' is Scale, where only Linear"):
        reader.from_nir(graph)
    graph.edges.append(("neurons_0", "neurons_0"))
    with pytest.raises(SpikeletError, match="'neurons_0' comes back to itself on 2 ways"):
        reader.from_nir(graph)
