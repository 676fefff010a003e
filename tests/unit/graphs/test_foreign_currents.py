"""Test the import of neurons with a synaptic current: spikes, or reported loss."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from nir_graphs import (
    NORSE,
    PLAIN,
    SAMPLES,
    SNNTORCH,
    assert_spikes,
    chain,
    euler,
    refusal,
    samples,
    texts,
)

from spikelet.graphs.foreign import read

INPUTS, HIDDEN, OUTPUTS = 6, 8, 4


@pytest.fixture(params=range(3))
def random(request):
    return np.random.default_rng(request.param)


def matrix(random, outputs=HIDDEN, inputs=INPUTS):
    return random.normal(0.2, 1, (outputs, inputs))


def cuba(random, n, v_leak=0.0, v_reset=0.0, kind=nir.CubaLIF):
    """Return neurons with different parameters, alpha 0.7..0.9 and beta 0.7..0.95 at 1 ms."""
    values = {
        "tau_syn": random.uniform(3e-3, 1e-2, n),
        "tau_mem": random.uniform(3e-3, 2e-2, n),
        "r": random.uniform(2, 4, n),
        "v_leak": np.full(n, v_leak),
        "w_in": random.uniform(1, 2, n),
    }
    if kind is nir.CubaLIF:
        values |= {"v_threshold": random.uniform(0.4, 0.8, n), "v_reset": np.full(n, v_reset)}
    return kind(**values)


@pytest.mark.parametrize("reset", ["subtract", "set"])
def test_import_cuba_lif_matches_euler_simulation(random, reset):
    graph = chain(
        nir.Affine(matrix(random), random.normal(0, 0.2, HIDDEN)),
        cuba(random, HIDDEN, v_reset=-0.2),
        nir.Linear(matrix(random, OUTPUTS, HIDDEN)),
        cuba(random, OUTPUTS),
    )
    x = samples(random, INPUTS)
    imported = read.foreign_from_nir(graph, replace(PLAIN, reset=reset))
    assert_spikes(imported.network.simulate(x).spikes, euler(graph, x, 30, 1e-3, reset))
    assert not [
        text for text in texts(imported, "2:CubaLIF", "approximated") if "Euler" not in text
    ]
    assert any("the current comes first" in text for text in texts(imported, "2:CubaLIF"))


def test_import_report_of_synaptic_current():
    parameters = {"tau_syn": 4e-3, "tau_mem": 2e-3, "r": 3.0, "v_leak": 0.0, "w_in": 5.0}
    node = nir.CubaLI(**{key: np.full(1, value) for key, value in parameters.items()})
    graph = chain(nir.Linear(np.eye(1)), node)
    imported = read.foreign_from_nir(graph, replace(PLAIN, readout="last"))
    lines = texts(imported, "2:CubaLI")
    assert lines[0] == "alpha 0.75, beta 0.5, drive times 1.875"
    gap = np.exp(-0.25) - 0.75
    assert f"alpha is Euler's; the equation keeps exp(-dt / tau_syn), {gap:.2g} more" in lines
    (layer,) = imported.network.layers
    assert (layer.alpha, layer.beta, layer.weights, layer.theta) == (0.75, 0.5, 1.875, None)


def test_import_cuba_li_readout_matches_membranes(random):
    node = cuba(random, OUTPUTS, kind=nir.CubaLI)
    weight = matrix(random, OUTPUTS)
    network = read.foreign_from_nir(
        chain(nir.Linear(weight), node), replace(PLAIN, readout="last")
    ).network
    x = samples(random, INPUTS)
    i = v = np.zeros((SAMPLES, OUTPUTS))
    for _ in range(30):
        i = i + 1e-3 / node.tau_syn * (node.w_in * (x / 256 @ weight.T) - i)
        v = v + 1e-3 / node.tau_mem * (node.r * i - v)
    np.testing.assert_allclose(network.simulate(x).membranes[-1][:, -1], v)


def test_import_cuba_v_leak_moves_membrane_zero(random):
    graph = chain(nir.Linear(matrix(random)), cuba(random, HIDDEN, v_leak=0.2, v_reset=0.1))
    x = samples(random, INPUTS)
    imported = read.foreign_from_nir(graph, replace(PLAIN, reset="set"))
    (layer,) = imported.network.layers
    assert not layer.bias.any()
    np.testing.assert_allclose(layer.v_reset, -0.1)
    assert_spikes(imported.network.simulate(x).spikes, euler(graph, x, 30, 1e-3, "set"))
    text = "membranes are counted from v_leak 0.2, which is their zero"
    assert text in texts(imported, "2:CubaLIF", "exact")


def test_import_cuba_v_leak_keeps_loss_of_spike(random):
    graph = chain(nir.Linear(matrix(random)), cuba(random, HIDDEN, v_leak=0.2))
    x = samples(random, INPUTS)
    imported = read.foreign_from_nir(graph, PLAIN)
    (layer,) = imported.network.layers
    np.testing.assert_allclose(layer.rho - layer.theta, 0.2)
    assert_spikes(imported.network.simulate(x).spikes, euler(graph, x, 30, 1e-3, "subtract"))


def test_import_cuba_li_with_different_v_leak_keeps_zero():
    """Differences between neurons that never fire come through the current, and late."""
    values = {"tau_syn": 4e-3, "tau_mem": 5e-3, "r": 1, "w_in": 1}
    parameters = {key: np.full(2, value, float) for key, value in values.items()}
    node = nir.CubaLI(v_leak=np.array([0.5, 0]), **parameters)
    imported = read.foreign_from_nir(
        chain(nir.Linear(np.eye(2)), node), replace(PLAIN, readout="last", steps=200)
    )
    line = next(text for text in texts(imported, "2:CubaLI", "approximated") if "gain" in text)
    assert line.startswith("membranes gain 0..0.1 in each step, from v_leak; it comes through")
    assert "so 0..0.075 is missing in the first step and 0.75 times that in each" in line
    membranes = imported.network.simulate(np.zeros((1, 2), np.uint8)).membranes[0][0]
    assert membranes[0].tolist() == [pytest.approx(0.1 - 0.075), 0]
    assert membranes[1, 0] == pytest.approx(0.8 * 0.025 + 0.1 - 0.075 * 0.75)
    assert membranes[-1].tolist() == [pytest.approx(0.5), 0]


def test_import_cuba_li_with_equal_v_leak_moves_zero(random):
    node = cuba(random, OUTPUTS, v_leak=0.3, kind=nir.CubaLI)
    graph = chain(nir.Linear(matrix(random, OUTPUTS)), node)
    imported = read.foreign_from_nir(graph, replace(PLAIN, readout="last"))
    text = "membranes are counted from v_leak 0.3, which is their zero"
    assert text in texts(imported, "2:CubaLI", "exact")
    assert not imported.network.layers[0].bias.any()


# snnTorch


def synaptic(alpha, beta, threshold):
    """Return the node that snnTorch's exporter writes for Synaptic, with its float32 rounding."""
    alpha, beta, threshold = (np.float32(value) for value in (alpha, beta, threshold))
    with np.errstate(divide="ignore"):
        tau_syn, tau_mem = 1e-4 / (1 - alpha), 1e-4 / (1 - beta)
    zeros = np.zeros_like(beta)
    return nir.CubaLIF(tau_syn, tau_mem, tau_mem / 1e-4, zeros, threshold, zeros, tau_syn / 1e-4)


def synaptic_spikes(weight, neurons, x, steps, mechanism, delay=True):
    """Simulate snnTorch's Synaptic as its forward does; neurons are (alpha, beta, threshold)."""
    alpha, beta, threshold = neurons
    syn = mem = np.zeros((len(x), len(weight)))
    spikes = []
    for _ in range(steps):
        late = (mem > threshold) * 1.0
        syn = alpha * syn + x / 256 @ weight.T
        mem = beta * mem + syn
        mem = mem - late * (threshold if mechanism == "subtract" else mem)
        spikes.append(mem > threshold)
        if not delay:
            now = spikes[-1] - late
            mem = mem - now * (threshold if mechanism == "subtract" else mem)
    return np.stack(spikes, axis=1)


def few(random):
    """Return (weights, (alpha, beta, threshold)), values that float32 represents, and their graph."""
    weight = (matrix(random) / 4).astype(np.float32)
    neurons = [
        random.uniform(low, high, HIDDEN).astype(np.float32)
        for low, high in ((0.5, 0.8), (0.7, 0.95), (0.6, 1))
    ]
    return weight, neurons, chain(nir.Linear(weight), synaptic(*neurons))


def test_import_synaptic_without_reset_delay_matches_snntorch(random):
    weight, neurons, graph = few(random)
    x = samples(random, INPUTS)
    options = replace(SNNTORCH, framework=None, dt=1e-4, reset="set")
    spikes = read.foreign_from_nir(graph, options).network.simulate(x).spikes
    assert_spikes(spikes, [synaptic_spikes(weight, neurons, x, 30, "zero", delay=False)])


@pytest.mark.parametrize(
    "change", [{}, {"alpha": 1}, {"beta": 1}], ids=["leaks", "alpha 1", "beta 1"]
)
def test_import_synaptic_matches_snntorch(random, change):
    """The late reset equals one of theta / beta at once, also with a current."""
    weight, neurons, _ = few(random)
    named = dict(zip(("alpha", "beta", "threshold"), neurons, strict=True))
    named |= {key: np.full(HIDDEN, value, np.float32) for key, value in change.items()}
    graph = chain(nir.Linear(weight), synaptic(**named))
    x = samples(random, INPUTS)
    imported = read.foreign_from_nir(graph, SNNTORCH)
    expected = synaptic_spikes(weight, tuple(named.values()), x, 30, "subtract")
    assert_spikes(imported.network.simulate(x).spikes, [expected])
    (layer,) = imported.network.layers
    np.testing.assert_allclose(layer.rho, layer.theta / layer.beta)
    assert not layer.v_start.any()
    assert not texts(imported, "2:CubaLIF", "approximated")
    start = "the reset a step late is a loss of theta / beta at once, "
    assert any(text.startswith(start) for text in texts(imported, "2:CubaLIF", "exact"))


def test_import_synaptic_reports_drive_lost_by_reset_to_zero(random):
    weight, neurons, graph = few(random)
    x = samples(random, INPUTS)
    imported = read.foreign_from_nir(graph, replace(SNNTORCH, reset="set"))
    expected = synaptic_spikes(weight, neurons, x, 30, "zero")
    (spikes,) = imported.network.simulate(x).spikes
    assert 0.6 < (spikes == expected).mean() < 1
    (text,) = texts(imported, "2:CubaLIF", "approximated")
    assert "snnTorch holds the membrane at 0" in text


def test_import_refuses_w_in_that_snntorch_never_writes():
    node = nir.CubaLIF(*(np.full(2, value) for value in (1e-3, 2e-3, 20.0, 0, 1, 0, 3)))
    sentence = refusal(chain(nir.Linear(np.eye(2)), node), SNNTORCH)
    assert "'2:CubaLIF' has w_in 3 and tau_syn 0.001 s, but snnTorch writes w_in as tau_syn" in (
        sentence
    )


# Norse


@pytest.mark.parametrize(("framework", "factor"), [("norse", 1e-3), ("norse-main", 1)])
@pytest.mark.parametrize("v_leak", [0.0, 0.1])
def test_import_lif_cell_matches_norse(random, framework, factor, v_leak):
    """In Norse's LIFCell spikes jump the current, which feeds the membrane before it decays."""
    tau_syn, tau_mem = random.uniform(2e-3, 8e-3, HIDDEN), random.uniform(3e-3, 2e-2, HIDDEN)
    v_th, v_reset = random.uniform(0.3, 0.9, HIDDEN), random.normal(0, 0.1, HIDDEN)
    weight, ones = matrix(random), np.ones(HIDDEN)
    graph = chain(
        nir.Linear(weight),
        nir.CubaLIF(tau_syn * factor, tau_mem * factor, ones, v_leak * ones, v_th, v_reset),
    )
    x = samples(random, INPUTS)
    v, i, expected = np.full((SAMPLES, HIDDEN), v_leak), np.zeros((SAMPLES, HIDDEN)), []
    for _ in range(30):
        i = i + x / 256 @ weight.T
        v = v + 1e-3 / tau_mem * (v_leak - v + i)
        i = i - 1e-3 / tau_syn * i
        expected.append(v > v_th)
        v = np.where(expected[-1], v_reset, v)
    imported = read.foreign_from_nir(graph, replace(NORSE, framework=framework))
    assert_spikes(imported.network.simulate(x).spikes, [np.stack(expected, axis=1)])
    assert not texts(imported, "2:CubaLIF", "approximated")
    assert any("a spike adds w_in" in text for text in texts(imported, "2:CubaLIF", "assumed"))


@pytest.mark.parametrize("key", ["tau_syn", "tau_mem"])
def test_import_refuses_cuba_tau_shorter_than_step(key):
    values = {"tau_syn": 5e-3, "tau_mem": 5e-3, "r": 1, "v_leak": 0, "v_threshold": 1} | {key: 5e-4}
    node = nir.CubaLIF(**{name: np.full(2, value, float) for name, value in values.items()})
    sentence = refusal(chain(nir.Linear(np.eye(2)), node))
    assert f"node '2:CubaLIF' has {key} 0.0005 s, so dt / {key} is 2 at dt 0.001 s" in sentence
