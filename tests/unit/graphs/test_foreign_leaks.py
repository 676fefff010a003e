"""Test leaks of foreign networks in integers: their error, reduced by a gain."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from thorough import quick

from spikelet.conversion import convert, drift
from spikelet.conversion.convert import leak_integers
from spikelet.graphs.foreign import read
from spikelet.graphs.foreign.read import ImportOptions
from spikelet.inputs import dataset
from spikelet.networks.layer import Layer
from spikelet.training import train
from spikelet.training.train import TrainingOptions

DT, STEPS = 1e-3, 16
BETAS = [0.8, 0.9, 0.95, 0.99]  # none of them is 1 - d / 2**r
EACH = [(beta, reset) for beta in BETAS for reset in ("subtract", "set")]
SAME = 0.98  # of (sample, step, neuron); docs/explanation/leaks.md has the figures
SAME_CLASS = 0.97  # of samples: where spikes are counted, one of them decides between two classes


def imported(layers, beta, path, *, reset="subtract", steps=STEPS):
    """Write pairs of weights [neurons, inputs] and bias as NIR, with threshold 1; import the file."""
    nodes = {"input": nir.Input(np.array([layers[0][0].shape[1]]))}
    for k, (weights, bias) in enumerate(layers):
        tau = np.full(len(bias), DT / (1 - beta))
        nodes[f"fc{k}"] = nir.Affine(weights, bias)
        nodes[f"lif{k}"] = nir.LIF(tau, tau / DT, 0 * tau, 1 + 0 * tau, 0 * tau)
    nodes["output"] = nir.Output(np.array([len(layers[-1][1])]))
    names = list(nodes)
    nir.write(path, nir.NIRGraph(nodes, list(zip(names, names[1:], strict=False))))
    return read.read_foreign(
        path, ImportOptions("rate", steps, "count", dt=DT, reset=reset)
    ).network


@pytest.fixture
def trained(digits, tmp_path):
    """Return a function that trains for a leak, and imports the network with exactly that leak."""
    part = dataset.split(dataset.load_digits())[0]

    def make(beta, reset):
        d, r = leak_integers(np.array([beta]))
        nearest = float(1 - d[0] / 2**r)
        options = TrainingOptions(
            encoder="rate",
            steps=STEPS,
            readout="count",
            reset=reset,
            hidden=(32,),
            beta=nearest,
            readout_beta=nearest,
            epochs=10,
        )
        layers = train.train_network(part, options).network.layers
        scaled = [
            (layer.weights.T / layer.theta[:, None], layer.bias / layer.theta) for layer in layers
        ]
        return imported(scaled, beta, tmp_path / "net.nir", reset=reset)

    return make


@pytest.mark.parametrize(("beta", "reset"), quick(EACH, EACH[::3]))
def test_integer_leak_of_trained_network_keeps_spikes(trained, digits, beta, reset):
    network = trained(beta, reset)
    np.testing.assert_allclose(network.layers[0].beta, beta)
    measured = drift.measure_drift(network, *convert.convert_network(network), digits.x)
    assert measured.class_agreement >= SAME_CLASS
    for layer in measured.layers:
        assert 0.02 < layer.float_rates.mean() < 0.9
        assert layer.agreement >= SAME
        assert layer.rate_ratio == pytest.approx(1, abs=0.02)
        assert leak_error(layer) <= (1 - beta) / 256


def leak_error(layer):
    """Return the error of a layer's leaks from its grades."""
    return next(grade.error for grade in layer.grades if grade.parameter == "leak")


@pytest.fixture
def small_membranes(tmp_path):
    """Return a function that imports a layer with some weights far above its threshold.

    They use up the range of int8, so a membrane at threshold is few units, and a step takes none or one
    of them. The layer has no bias that could compensate.
    """

    def make(beta, reset):
        random = np.random.default_rng(0)
        weights = random.normal(0.05, 1, (32, 64)) ** 3
        weights *= 8 / np.abs(weights).max()
        layers = [(weights, np.zeros(32))]
        return imported(layers, beta, tmp_path / "net.nir", reset=reset, steps=100)

    return make


@pytest.fixture
def faint():
    """Return inputs that rarely spike, uint8[100, 64]: between spikes only the leak acts."""
    return np.random.default_rng(1).integers(0, 32, (100, 64), dtype=np.uint8)


def without_gain(network, report):
    """Return the integer network of one layer in the units of its weights."""
    (layer,) = network.layers
    unit = 2**layer.gain

    def coarse(values):
        return np.rint(values / unit).astype(np.int64)

    plain = Layer(
        layer.weights,
        theta=coarse(layer.theta),
        bias=coarse(layer.bias),
        d=layer.d,
        r=layer.r,
        rho=coarse(layer.rho),
        v_reset=coarse(layer.v_reset),
        reset=layer.reset,
    )
    coarse_network = replace(network, layers=[plain])
    return coarse_network, (replace(report, scale=report.scale / unit),)


@pytest.mark.parametrize("beta", BETAS)
def test_gain_improves_agreement_of_small_membranes(small_membranes, faint, beta):
    network = small_membranes(beta, "set")
    integers, reports = convert.convert_network(network)
    assert integers.layers[0].gain > 0
    with_gain = drift.measure_drift(network, integers, reports, faint).layers[0]
    plain = drift.measure_drift(network, *without_gain(integers, *reports), faint).layers[0]
    assert with_gain.agreement > plain.agreement
    assert abs(with_gain.rate_ratio - 1) < abs(plain.rate_ratio - 1) / 1.5
    assert with_gain.agreement > 0.98


def test_gain_beyond_int16_is_reported(small_membranes):
    """With a reset by subtraction, membranes may climb for a hundred steps."""
    _, (report,) = convert.convert_network(small_membranes(0.99, "subtract"))
    assert any("small membranes lose resolution" in change for change in report.changes)
