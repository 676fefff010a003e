"""Test every kind of trained network: each board and kernel equals the reference."""

import pytest
from boards_under_test import BOARDS
from thorough import quick

from spikelet.conversion import convert
from spikelet.inputs import dataset
from spikelet.training.ann import to_spiking
from spikelet.training.ann.train import ReluOptions, train_ann
from spikelet.training.options import CONVOLVED, TrainingOptions
from spikelet.training.train import train_network

KINDS = {
    "bernoulli": {"encoder": "bernoulli", "steps": 8},
    "latency": {"encoder": "latency", "steps": 6, "beta": 1.0},
    "phase": {"encoder": "phase", "encoder_parameter": 4, "steps": 4},
    "recurrent": {"encoder": "rate", "steps": 8, "recurrent": True},
    "synaptic current": {"encoder": "rate", "steps": 8, "current": 0.75},
    "both": {"steps": 8, "recurrent": True, "current": 0.5, "reset": "set", "readout": "count"},
    "learned leaks": {"steps": 6, "learn_leaks": True},
    "convolutions": CONVOLVED | {"convolutions": "6k3p1,8k3s2q2", "hidden": (20,), "epochs": 15},
    "four bits": {"bits": 4},
}


@pytest.fixture(scope="session")
def network_of(made_once):
    """Return a function that trains a kind of network briefly and returns it in integers."""
    return lambda kind: made_once(f"kind-{kind}", lambda: _made(kind))


def _made(kind):
    learn = dataset.split(dataset.load_digits())[0]
    if kind == "ReLU":
        relu = train_ann(learn, ReluOptions(epochs=12, hidden=(32,)))
        thetas = to_spiking.thresholds(relu, "learned", learn.x)
        return convert.convert_network(to_spiking.convert_ann(relu, thetas, 8))[0]
    options = TrainingOptions(**{"epochs": 6, "hidden": (32,)} | KINDS[kind])
    return convert.convert_network(train_network(learn, options).network, bits=options.bits or 8)[0]


@pytest.mark.slow
@pytest.mark.parametrize("samples", quick((20, 40), (20,)))
@pytest.mark.parametrize("kind", [*KINDS, "ReLU"])
def test_trained_networks(port, on_board, network_of, digits, kind, samples):
    found = on_board(port, network_of(kind), digits.x[-samples:], compiled=True)
    assert tuple(found) == BOARDS.get(port.name, tuple(found))
    for kernel, verification in found.items():
        assert verification.first is None, f"{port.name}, {kernel}: {verification.first}"
        assert verification.passed
        assert (verification.samples, verification.lost_frames) == (samples, 0)
        assert verification.spikes > samples
        assert (verification.answers == digits.y[-samples:]).mean() > 0.7
