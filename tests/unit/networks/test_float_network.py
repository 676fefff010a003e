"""Float networks: the neuron, encoders, readouts and refused values."""

from dataclasses import replace

import numpy as np
import pytest
from float_layers import layer, network, x

from spikelet.errors import SpikeletError
from spikelet.inputs import encoders
from spikelet.networks.float_network import FloatLayer
from spikelet.networks.protocol import StreamWindow


def test_float_direct_drive_leaks_fires_and_loses_theta():
    trace = network(layer([[1.0]], beta=0.5), readout="count").simulate(x([192]))
    # V before the reset: 0.75, 1.125, 0.8125, 1.15625
    assert trace.spikes[0][0, :, 0].tolist() == [False, True, False, True]
    assert trace.membranes[0][0, :, 0].tolist() == [0.75, 0.125, 0.8125, 0.15625]


def test_float_spike_subtracts_rho():
    cells = replace(layer([[1.0]], beta=0.5), rho=[1.5])
    trace = network(cells, readout="count").simulate(x([192]))
    # V before the reset: 0.75, 1.125, 0.5625, 1.03125
    assert trace.spikes[0][0, :, 0].tolist() == [False, True, False, True]
    assert trace.membranes[0][0, :, 0].tolist() == [0.75, -0.375, 0.5625, -0.46875]


def test_float_spike_subtracts_theta_without_rho():
    cells = layer([[1.0, 0.5]], theta=0.7)
    assert cells.rho is None
    assert cells.subtracted.tolist() == [0.7, 0.7]
    assert replace(cells, rho=[0.1, 2.0]).subtracted.tolist() == [0.1, 2.0]


def test_float_set_reset_with_bias_and_start():
    cells = layer([[0.0]], beta=1.0, bias=0.3, reset="set", v_reset=-0.1, v_start=0.8)
    trace = network(cells, readout="count").simulate(x([0]))
    assert trace.spikes[0][0, :, 0].tolist() == [True, False, False, False]
    # Exactly v_reset, without a rounding error from adding and subtracting it.
    assert trace.membranes[0][0, 0, 0] == -0.1
    np.testing.assert_allclose(trace.membranes[0][0, 1:, 0], [0.2, 0.5, 0.8])


def test_float_membrane_at_threshold_fires():
    trace = network(layer([[2.0]], theta=1.0), steps=1, readout="count").simulate(x([128]))
    assert trace.spikes[0].all()


def test_float_layers_run_in_the_same_step():
    chain = network(layer([[256.0]]), layer([[1.0]], theta=None, beta=1.0), steps=3)
    trace = chain.simulate(x([1]))
    assert trace.spikes[0].all()
    assert trace.membranes[1][0, :, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("readout", "answer"), [("count", 0), ("max", 1), ("last", 2)], ids=["count", "max", "last"]
)
def test_readout_count_max_and_last(readout, answer):
    # Neuron 0 fires, which leaves it at 0; neuron 1 starts high and leaks; neuron 2 ends highest.
    cells = FloatLayer(
        weights=np.zeros((1, 3)),
        bias=np.array([3.0, 0.0, 0.2]),
        beta=np.array([1.0, 0.5, 1.0]),
        theta=np.array([3.0, 9.0, 9.0]),
        reset="subtract",
        v_reset=np.zeros(3),
        v_start=np.array([0.0, 4.0, 0.0]),
    )
    assert network(cells, readout=readout).simulate(x([0])).answers.tolist() == [answer]


@pytest.mark.parametrize("readout", ["count", "max", "last"])
def test_readout_lowest_index_wins_a_tie(readout):
    tie = network(layer([[0.0, 1.0, 1.0]]), readout=readout)
    assert tie.simulate(x([255])).answers.tolist() == [1]


def test_rate_spikes_are_accumulator_overflows():
    levels = np.arange(256, dtype=np.uint8)
    spikes = encoders.spikes("rate", levels[None], 100)
    a = np.full(256, 128)
    for t in range(100):
        np.testing.assert_array_equal(spikes[0, t], a + levels >= 256)
        a = (a + levels) & 255
    assert (spikes.shape, spikes.dtype) == ((1, 100, 256), bool)


def test_rate_spikes_are_input_of_first_layer():
    count = network(layer([[1.0]], theta=None, beta=1.0), encoder="rate", steps=8, readout="last")
    assert count.simulate(x([160])).membranes[0][0, :, 0].tolist() == [1, 1, 2, 3, 3, 4, 4, 5]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": np.zeros(3)}, r"weights have shape \(3,\)"),
        ({"weights": np.zeros((3, 0))}, r"weights have shape \(3, 0\)"),
        ({"weights": np.full((1, 2), np.nan)}, "weights holds values that are not finite"),
        ({"bias": np.zeros(3)}, r"bias has shape \(3,\); it must be \(2,\)"),
        ({"theta": np.array([1, np.inf])}, "theta holds values that are not finite"),
        ({"rho": np.ones(3)}, r"rho has shape \(3,\); it must be \(2,\)"),
        ({"rho": np.array([1, np.nan])}, "rho holds values that are not finite"),
        ({"rho": np.ones(2), "theta": None}, "rho is subtracted by a spike, but without theta"),
        ({"beta": np.array([0.5, 1.5])}, r"beta lies in 0.5..1.5; it must be in 0..1"),
        ({"reset": "none"}, "reset is 'none'; it must be one of subtract, set"),
    ],
)
def test_float_layer_impossible_fields_are_refused(change, words):
    with pytest.raises(SpikeletError, match=words):
        replace(layer([[1.0, 2.0]]), **change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layers": ()}, "at least one layer"),
        ({"layers": (layer([[1.0]], theta=None), layer([[1.0]]))}, "layer 0 never fires"),
        ({"layers": (layer([[1.0, 2.0]]), layer([[1.0]]))}, "layer 0 has 2 neurons, but layer 1"),
        ({"layers": (layer([[1.0]], theta=None),), "readout": "count"}, "count needs"),
        ({"encoder": "morse"}, "encoder is 'morse'"),
        (
            {"encoder": "delta", "encoder_parameter": 8, "stream": StreamWindow(4, 2)},
            "the first layer has 1 inputs; encoder delta has two for each channel",
        ),
        ({"readout": "best"}, "readout is 'best'"),
        ({"steps": 0}, "steps is 0"),
        ({"dt": float("nan")}, "dt is nan"),
        ({"classes": ("a", "b")}, "2 classes for the last layer's 1 neurons"),
    ],
)
def test_float_network_impossible_fields_are_refused(change, words):
    with pytest.raises(SpikeletError, match=words):
        replace(network(layer([[1.0]])), **change)


@pytest.mark.parametrize(
    "samples", [x([1, 2]), x([1])[None], np.array([[1]]), np.array([[1.0]])], ids=str
)
def test_float_network_wrong_samples_are_refused(samples):
    with pytest.raises(SpikeletError, match=r"this network takes uint8\[n, 1\]"):
        network(layer([[1.0]])).simulate(samples)
