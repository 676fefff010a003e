"""Test the import of recurrent connections, as cycles and as subgraphs."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from nir_graphs import PLAIN, SNNTORCH, assert_spikes, chain, cycle, euler, refusal, samples, texts

from spikelet.graphs.foreign import read

INPUTS, HIDDEN, OUTPUTS = 6, 8, 4
TWO = np.ones(2)


@pytest.fixture(params=range(3))
def random(request):
    return np.random.default_rng(request.param)


def matrix(random, outputs=HIDDEN, inputs=INPUTS):
    return random.normal(0.2, 1, (outputs, inputs))


def lif(random, n):
    parameters = ((3e-3, 2e-2), (3, 8), (-0.1, 0.1), (0.4, 0.8))
    return nir.LIF(*(random.uniform(*limits, n) for limits in parameters))


def cuba(random, n):
    return nir.CubaLIF(
        tau_syn=random.uniform(3e-3, 1e-2, n),
        tau_mem=random.uniform(3e-3, 2e-2, n),
        r=random.uniform(2, 4, n),
        v_leak=np.zeros(n),
        v_threshold=random.uniform(0.4, 0.8, n),
    )


WAYS = {
    "Linear": lambda random: [nir.Linear(matrix(random, HIDDEN, HIDDEN) / 3)],
    "Affine": lambda random: [
        nir.Affine(matrix(random, HIDDEN, HIDDEN) / 3, random.normal(0, 0.2, HIDDEN))
    ],
    "several": lambda random: [
        nir.Linear(matrix(random, 3, HIDDEN) / 3),
        nir.Scale(random.uniform(0.5, 1, 3)),
        nir.Affine(matrix(random, HIDDEN, 3) / 3, random.normal(0, 0.2, HIDDEN)),
    ],
    "none": lambda random: [],
}


@pytest.mark.parametrize("neurons", [lif, cuba])
@pytest.mark.parametrize("way", [name for name in WAYS if name != "none"])
def test_import_cycle_is_recurrent_connection(random, neurons, way):
    graph = chain(
        nir.Affine(matrix(random), random.normal(size=HIDDEN)),
        neurons(random, HIDDEN),
        nir.Linear(matrix(random, OUTPUTS, HIDDEN)),
        neurons(random, OUTPUTS),
    )
    graph = cycle(graph, list(graph.nodes)[2], *WAYS[way](random))
    x = samples(random, INPUTS)
    imported = read.foreign_from_nir(graph, PLAIN)
    assert_spikes(imported.network.simulate(x).spikes, euler(graph, x, 30, 1e-3, "subtract"))
    first, second = imported.network.layers
    assert first.recurrent.shape == (HIDDEN, HIDDEN)
    assert second.recurrent is None
    assert set(graph.nodes) == {e.node for e in imported.account} - {""}
    name = list(graph.nodes)[2]
    assert "its own spikes arrive a step later" in texts(imported, name, "assumed")


def test_import_edge_to_itself_is_diagonal_recurrence(random):
    graph = cycle(chain(nir.Linear(matrix(random)), lif(random, HIDDEN)), "2:LIF")
    (layer,) = read.foreign_from_nir(graph, PLAIN).network.layers
    gain = 1e-3 * graph.nodes["2:LIF"].r / graph.nodes["2:LIF"].tau
    np.testing.assert_allclose(layer.recurrent, np.diag(gain))


def test_import_adds_parallel_recurrent_connections(random):
    first, second = (nir.Linear(matrix(random, HIDDEN, HIDDEN)) for _ in range(2))
    graph = chain(nir.Linear(matrix(random)), lif(random, HIDDEN))
    ways = [("2:LIF", "a"), ("a", "2:LIF"), ("2:LIF", "b"), ("b", "2:LIF")]
    nodes = {**graph.nodes, "a": first, "b": second}
    both = nir.NIRGraph(nodes, [*graph.edges, *ways], type_check=False)
    summed = cycle(graph, "2:LIF", nir.Linear(first.weight + second.weight))
    layers = [read.foreign_from_nir(each, PLAIN).network.layers[0] for each in (both, summed)]
    np.testing.assert_allclose(layers[0].recurrent, layers[1].recurrent)


def rleaky(weight, beta, threshold, back, tmp_path):
    """Return the file that snnTorch's exporter writes for Linear and RLeaky."""
    n = len(threshold)
    with np.errstate(divide="ignore"):
        tau = 1e-4 / (1 - beta)
    zeros = np.zeros(n)
    inner = {
        "input": nir.Input(np.array([n])),
        "lif": nir.LIF(tau, tau / 1e-4, zeros, threshold, zeros),
        "w_rec": back,
        "output": nir.Output(np.array([n])),
    }
    ways = [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")]
    nodes = {
        "input": nir.Input(np.array([weight.shape[1]])),
        "0": nir.Linear(weight),
        "1": nir.NIRGraph(inner, ways),
        "output": nir.Output(np.array([n])),
    }
    edges = [("input", "0"), ("0", "1"), ("1", "output")]
    nir.write(tmp_path / "net.nir", nir.NIRGraph(nodes, edges))
    return tmp_path / "net.nir"


def rleaky_spikes(weight, beta, threshold, back, x, mechanism):
    """Simulate snnTorch's RLeaky like its forward, with reset_delay=True, in 30 steps."""
    mem = spk = np.zeros((len(x), len(threshold)))
    spikes = []
    for _ in range(30):
        late = (mem > threshold) * 1.0
        mem = beta * mem + x / 256 @ weight.T + spk @ back.weight.T + back.bias
        mem = mem - late * (threshold if mechanism == "subtract" else mem)
        spk = (mem > threshold) * 1.0
        spikes.append(spk > 0)
    return np.stack(spikes, axis=1)


def small_rleaky(random):
    weight, beta = matrix(random) / 4, random.uniform(0.7, 0.95, HIDDEN)
    back = nir.Affine(matrix(random, HIDDEN, HIDDEN) / 4, random.normal(0, 0.1, HIDDEN))
    return weight, beta, random.uniform(0.6, 1, HIDDEN), back


def test_import_rleaky_subgraph_matches_snntorch(random, tmp_path):
    parts = small_rleaky(random)
    imported = read.read_foreign(rleaky(*parts, tmp_path), SNNTORCH)
    x = samples(random, INPUTS)
    expected = rleaky_spikes(*parts, x, "subtract")
    assert_spikes(imported.network.simulate(x).spikes, [expected])
    names = list(dict.fromkeys(e.node for e in imported.account))
    assert names == ["", "input", "0", "1.input", "1.lif", "1.w_rec", "1.output", "output"]
    text = "its own spikes arrive a step later, as in snnTorch"
    assert text in texts(imported, "1.lif", "exact")


def test_import_rleaky_reports_drive_lost_by_reset_to_zero(random, tmp_path):
    parts = small_rleaky(random)
    imported = read.read_foreign(rleaky(*parts, tmp_path), replace(SNNTORCH, reset="set"))
    x = samples(random, INPUTS)
    expected = rleaky_spikes(*parts, x, "zero")
    (spikes,) = imported.network.simulate(x).spikes
    # Otherwise the report would be wrong.
    assert (spikes != expected).any()
    (text,) = texts(imported, "1.lif", "approximated")
    assert text.startswith("in the step after a spike snnTorch holds the membrane at 0")


def test_import_opens_nested_subgraphs(random):
    inner = chain(nir.Linear(matrix(random)), lif(random, HIDDEN))
    middle = chain(
        nir.Input(np.array([INPUTS])), inner, nir.Linear(matrix(random, OUTPUTS, HIDDEN))
    )
    outer = chain(nir.Input(np.array([INPUTS])), middle, lif(random, OUTPUTS))
    imported = read.foreign_from_nir(outer, PLAIN)
    flat = chain(
        *(inner.nodes[name] for name in ("1:Linear", "2:LIF")),
        middle.nodes["2:Linear"],
        outer.nodes["2:LIF"],
    )
    x = samples(random, INPUTS)
    assert_spikes(imported.network.simulate(x).spikes, euler(flat, x, 30, 1e-3, "subtract"))
    assert any(e.node == "1:NIRGraph.1:NIRGraph.2:LIF" for e in imported.account)


def test_import_recurrent_neurons_after_pooling_as_matrix(random):
    def nodes():
        return (
            nir.Input(np.array([2, 5, 4])),
            nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.zeros(2, int)),
            nir.Flatten(None, start_dim=0),
            nir.Linear(matrix(random, HIDDEN, 8) / 4),
            lif(random, HIDDEN),
        )

    graph = chain(*nodes())
    graph = cycle(graph, list(graph.nodes)[4], nir.Linear(matrix(random, HIDDEN, HIDDEN) / 3))
    x = samples(random, 2, 5, 4)
    network = read.foreign_from_nir(graph, PLAIN).network
    flat = np.moveaxis(x, 1, -1).reshape(len(x), -1)
    assert network.layers[0].geometry is None
    assert_spikes(network.simulate(flat).spikes, euler(graph, x, 30, 1e-3, "subtract"))


def dense():
    return chain(nir.Linear(np.eye(2)), nir.IF(TWO, TWO), nir.Linear(np.eye(2)), nir.IF(TWO, TWO))


def convolution():
    kernel = nir.Conv2d(None, np.ones((2, 1, 1, 1)), 1, 0, 1, 1, TWO)
    ones = np.ones((2, 3, 3))
    return chain(
        nir.Input(np.array([1, 3, 3])), kernel, nir.IF(ones, ones), nir.Output(np.array([2, 3, 3]))
    )


def renamed(graph, edges):
    return nir.NIRGraph(graph.nodes, [*graph.edges, *edges], type_check=False)


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (
            cycle(dense(), "2:IF", nir.Linear(np.ones((3, 2)))),
            "node '2:IF' takes 2 values, but gets 3",
        ),
        (
            cycle(dense(), "2:IF", nir.Linear(np.ones((2, 3)))),
            "node '2:IF/0' takes 3 values, but gets 2",
        ),
        (
            cycle(dense(), "2:IF", nir.Delay(TWO)),
            "node '2:IF/0' is Delay, on a way back from neurons to themselves, where only Linear",
        ),
        (
            cycle(dense(), "2:IF", nir.IF(TWO, TWO)),
            "node '2:IF/0' is IF, on a way back from neurons to themselves",
        ),
        (
            cycle(convolution(), "2:IF", nir.Linear(np.eye(18))),
            "a convolution of 3 x 3 pixels cannot be recurrent; only neurons after a Linear",
        ),
        (
            cycle(chain(nir.Linear(np.eye(2)), nir.I(TWO)), "2:I", nir.Linear(np.eye(2))),
            "node '2:I' never fires, but returns to itself",
        ),
        (
            renamed(dense(), [("4:IF", "1:Linear")]),
            "node '4:IF' leads to ['5:Output', '1:Linear'], where only a chain",
        ),
        (
            renamed(dense(), [("1:Linear", "1:Linear")]),
            "node '1:Linear' leads to ['2:IF', '1:Linear'], where only a chain",
        ),
        (
            chain(nir.Input(TWO[:1] * 2), nir.NIRGraph({}, [], type_check=False), nir.IF(TWO, TWO)),
            "subgraph '1:NIRGraph' has 0 Input and 0 Output nodes",
        ),
        (renamed(dense(), [("none", "2:IF")]), "edge ('none', '2:IF') is of a node that is not"),
    ],
)
def test_import_refuses_other_cycles(graph, words):
    assert words in refusal(graph)
