"""Test the import of dense chains of snnTorch and Norse: their simulators' spikes."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from nir_graphs import (
    NORSE,
    PLAIN,
    SNNTORCH,
    assert_spikes,
    chain,
    refusal,
    samples,
    small,
    snntorch_leaky,
    through_file,
)

from spikelet.graphs.foreign import read

INPUTS, HIDDEN, OUTPUTS = 6, 8, 4


@pytest.fixture(params=range(3))
def random(request):
    return np.random.default_rng(request.param)


def weight(random, outputs, inputs):
    return random.normal(0.2, 1, (outputs, inputs))


# snnTorch


def leaky_spikes(layers, x, steps, mechanism):
    """Simulate snnTorch's Leaky like its forward, with reset_delay=True; see leaky_layers."""
    mem = [np.zeros((len(x), len(beta))) for _, _, beta, _ in layers]
    spikes = [[] for _ in layers]
    for _ in range(steps):
        signal = x / 256
        for i, (matrix, bias, beta, threshold) in enumerate(layers):
            reset = mem[i] > threshold
            membrane = np.where(reset, 0, mem[i]) if mechanism == "zero" else mem[i]
            mem[i] = np.clip(beta, 0, 1) * membrane + signal @ matrix.T + bias
            if mechanism == "subtract":
                mem[i] = mem[i] - reset * threshold
            signal = (mem[i] > threshold) * 1.0
            spikes[i].append(signal > 0)
    return [np.stack(layer_spikes, axis=1) for layer_spikes in spikes]


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
def test_import_leaky_matches_snntorch(tmp_path, random, beta, mechanism, reset):
    layers, graph = leaky_layers(random, beta)
    network = through_file(graph, tmp_path / "net.nir", replace(SNNTORCH, reset=reset)).network
    x = samples(random, INPUTS)
    assert_spikes(network.simulate(x).spikes, leaky_spikes(layers, x, 30, mechanism))
    np.testing.assert_allclose(network.layers[0].beta, beta, rtol=1e-6)
    for layer, (_, bias, _, threshold) in zip(network.layers, layers, strict=True):
        np.testing.assert_allclose(layer.theta, threshold)
        np.testing.assert_allclose(layer.bias, bias)
        if mechanism == "subtract":
            np.testing.assert_allclose(layer.rho, threshold / beta, rtol=1e-6)


def test_import_without_framework_misreads_snntorch(random):
    """Show the need of --from snntorch: without it the file gives other spikes."""
    layers, graph = leaky_layers(random, 0.8)
    plain = read.foreign_from_nir(graph, replace(PLAIN, dt=1e-4)).network
    x = samples(random, INPUTS)
    (expected, _) = leaky_spikes(layers, x, 30, "subtract")
    assert (plain.simulate(x).spikes[0] != expected).any()


def test_import_clips_learned_beta_of_snntorch(random):
    betas = np.array([1.25, 0.5, -0.5], np.float32)
    matrix, threshold = weight(random, 3, INPUTS).astype(np.float32), np.ones(3, np.float32)
    graph = chain(nir.Linear(matrix), snntorch_leaky(betas, threshold))
    imported = read.foreign_from_nir(graph, replace(SNNTORCH, reset="set"))
    np.testing.assert_allclose(imported.network.layers[0].beta, [1, 0.5, 0])
    assert any("beta -0.5..1.25 is cut to 0..1" in entry.text for entry in imported.account)
    x = samples(random, INPUTS)
    expected = leaky_spikes([(matrix, 0, betas, threshold)], x, 30, "zero")
    assert_spikes(imported.network.simulate(x).spikes, expected)


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
    return [np.stack(layer_spikes, axis=1) for layer_spikes in spikes]


@pytest.mark.parametrize(("framework", "factor"), [("norse", 1e-3), ("norse-main", 1)])
def test_import_box_cell_and_integrator_match_norse(random, framework, factor):
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
    network = read.foreign_from_nir(graph, replace(NORSE, framework=framework)).network
    cells = [(first, tau, v_leak, v_th, v_reset), (second, None, start, threshold, start)]
    x = samples(random, INPUTS)
    assert_spikes(network.simulate(x).spikes, norse_spikes(cells, x, 30, 1e-3))


def test_import_distinguishes_norse_versions_by_tau():
    def graph(tau):
        return chain(
            nir.Linear(np.ones((2, 2))), nir.LIF(*(np.full(2, v) for v in (tau, 1.0, 0, 1)))
        )

    later = replace(NORSE, framework="norse-main")
    assert "try --from norse-main" in refusal(graph(1e-2), NORSE)
    assert read.foreign_from_nir(graph(1e-5), NORSE).network.layers[0].beta[0] == pytest.approx(0.9)
    assert refusal(graph(1e-5), later).endswith("try --from norse")
    assert read.foreign_from_nir(graph(1e-2), later).network.layers[0].beta[0] == pytest.approx(0.9)


def test_import_report_lists_assumed_dt_and_reset(random):
    _, graph = leaky_layers(random, 0.9)
    texts = [e.text for e in read.foreign_from_nir(graph, SNNTORCH).account if e.grade == "assumed"]
    assert "dt is 0.0001 s as in snnTorch, which its exporter always takes" in texts
    assert "reset is subtract, the default of snnTorch" in texts
    imported = read.foreign_from_nir(graph, replace(SNNTORCH, dt=1e-4, reset="subtract"))
    assert not [e for e in imported.account if "snnTorch" in e.text and e.grade == "assumed"]


@pytest.mark.parametrize(("readout", "warns"), [("count", False), ("max", True)])
def test_import_report_warns_of_membrane_readout(random, readout, warns):
    _, graph = leaky_layers(random, 0.9)
    account = read.foreign_from_nir(graph, replace(SNNTORCH, readout=readout)).account
    assert any("takes membranes after the reset" in entry.text for entry in account) == warns


def test_import_refuses_r_that_snntorch_never_writes():
    sentence = refusal(small(), SNNTORCH)
    assert "node '1:LIF' has r 1 and tau 0.005 s, but snnTorch writes r as tau / 0.0001" in sentence


def test_import_refuses_late_reset_with_beta_0():
    graph = chain(nir.Linear(np.eye(2)), snntorch_leaky([0.0, 0.5], [1.0, 1.0]))
    words = "nodes '1:Linear', '2:LIF': a neuron with beta 0 has no memory"
    assert words in refusal(graph, SNNTORCH)
