"""Sparse signals in the reference simulator: skipping silent inputs changes no result."""

import naive_simulator
import numpy as np
import pytest

from spikelet.networks import reference_layer
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network

# Inputs and neurons of weights for which a search for silent inputs pays.
WIDE = 1024, 128


def weights(inputs=WIDE[0], neurons=WIDE[1]):
    return np.random.default_rng(0).integers(-127, 128, (inputs, neurons)).astype(np.float32)


def signal(signals, active, inputs=WIDE[0]):
    """Return bool[signals, inputs] with `active` inputs that spike in some signal."""
    spikes = np.zeros((signals, inputs), np.bool_)
    chosen = np.random.default_rng(1).permutation(inputs)[:active]
    spikes[np.arange(active) % signals, chosen] = True
    return spikes


@pytest.mark.parametrize("signals", [1, 4, 64])
@pytest.mark.parametrize("active", [0, 1, 64, 256])
def test_active_inputs_leaves_out_silent_rows(signals, active):
    rows = reference_layer.active_inputs(signal(signals, active), weights())
    assert len(rows) == active


def test_active_inputs_many_active_is_none():
    assert reference_layer.active_inputs(signal(4, 257), weights()) is None
    assert reference_layer.active_inputs(signal(4, 1024), weights()) is None


def test_active_inputs_small_product_is_none():
    assert reference_layer.active_inputs(signal(31, 1, 64), weights(64, 64)) is None
    assert reference_layer.active_inputs(signal(32, 1, 64), weights(64, 64)) is not None


def test_active_inputs_many_signals_is_none():
    assert reference_layer.active_inputs(signal(65, 1), weights()) is None


def random_network(encoder):
    random = np.random.default_rng(2)
    layers = [
        Layer(random.integers(-9, 10, (1024, 96)).astype(np.int8), theta=20, rho=20, d=32),
        Layer(random.integers(-9, 10, (96, 5)).astype(np.int8), d=9, r=9),
    ]
    return Network(encoder, 3, "max", tuple("abcde"), layers)


def samples(active):
    """Return uint8[2, 1024] with `active` values per sample that are not 0."""
    random = np.random.default_rng(3)
    x = np.zeros((2, 1024), np.uint8)
    x[:, random.permutation(1024)[:active]] = random.integers(1, 256, (2, active))
    return x


@pytest.mark.parametrize("encoder", ["direct", "rate"])
@pytest.mark.parametrize("active", [0, 50, 700])
def test_reference_gathered_rows_change_no_result(encoder, active, monkeypatch):
    network, x = random_network(encoder), samples(active)
    searches = []

    def chosen(flat, matrix):
        rows = active_inputs(flat, matrix)
        searches.append(None if rows is None else len(rows))
        return rows

    active_inputs = reference_layer.active_inputs
    monkeypatch.setattr(reference_layer, "active_inputs", chosen)
    trace = network.simulate(x)
    spikes, membranes, answers = naive_simulator.simulate(network, x)
    assert [fired.tolist() for fired in trace.spikes] == [
        [[step[k] for step in sample] for sample in spikes] for k in range(2)
    ]
    assert trace.membranes[1].tolist() == [sample[1] for sample in membranes]
    assert trace.answers.tolist() == answers
    assert searches[0] is None if active == 700 else searches[0] <= active
    monkeypatch.setattr(reference_layer, "GATHER_SHARE", -1)
    everything = network.simulate(x)
    assert searches[-2:] == [None, None]
    np.testing.assert_array_equal(everything.spikes[0], trace.spikes[0])
    np.testing.assert_array_equal(everything.membranes[0], trace.membranes[0])
