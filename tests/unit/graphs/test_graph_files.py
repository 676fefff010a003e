"""Test round trips of float networks through NIR graphs, and refused graphs."""

import hashlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spikelet.errors import SpikeletError
from spikelet.graphs import file as nir_graph
from spikelet.graphs import reader, writer
from spikelet.networks.float_network import RESETS, FloatLayer, FloatNetwork
from spikert.network.tables import READOUTS

FIELDS = ("weights", "bias", "beta", "theta", "v_reset", "v_start", "rho")
# Names that class_names.py accepts.
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)


def example(readout="max", beta=(0.875, 0.75)):
    """Return a network of two layers with parameters of all kinds."""
    random = np.random.default_rng(0)
    layers = [
        FloatLayer(
            weights=random.normal(size=shape),
            bias=random.normal(size=shape[1]),
            beta=np.full(shape[1], keep),
            theta=random.uniform(0.5, 2, shape[1]),
            reset=reset,
            v_reset=random.normal(size=shape[1]),
            v_start=random.normal(size=shape[1]),
        )
        for shape, keep, reset in zip([(4, 3), (3, 2)], beta, ("set", "subtract"), strict=True)
    ]
    if readout != "count":
        layers[1] = replace(layers[1], theta=None, v_reset=np.zeros(2))
    return FloatNetwork(tuple(layers), "rate", 7, readout, ("yes", "né, €"), dt=2e-3)


def assert_same(network, other):
    """Compare every field to the last bit."""
    for name in ("encoder", "steps", "readout", "classes", "dt"):
        assert getattr(network, name) == getattr(other, name)
    assert len(network.layers) == len(other.layers)
    for layer, copy in zip(network.layers, other.layers, strict=True):
        assert layer.reset == copy.reset
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(layer, name), getattr(copy, name), name)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.nir"


@pytest.mark.parametrize("beta", [(0.875, 0.75), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)])
@pytest.mark.parametrize("readout", READOUTS)
def test_write_graph_then_read_graph_is_identical(path, readout, beta):
    network = example(readout, beta)
    nir_graph.write_graph(network, path)
    assert_same(network, nir_graph.read_graph(path))


def vectors(size, low=-1e6, high=1e6):
    return arrays(np.float64, size, elements=st.floats(low, high))


@st.composite
def networks(draw):
    """Draw any network: mixed leaks, zero biases, odd numbers."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    readout = draw(st.sampled_from(READOUTS))
    layers = []
    for inputs, neurons in pairwise(sizes):
        layers.append(
            FloatLayer(
                weights=draw(vectors((inputs, neurons))),
                bias=draw(st.one_of(st.just(np.zeros(neurons)), vectors(neurons))),
                beta=draw(vectors(neurons, 0, 1)),
                theta=draw(vectors(neurons)),
                reset=draw(st.sampled_from(RESETS)),
                v_reset=draw(vectors(neurons)),
                v_start=draw(vectors(neurons)),
                rho=draw(st.one_of(st.none(), vectors(neurons))),
            )
        )
    if readout != "count" and draw(st.booleans()):
        layers[-1] = replace(layers[-1], theta=None, rho=None, v_reset=np.zeros(sizes[-1]))
    return FloatNetwork(
        tuple(layers),
        encoder=draw(st.sampled_from(("direct", "rate"))),
        steps=draw(st.integers(1, 65535)),
        readout=readout,
        classes=tuple(draw(st.lists(NAMES, min_size=sizes[-1], max_size=sizes[-1]))),
        dt=draw(st.floats(1e-9, 1e3)),
    )


@settings(derandomize=True, deadline=None)
@given(networks())
def test_to_nir_then_from_nir_is_identical(network):
    assert_same(network, reader.from_nir(writer.to_nir(network)))


def test_to_nir_chooses_nodes_by_bias_leak_and_threshold():
    def kinds(network):
        return [type(node) for node in writer.to_nir(network).nodes.values()]

    leaky, unleaky = example(), example(beta=(1.0, 1.0))
    assert kinds(leaky) == [nir.Input, nir.Affine, nir.LIF, nir.Affine, nir.LI, nir.Output]
    assert kinds(unleaky) == [nir.Input, nir.Affine, nir.IF, nir.Affine, nir.I, nir.Output]
    silent = replace(leaky, layers=(replace(leaky.layers[0], bias=np.zeros(3)), leaky.layers[1]))
    assert kinds(silent)[1] is nir.Linear


def test_graph_file_simulated_from_nir_matches_network(path):
    """Simulate Euler steps of NIR's own equations, with the graph that nir reads."""
    network = example("count")
    nir_graph.write_graph(network, path, {"dataset": "digits", "seed": 3})
    graph = nir.read(path)
    assert (graph.metadata["spikelet_dataset"], graph.metadata["spikelet_seed"]) == ("digits", 3)
    affine, lif = graph.nodes["synapses_0"], graph.nodes["neurons_0"]
    signal = np.random.default_rng(1).normal(size=(5, 4))
    v = np.zeros(3)
    for drive in signal @ affine.weight.T + affine.bias:
        v = v + network.dt / lif.tau * (lif.v_leak - v + lif.r * drive)
    layer = network.layers[0]
    expected = sum(
        layer.beta**age * drive
        for age, drive in enumerate((signal @ layer.weights + layer.bias)[::-1])
    )
    np.testing.assert_allclose(v, expected)
    np.testing.assert_array_equal(lif.v_threshold, layer.theta)


def test_sha256_depends_on_network_only(path, tmp_path):
    again = tmp_path / "again.nir"
    for target in (path, again):
        nir_graph.write_graph(example(), target)
    assert nir_graph.sha256(path) == nir_graph.sha256(again)
    assert nir_graph.sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    nir_graph.write_graph(example("count"), again)
    assert nir_graph.sha256(path) != nir_graph.sha256(again)


def test_write_graph_failure_keeps_old_file(path, monkeypatch):
    nir_graph.write_graph(example(), path)
    before = path.read_bytes()

    def full_disk(target, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(SpikeletError, match="No space left on device"):
        nir_graph.write_graph(example("count"), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_write_graph_refuses_missing_folder(path):
    with pytest.raises(SpikeletError, match="No such file or directory"):
        nir_graph.write_graph(example(), path.parent / "none" / "net.nir")


def refusal(path):
    """Return the error message for a refused file."""
    with pytest.raises(SpikeletError) as caught:
        nir_graph.read_graph(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def test_read_graph_refuses_missing_file_and_folder(path):
    assert "No such file" in refusal(path)
    assert "Is a directory" in refusal(path.parent)


@pytest.mark.parametrize("content", [b"", b"text", b"\x89HDF\r\n\x1a\n"])
def test_read_graph_refuses_file_without_hdf5(path, content):
    path.write_bytes(content)
    assert "not a NIR graph, or a damaged one" in refusal(path)


def test_read_graph_refuses_hdf5_without_graph(path):
    with h5py.File(path, "w") as file:
        file["x"] = 1
    assert "not a NIR graph" in refusal(path)
    nir.write(path, nir.Linear(np.ones((2, 2))))
    assert "not a NIR graph" in refusal(path)


def test_read_graph_refuses_truncated_file(path):
    nir_graph.write_graph(example(), path)
    whole = path.read_bytes()
    # A file without its checksum would be accepted.
    content = len(whole) - nir_graph.SEAL_SIZE
    for size in range(1, content, content // 50):
        path.write_bytes(whole[:size])
        assert "not a NIR graph, or a damaged one" in refusal(path)


def test_read_graph_detects_every_flipped_bit_before_hdf5(path):
    nir_graph.write_graph(example(), path)
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(len(whole) - nir_graph.SEAL_SIZE, size=1000):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        assert "is damaged, its checksum is not" in refusal(path)


def test_read_graph_accepts_file_without_checksum(path):
    nir_graph.write_graph(example(), path)
    nir.write(path, nir.read(path))
    assert_same(example(), nir_graph.read_graph(path))


@pytest.mark.parametrize(
    ("node", "key"),
    [
        (None, "format"),
        (None, "encoder"),
        (None, "steps"),
        (None, "readout"),
        (None, "dt"),
        (None, "classes"),
        ("neurons_0", "reset"),
        ("neurons_1", "v_start"),
        ("neurons_1", "beta"),
    ],
)
def test_from_nir_names_missing_metadata(node, key):
    graph = writer.to_nir(example())
    del (graph.nodes[node] if node else graph).metadata[f"spikelet_{key}"]
    name = f"node '{node}'" if node else "the graph"
    with pytest.raises(SpikeletError, match=f"^{name} lacks the metadata spikelet_{key}; only"):
        reader.from_nir(graph)


def test_from_nir_refuses_newer_format():
    graph = writer.to_nir(example())
    graph.metadata["spikelet_format"] = 3
    with pytest.raises(SpikeletError, match="has format 3, but this Spikelet reads 2"):
        reader.from_nir(graph)


def test_read_graph_refuses_invalid_metadata(path):
    for key, value in [("steps", "many"), ("classes", "[1"), ("dt", "long"), ("encoder", 3)]:
        graph = writer.to_nir(example())
        graph.metadata[f"spikelet_{key}"] = value
        nir.write(path, graph)
        refusal(path)


def changed(nodes=None, edges=None):
    """Return the example's graph with other nodes, and with more or fewer edges."""
    graph = writer.to_nir(example())
    return nir.NIRGraph(
        {**graph.nodes, **(nodes or {})},
        graph.edges if edges is None else edges(graph.edges),
        metadata=graph.metadata,
        type_check=False,
    )


ONES = np.ones(3)
KEPT = writer.to_nir(example()).nodes["neurons_0"].metadata


@pytest.mark.parametrize(
    ("nodes", "edges", "words"),
    [
        ({"neurons_0": nir.Threshold(ONES)}, None, "node 'neurons_0' is Threshold, where only LIF"),
        (
            {"synapses_0": nir.Scale(ONES)},
            None,
            "node 'synapses_0' is Scale, where only Affine, Linear",
        ),
        ({"synapses_1": nir.I(ONES)}, None, "node 'synapses_1' is I, where only Affine"),
        ({"aside": nir.I(ONES)}, None, "node 'aside' is not on the way from Input to Output"),
        ({"more": nir.Input(ONES)}, None, "has 2 Input and 1 Output nodes"),
        (
            None,
            lambda edges: [*edges, ("neurons_0", "synapses_0")],
            r"node 'neurons_0' leads to \['synapses_1', 'synapses_0'\]",
        ),
        (None, lambda edges: edges[:-1], "node 'neurons_1' leads to nothing"),
        (
            None,
            lambda edges: [*edges[:2], ("neurons_0", "synapses_0")],
            r"node 'neurons_0' leads to \['synapses_0'\]",
        ),
        (
            None,
            lambda edges: [*edges[:3], ("synapses_1", "output")],
            "node 'neurons_1' is not on the way",
        ),
        (
            {"neurons_0": nir.IF(ONES, ONES, metadata=KEPT)},
            None,
            r"node 'neurons_0' has r \* dt = 0.002, where only 1 can be read",
        ),
        (
            {"neurons_0": nir.LIF(ONES, ONES, 0 * ONES, ONES, metadata=KEPT)},
            None,
            r"node 'neurons_0' has r \* dt / tau = 0.002",
        ),
        (
            {"neurons_0": nir.LIF(ONES, ONES / 2e-3, ONES, ONES, metadata=KEPT)},
            None,
            "node 'neurons_0' has a v_leak",
        ),
        (
            {"synapses_0": nir.Linear(np.ones((5, 4)))},
            None,
            "nodes 'synapses_0' and 'neurons_0': beta has shape",
        ),
    ],
)
def test_from_nir_refuses_foreign_graph(nodes, edges, words):
    with pytest.raises(SpikeletError, match=words):
        reader.from_nir(changed(nodes, edges))


def test_from_nir_refuses_synapses_without_neurons():
    graph = writer.to_nir(example())
    del graph.nodes["neurons_1"]
    graph.edges = [*graph.edges[:3], ("synapses_1", "output")]
    with pytest.raises(SpikeletError, match="node 'synapses_1' needs neurons after it"):
        reader.from_nir(graph)


def test_from_nir_prefers_changed_tau_to_beta_in_metadata():
    graph = writer.to_nir(example())
    neurons = graph.nodes["neurons_0"]
    neurons.tau = neurons.tau * 2
    neurons.r = neurons.r * 2
    np.testing.assert_allclose(reader.from_nir(graph).layers[0].beta, 1 - 0.125 / 2)


def test_to_nir_neuron_without_leak_gets_tau_of_beta_1():
    layers = example("count").layers
    mixed = replace(layers[1], beta=np.array([0.5, 1.0]))
    network = replace(example("count"), layers=(layers[0], mixed))
    lif = writer.to_nir(network).nodes["neurons_1"]
    assert (1 - network.dt / lif.tau).tolist() == [0.5, 1.0]
