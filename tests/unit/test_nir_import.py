"""Chains that other frameworks wrote: the same spikes as their own equations give, or a clear no."""

import json
from dataclasses import replace

import h5py
import nir
import numpy as np
import pytest

from spikelet import conversion, nir_graph, nir_import
from spikelet.errors import SpikeletError
from spikelet.nir_import import ImportOptions

PLAIN = ImportOptions("direct", 30, "count", dt=1e-3, reset="subtract")
SNNTORCH = replace(PLAIN, dt=None, reset=None, framework="snntorch")
NORSE = replace(PLAIN, dt=None, reset=None, framework="norse")
INPUTS, HIDDEN, OUTPUTS, SAMPLES = 6, 8, 4, 20


@pytest.fixture(params=range(3))
def random(request):
    return np.random.default_rng(request.param)


def samples(random, inputs=INPUTS):
    return random.integers(0, 256, (SAMPLES, inputs), dtype=np.uint8)


def chain(*nodes, edges=None, extra=None):
    """Return a graph of the nodes in this order, with Input and Output where they are missing."""
    if not isinstance(nodes[0], nir.Input):
        nodes = (nir.Input(nodes[0].input_type), *nodes)
    if not isinstance(nodes[-1], nir.Output):
        nodes = (*nodes, nir.Output(nodes[-1].output_type))
    named = {f"{i}:{type(node).__name__}": node for i, node in enumerate(nodes)}
    names = list(named)
    ways = list(zip(names, names[1:], strict=False))
    named |= extra or {}
    return nir.NIRGraph(named, ways if edges is None else edges(ways), type_check=False)


def euler(graph, x, steps, dt, reset):
    """Simulate a chain by NIR's own equations, one node after the other, one sample at a time.

    Returns a bool[n, T, neurons] for each node that fires.
    """
    spikes = {name: [] for name, node in graph.nodes.items() if hasattr(node, "v_threshold")}
    spikes |= {name: [] for name, node in graph.nodes.items() if isinstance(node, nir.Threshold)}
    for sample in x:
        v = dict.fromkeys(graph.nodes, 0.0)
        for _ in range(steps):
            signal = sample / 256
            for name, node in graph.nodes.items():
                if isinstance(node, nir.Linear | nir.Affine):
                    signal = node.weight @ signal + getattr(node, "bias", 0)
                elif isinstance(node, nir.Scale):
                    signal = node.scale * signal
                elif isinstance(node, nir.Threshold):
                    signal = (signal > node.threshold) * 1.0
                elif hasattr(node, "r"):
                    leak = (node.v_leak - v[name]) / node.tau if hasattr(node, "tau") else 0
                    gain = node.r / getattr(node, "tau", 1)
                    v[name] = v[name] + dt * (leak + gain * signal)
                    if hasattr(node, "v_threshold"):
                        signal = (v[name] > node.v_threshold) * 1.0
                        after = v[name] - node.v_threshold if reset == "subtract" else node.v_reset
                        v[name] = np.where(signal, after, v[name])
                if name in spikes:
                    spikes[name].append(signal > 0)
    return [np.reshape(found, (len(x), steps, -1)) for found in spikes.values()]


def assert_spikes(made, wanted):
    """Compare spikes, of which every layer must have some, and some steps without."""
    assert wanted
    for layer, right in zip(made, wanted, strict=True):
        assert 0.02 < right.mean() < 0.9
        np.testing.assert_array_equal(layer, right)


def weight(random, outputs, inputs):
    return random.normal(0.2, 1, (outputs, inputs))


def lif(random, n, reset=0.0):
    """Return LIF neurons with parameters of their own each, beta 0.7..0.95 at 1 ms."""
    return nir.LIF(
        tau=random.uniform(3e-3, 2e-2, n),
        r=random.uniform(3, 8, n),
        v_leak=random.normal(0, 0.1, n),
        v_threshold=random.uniform(0.4, 0.8, n),
        v_reset=np.full(n, reset),
    )


@pytest.mark.parametrize("reset", ["subtract", "set"])
def test_lif_layers_spike_as_their_equations_do(random, reset):
    graph = chain(
        nir.Affine(weight(random, HIDDEN, INPUTS), random.normal(size=HIDDEN)),
        lif(random, HIDDEN, -0.2),
        nir.Linear(weight(random, OUTPUTS, HIDDEN)),
        lif(random, OUTPUTS, 0.1),
    )
    x = samples(random)
    network = nir_import.from_nir(graph, replace(PLAIN, reset=reset)).network
    assert_spikes(network.simulate(x).spikes, euler(graph, x, 30, 1e-3, reset))


def through_file(graph, path, options=PLAIN):
    """Import the graph from a file that nir wrote."""
    nir.write(path, graph)
    return nir_import.read(path, options)


def test_any_run_of_synapses_folds_into_one_matrix(tmp_path, random):
    graph = chain(
        nir.Input(np.array([2, 3])),
        nir.Flatten({"input": np.array([2, 3])}, start_dim=0),
        nir.Scale(random.uniform(0.5, 2, INPUTS)),
        nir.Affine(weight(random, 5, INPUTS), random.normal(size=5)),
        nir.Scale(random.uniform(0.5, 2, 5)),
        nir.Linear(weight(random, 7, 5)),
        nir.Affine(weight(random, HIDDEN, 7) / 5, random.normal(size=HIDDEN)),
        lif(random, HIDDEN),
    )
    x = samples(random)
    imported = through_file(graph, tmp_path / "net.nir")
    (layer,) = imported.network.layers
    assert layer.weights.shape == (INPUTS, HIDDEN)
    assert_spikes(imported.network.simulate(x).spikes, euler(graph, x, 30, 1e-3, "subtract"))
    assert entry(imported, "5:Linear").text.endswith(
        "folded into '2:Scale' and '3:Affine' and '4:Scale'"
    )


def test_neurons_without_synapses_take_one_input_each(random):
    graph = chain(
        nir.IF(np.full(INPUTS, 1e3), random.uniform(0.8, 3, INPUTS)),
        nir.Scale(random.uniform(0.5, 2, INPUTS)),
        lif(random, INPUTS),
    )
    x = samples(random)
    network = nir_import.from_nir(graph, PLAIN).network
    assert_spikes(network.simulate(x).spikes, euler(graph, x, 30, 1e-3, "subtract"))


def test_integrators_and_thresholds(tmp_path, random):
    graph = chain(
        nir.Linear(weight(random, HIDDEN, INPUTS)),
        nir.IF(random.uniform(100, 900, HIDDEN), random.uniform(0.5, 2, HIDDEN)),
        nir.Linear(weight(random, OUTPUTS, HIDDEN)),
        nir.Threshold(random.uniform(0.1, 0.6, OUTPUTS)),
    )
    x = samples(random)
    network = through_file(graph, tmp_path / "net.nir").network
    assert_spikes(network.simulate(x).spikes, euler(graph, x, 30, 1e-3, "subtract"))


@pytest.mark.parametrize("leaky", [True, False])
def test_readout_that_never_fires(random, leaky):
    tau, r, v_leak = (random.uniform(*range_, OUTPUTS) for range_ in ((2e-3, 9e-3), (1, 9), (0, 1)))
    readout = nir.LI(tau, r, v_leak) if leaky else nir.I(r)
    matrix = weight(random, OUTPUTS, INPUTS)
    network = nir_import.from_nir(
        chain(nir.Linear(matrix), readout), replace(PLAIN, readout="last")
    ).network
    x, v = samples(random), np.zeros((SAMPLES, OUTPUTS))
    for _ in range(30):
        drive = r * (x / 256 @ matrix.T)
        v = v + 1e-3 * ((v_leak - v + drive) / tau if leaky else drive)
    np.testing.assert_allclose(network.simulate(x).membranes[-1][:, -1], v)


def test_order_of_edges_and_repeated_ones_mean_nothing(random):
    nodes = (nir.Linear(weight(random, HIDDEN, INPUTS)), lif(random, HIDDEN))
    straight = nir_import.from_nir(chain(*nodes), PLAIN).network
    shuffled = chain(*nodes, edges=lambda ways: [*ways[::-1], ways[1]])
    x = samples(random)
    np.testing.assert_array_equal(
        nir_import.from_nir(shuffled, PLAIN).network.simulate(x).spikes[0],
        straight.simulate(x).spikes[0],
    )


def test_one_parameter_for_all_neurons():
    one = nir.LIF(*(np.array([value]) for value in (4e-3, 4.0, 0.5, 2.0)))
    graph = chain(
        nir.Input(np.array([2])), nir.Linear(np.ones((3, 2))), one, nir.Output(np.array([3]))
    )
    (layer,) = nir_import.from_nir(graph, PLAIN).network.layers
    np.testing.assert_allclose(layer.beta, [0.75] * 3)
    np.testing.assert_allclose(layer.weights, np.ones((2, 3)))
    np.testing.assert_allclose(layer.bias, [0.125] * 3)
    np.testing.assert_array_equal(layer.theta, [2.0] * 3)


# snnTorch


def snntorch_leaky(beta, threshold):
    """Return what snnTorch's exporter makes of Leaky, in float32 as there."""
    beta, threshold = np.float32(beta), np.float32(threshold)
    with np.errstate(divide="ignore"):
        tau = 1e-4 / (1 - beta)
    return nir.LIF(tau, tau / 1e-4, np.zeros_like(beta), threshold, np.zeros_like(threshold))


def leaky_spikes(layers, x, steps, mechanism):
    """Simulate snnTorch's Leaky as its forward does, with reset_delay=True; layers as below."""
    mem = [np.zeros((len(x), len(beta))) for _, _, beta, _ in layers]
    spikes = [[] for _ in layers]
    for _ in range(steps):
        signal = x / 256
        for i, (matrix, bias, beta, threshold) in enumerate(layers):
            reset = mem[i] > threshold
            kept = np.where(reset, 0, mem[i]) if mechanism == "zero" else mem[i]
            mem[i] = np.clip(beta, 0, 1) * kept + signal @ matrix.T + bias
            if mechanism == "subtract":
                mem[i] = mem[i] - reset * threshold
            signal = (mem[i] > threshold) * 1.0
            spikes[i].append(signal > 0)
    return [np.stack(found, axis=1) for found in spikes]


def leaky_layers(random, beta):
    """Return (weight, bias, beta, threshold) of two layers, and the graph that snnTorch writes."""
    layers, nodes = [], []
    for outputs, inputs in ((HIDDEN, INPUTS), (OUTPUTS, HIDDEN)):
        matrix = weight(random, outputs, inputs).astype(np.float32) * (1.2 - beta)
        bias = random.normal(0, 0.1, outputs).astype(np.float32)
        threshold = random.uniform(0.5, 1, outputs).astype(np.float32)
        betas = np.full(outputs, beta, np.float32)
        layers.append((matrix, bias, betas, threshold))
        nodes += [nir.Affine(matrix, bias), snntorch_leaky(betas, threshold)]
    return layers, chain(*nodes)


@pytest.mark.parametrize("beta", [0.5, 0.8, 0.9, 0.95, 0.99, 1.0])
@pytest.mark.parametrize(("mechanism", "reset"), [("subtract", None), ("zero", "set")])
def test_snntorch_spikes_as_it_does(tmp_path, random, beta, mechanism, reset):
    layers, graph = leaky_layers(random, beta)
    network = through_file(graph, tmp_path / "net.nir", replace(SNNTORCH, reset=reset)).network
    x = samples(random)
    assert_spikes(network.simulate(x).spikes, leaky_spikes(layers, x, 30, mechanism))
    np.testing.assert_allclose(network.layers[0].beta, beta, rtol=1e-6)


def test_snntorch_without_its_late_reset_would_spike_otherwise(random):
    """What --from snntorch knows is needed: the plain reading of the file has other spikes."""
    layers, graph = leaky_layers(random, 0.8)
    plain = nir_import.from_nir(graph, replace(PLAIN, dt=1e-4)).network
    x = samples(random)
    (wanted, _) = leaky_spikes(layers, x, 30, "subtract")
    assert (plain.simulate(x).spikes[0] != wanted).any()


def test_snntorch_cuts_a_learned_beta(random):
    betas = np.array([1.25, 0.5, -0.5], np.float32)
    matrix, threshold = weight(random, 3, INPUTS).astype(np.float32), np.ones(3, np.float32)
    graph = chain(nir.Linear(matrix), snntorch_leaky(betas, threshold))
    imported = nir_import.from_nir(graph, replace(SNNTORCH, reset="set"))
    np.testing.assert_allclose(imported.network.layers[0].beta, [1, 0.5, 0])
    assert any("beta -0.5..1.25 is cut to 0..1" in found.text for found in imported.account)
    x = samples(random)
    wanted = leaky_spikes([(matrix, 0, betas, threshold)], x, 30, "zero")
    assert_spikes(imported.network.simulate(x).spikes, wanted)


# Norse


def norse_spikes(cells, x, steps, dt):
    """Simulate Norse's LIFBoxCell (tau in seconds) and IAFCell (tau None), which reset to a value."""
    v = [np.tile(start, (len(x), 1)) for _, _, start, _, _ in cells]
    spikes = [[] for _ in cells]
    for _ in range(steps):
        signal = x / 256
        for i, (matrix, tau, start, v_th, v_reset) in enumerate(cells):
            drive = signal @ matrix.T
            v[i] = v[i] + (drive if tau is None else dt / tau * (drive + start - v[i]))
            signal = (v[i] > v_th) * 1.0
            v[i] = (1 - signal) * v[i] + signal * v_reset
            spikes[i].append(signal > 0)
    return [np.stack(found, axis=1) for found in spikes]


@pytest.mark.parametrize(("framework", "factor"), [("norse", 1e-3), ("norse-main", 1)])
def test_norse_spikes_as_it_does(random, framework, factor):
    tau, v_leak = random.uniform(3e-3, 2e-2, HIDDEN), random.normal(0, 0.2, HIDDEN)
    v_th, v_reset = random.uniform(0.3, 0.9, HIDDEN), random.normal(0, 0.1, HIDDEN)
    first, second = weight(random, HIDDEN, INPUTS) * 2, weight(random, OUTPUTS, HIDDEN)
    start, threshold = random.uniform(-0.3, 0, OUTPUTS), random.uniform(0.5, 3, OUTPUTS)
    graph = chain(
        nir.Linear(first),
        nir.LIF(tau * factor, np.ones(HIDDEN), v_leak, v_th, v_reset),
        nir.Linear(second),
        nir.IF(np.ones(OUTPUTS), threshold, start),
    )
    network = nir_import.from_nir(graph, replace(NORSE, framework=framework)).network
    cells = [(first, tau, v_leak, v_th, v_reset), (second, None, start, threshold, start)]
    x = samples(random)
    assert_spikes(network.simulate(x).spikes, norse_spikes(cells, x, 30, 1e-3))


def test_norse_1_1_0_is_told_from_later_ones_by_its_time_constants():
    def graph(tau):
        return chain(
            nir.Linear(np.ones((2, 2))), nir.LIF(*(np.full(2, v) for v in (tau, 1.0, 0, 1)))
        )

    later = replace(NORSE, framework="norse-main")
    assert "try --from norse-main" in refusal(graph(1e-2), NORSE)
    assert nir_import.from_nir(graph(1e-5), NORSE).network.layers[0].beta[0] == pytest.approx(0.9)
    assert refusal(graph(1e-5), later).endswith("try --from norse")
    assert nir_import.from_nir(graph(1e-2), later).network.layers[0].beta[0] == pytest.approx(0.9)


# The account


def entry(imported, node, grade="exact"):
    """Return the first thing said of a node with this grade."""
    return next(e for e in imported.account if (e.node, e.grade) == (node, grade))


def test_account_has_every_node_in_the_order_of_the_chain(random):
    graph = chain(
        nir.Linear(weight(random, HIDDEN, INPUTS)), lif(random, HIDDEN), edges=lambda way: way[::-1]
    )
    account = nir_import.from_nir(graph, PLAIN).account
    assert list(dict.fromkeys(found.node for found in account)) == ["", *graph.nodes]
    assert {found.grade for found in account} == {"exact", "approximated", "assumed"}


def test_account_of_a_leak():
    k = 0.25
    graph = chain(nir.Linear(np.eye(1)), nir.LIF(*(np.full(1, v) for v in (1 / k, 3, 0.5, 1))))
    imported = nir_import.from_nir(graph, replace(PLAIN, dt=1.0))
    texts = [found.text for found in imported.account if found.kind == "LIF"]
    assert texts[0] == "beta 0.75, drive times 0.75"
    assert texts[1] == "v_leak 0.5 is a bias of 0.125"
    assert texts[2].endswith(f"the equation keeps exp(-dt / tau), {np.exp(-k) - 1 + k:.2g} more")


def test_account_says_what_was_assumed_of_a_framework(random):
    _, graph = leaky_layers(random, 0.9)
    texts = [e.text for e in nir_import.from_nir(graph, SNNTORCH).account if e.grade == "assumed"]
    assert "dt is 0.0001 s as in snnTorch, which its exporter always takes" in texts
    assert "reset is subtract, the default of snnTorch" in texts
    given = nir_import.from_nir(graph, replace(SNNTORCH, dt=1e-4, reset="subtract"))
    assert not [e for e in given.account if "snnTorch" in e.text and e.grade == "assumed"]


@pytest.mark.parametrize(("readout", "told"), [("count", False), ("max", True)])
def test_account_warns_of_membranes_as_answers(random, readout, told):
    _, graph = leaky_layers(random, 0.9)
    account = nir_import.from_nir(graph, replace(SNNTORCH, readout=readout)).account
    assert any("takes membranes after the reset" in found.text for found in account) == told


def test_account_warns_of_what_conversion_refuses():
    graph = chain(nir.Linear(np.eye(2)), nir.Threshold(np.full(2, 0.5)))
    imported = nir_import.from_nir(graph, PLAIN)
    warning = "`spikelet convert` will refuse it: it has beta 0; the fastest leak"
    assert any(warning in found.text for found in imported.account)
    with pytest.raises(SpikeletError, match="has beta 0; the fastest leak"):
        conversion.convert(imported.network)


# What is refused


def refusal(graph, options=PLAIN):
    """Return the sentence with which a graph is refused."""
    with pytest.raises(SpikeletError) as caught:
        nir_import.from_nir(graph, options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def small(*between, **changes):
    """Return a graph of 2 inputs and 2 LIF neurons, with other nodes before them."""
    parameters = {"tau": 5e-3, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0} | changes
    neurons = nir.LIF(**{key: np.full(2, value) for key, value in parameters.items()})
    return chain(nir.Input(np.array([2])), *between, neurons, nir.Output(np.array([2])))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (replace(PLAIN, dt=None), "does not say how long a step is, .* --dt SECONDS"),
        (replace(PLAIN, reset=None), "how a spike resets the membrane, .* --reset subtract or"),
        (replace(PLAIN, dt=-1.0), "dt is -1; it must be a positive number"),
        (replace(PLAIN, dt=float("nan")), "dt is nan; it must be a positive number"),
        (
            replace(PLAIN, framework="lava"),
            "framework is 'lava'; it must be one of snntorch, norse",
        ),
        (replace(SNNTORCH, dt=1e-3), "dt is 0.001, but snnTorch writes time constants for 0.0001"),
        (replace(PLAIN, reset="zero"), "reset is 'zero'; it must be one of subtract, set"),
        (replace(PLAIN, classes=("a",)), "there are 1 classes for the last layer's 2 neurons"),
        (replace(PLAIN, steps=0), "steps is 0"),
        (replace(PLAIN, encoder="morse"), "encoder is 'morse'"),
    ],
)
def test_options_that_are_missing_or_wrong(options, words):
    with pytest.raises(SpikeletError, match=words):
        nir_import.from_nir(small(), options)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"tau": 5e-4},
            r"node '1:LIF' has tau 0.0005 s, so dt / tau is 2 at dt 0.001 s, .* smaller",
        ),
        ({"tau": 0.0}, "dt / tau is inf at .* tau must be positive"),
        ({"tau": -1.0}, "dt / tau is -0.001 at .* tau must be positive"),
        ({"tau": np.inf}, "dt / tau is 0 at .* tau must be positive and finite"),
        ({"tau": np.nan}, "dt / tau is nan at .* tau must be positive and finite"),
        ({"r": np.nan}, "node '1:LIF': weights holds values that are not finite"),
        ({"v_threshold": np.inf}, "node '1:LIF': theta holds values that are not finite"),
    ],
)
def test_neurons_that_no_step_of_euler_fits(changes, words):
    with pytest.raises(SpikeletError, match=words):
        nir_import.from_nir(small(**changes), PLAIN)


def test_rounding_to_float32_takes_no_step_beyond_its_limit():
    tau = np.nextafter(np.float32(1e-3), np.float32(0))
    assert 1e-3 / tau.astype(np.float64) > 1
    (layer,) = nir_import.from_nir(small(tau=tau), PLAIN).network.layers
    assert layer.beta.tolist() == [0, 0]


TWO = np.ones(2)
UNSUPPORTED = {
    "Conv1d": nir.Conv1d(2, np.ones((2, 1, 1)), 1, 0, 1, 1, TWO),
    "Conv2d": nir.Conv2d((2, 2), np.ones((1, 1, 1, 1)), 1, 0, 1, 1, np.ones(1)),
    "SumPool2d": nir.SumPool2d(TWO, TWO, TWO * 0),
    "AvgPool2d": nir.AvgPool2d(TWO, TWO, TWO * 0),
    "CubaLIF": nir.CubaLIF(TWO, TWO, TWO, TWO, TWO),
    "CubaLI": nir.CubaLI(TWO, TWO, TWO, TWO),
    "Delay": nir.Delay(TWO),
    "NIRGraph": small(),
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_nodes_that_cannot_be_imported_yet(kind):
    graph = small()
    names = list(graph.nodes)
    nodes = {names[0]: graph.nodes[names[0]], "new": UNSUPPORTED[kind], **graph.nodes}
    edges = [(names[0], "new"), ("new", names[1]), *graph.edges[1:]]
    sentence = refusal(nir.NIRGraph(nodes, edges, type_check=False))
    assert f"node 'new' is {kind}, which cannot be imported yet; only chains of Input" in sentence


RECURRENT = {"w": nir.Linear(np.eye(2))}


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (
            chain(lif(np.random.default_rng(0), 2), edges=lambda way: [*way, ("1:LIF", "1:LIF")]),
            "node '1:LIF' leads to ['2:Output', '1:LIF'], where only a chain",
        ),
        (
            chain(
                lif(np.random.default_rng(0), 2),
                edges=lambda way: [*way, ("1:LIF", "w"), ("w", "1:LIF")],
                extra=RECURRENT,
            ),
            "node '1:LIF' leads to ['2:Output', 'w'], where only a chain",
        ),
        (
            chain(
                lif(np.random.default_rng(0), 2),
                edges=lambda way: [*way, ("w", "1:LIF")],
                extra=RECURRENT,
            ),
            "node 'w' is not on the way",
        ),
        (
            chain(
                lif(np.random.default_rng(0), 2), edges=lambda way: [*way, ("2:Output", "1:LIF")]
            ),
            "edge ('2:Output', '1:LIF') is not on the way",
        ),
        (chain(lif(np.random.default_rng(0), 2), extra={"b": nir.Input(TWO)}), "has 2 Input and 1"),
        (chain(lif(np.random.default_rng(0), 2), edges=lambda way: way[:1]), "leads to nothing"),
        (small(nir.Linear(np.ones((2, 3)))), "node '1:Linear' takes 3 values, but gets 2"),
        (small(nir.Linear(np.ones((3, 2)))), "node '2:LIF' has 2 values of tau, but gets 3"),
        (small(nir.Linear(np.ones((1, 2, 2)))), "weights of shape [1, 2, 2], where only [outputs"),
        (small(nir.Affine(np.eye(2), np.ones(3))), "'1:Affine' has 3 values of bias, but gets 2"),
        (small(nir.Scale(np.ones(5))), "node '1:Scale' has 5 values of scale, but gets 2"),
        (
            small(nir.Scale(np.array(["a", "b"]))),
            "'1:Scale' has a scale that is no array of numbers",
        ),
        (small(nir.Flatten({"input": np.array([3, 1])})), "'1:Flatten' takes 3 values, but gets 2"),
        (small(nir.Linear(np.full((2, 2), np.nan))), "nodes '1:Linear', '2:LIF': weights holds"),
        (
            chain(nir.Linear(np.eye(2)), nir.LI(TWO, TWO, TWO), nir.Linear(np.eye(2))),
            "node '3:Linear' comes after neurons that never fire; only the last may be LI or I",
        ),
        (chain(nir.Linear(np.eye(2))), "node '2:Output' does not follow neurons"),
        (chain(nir.IF(TWO, TWO), nir.Linear(np.eye(2))), "'3:Output' does not follow neurons"),
        (chain(nir.IF(TWO, TWO), nir.Output(np.array([3]))), "'2:Output' takes 3 values, but gets"),
        (
            chain(nir.Input(np.array([0])), nir.IF(TWO, TWO)),
            "'0:Input' has shape [0]; it must hold",
        ),
        (chain(nir.Input(np.array([2**40])), nir.IF(TWO, TWO)), "it must hold 1..65535 values"),
        (
            chain(nir.Input(np.array([5000])), nir.IF(np.ones(5000), np.ones(5000))),
            "node '1:IF': 5000 neurons have no Linear or Affine node before them, and would need",
        ),
        (
            chain(nir.Linear(np.eye(2)), nir.I(TWO)),
            "readout count needs a last layer with a threshold",
        ),
    ],
)
def test_graphs_that_are_refused(graph, words):
    assert words in refusal(graph)


def test_a_file_that_snntorch_did_not_write():
    sentence = refusal(small(), SNNTORCH)
    assert "node '1:LIF' has r 1 and tau 0.005 s, but snnTorch writes r as tau / 0.0001" in sentence


def test_no_memory_cannot_reset_late():
    graph = chain(nir.Linear(np.eye(2)), snntorch_leaky([0.0, 0.5], [1.0, 1.0]))
    words = "nodes '1:Linear', '2:LIF': a neuron with beta 0 has no memory"
    assert words in refusal(graph, SNNTORCH)


def test_files_that_are_refused(tmp_path, random):
    path = tmp_path / "net.nir"
    with pytest.raises(SpikeletError, match="cannot read .*net.nir: No such file"):
        nir_import.read(path, PLAIN)
    path.write_bytes(b"text")
    with pytest.raises(SpikeletError, match="net.nir: not a NIR graph, or a damaged one"):
        nir_import.read(path, PLAIN)
    with h5py.File(path, "w") as file:
        file["x"] = 1
    with pytest.raises(SpikeletError, match="net.nir: not a NIR graph, or a damaged one"):
        nir_import.read(path, PLAIN)
    nir.write(path, small())
    with pytest.raises(SpikeletError, match="net.nir: the file does not say how long a step is"):
        nir_import.read(path, replace(PLAIN, dt=None))
    nir_graph.write(nir_import.read(path, PLAIN).network, path)
    with pytest.raises(SpikeletError, match="net.nir: this graph is Spikelet's own and needs no"):
        nir_import.read(path, PLAIN)


# The verb


@pytest.fixture
def command(tmp_path, monkeypatch, spikelet):
    """Return a function that runs `spikelet import` on snnTorch's file in an empty folder."""
    monkeypatch.chdir(tmp_path)
    _, graph = leaky_layers(np.random.default_rng(0), 0.9)
    nir.write("theirs.nir", graph)

    def run(*arguments):
        common = ["--encoder", "rate", "--steps", "9", "--readout", "count", "-o", "ours.nir"]
        return spikelet("import", "theirs.nir", *common, *arguments)

    return run


def test_verb_writes_the_network_and_its_account(command):
    status, out, _ = command("--from", "snntorch", "--classes", "a,b,c,d")
    assert status == 0
    assert out.startswith(
        "ours.nir: 6-8-4, encoder rate, 9 steps of 0.0001 s, readout count, reset"
    )
    assert "exact: LIF '2:LIF': beta 0.9, drive times 1\n" in out
    assert "assumed: graph: reset is subtract, the default of snnTorch\n" in out
    written = nir_graph.read("ours.nir")
    wanted = nir_import.read("theirs.nir", replace(SNNTORCH, encoder="rate", steps=9)).network
    assert (written.classes, written.steps, written.encoder) == (("a", "b", "c", "d"), 9, "rate")
    x = samples(np.random.default_rng(0))
    for made, right in zip(written.simulate(x).spikes, wanted.simulate(x).spikes, strict=True):
        np.testing.assert_array_equal(made, right)


def test_verb_gives_the_account_as_json(command):
    status, out, _ = command("--from", "snntorch", "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["sizes"], found["dt"], found["reset"]) == ([6, 8, 4], 1e-4, "subtract")
    first = {"node": "0:Input", "kind": "Input", "grade": "exact", "text": "6 values"}
    assert first in found["account"]


def test_verb_guesses_nothing(command, tmp_path):
    status, _, err = command()
    assert status == 1
    assert "theirs.nir: the file does not say how long a step is" in err
    assert not (tmp_path / "ours.nir").exists()
