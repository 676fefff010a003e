"""The reference simulator against the design's equations, and against sums by hand."""

from dataclasses import replace

import naive_simulator
import numpy as np
import pytest
from random_networks import random_inputs, random_network

from spikelet.errors import SpikeletError
from spikelet.inputs import encoders
from spikelet.networks import reference, reference_numbers
from spikelet.networks.geometry import Geometry
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network


def one_layer(weights, *, encoder="rate", steps=4, readout="count", **fields) -> Network:
    layer = Layer(weights=np.array(weights, np.int8), **fields)
    return Network(encoder, steps, readout, tuple("abcdefgh"[: layer.neurons]), [layer])


def run(network, x):
    """Return (spikes, membranes, answer) of one sample, of the last layer, as lists."""
    trace = network.simulate(np.array([x], np.uint8))
    return trace.spikes[-1][0].T.tolist(), trace.membranes[-1][0].tolist(), int(trace.answers[0])


@pytest.mark.parametrize("seed", range(24))
def test_reference_agrees_with_naive_simulator(seed):
    network = random_network(seed)
    x = random_inputs(network, seed, 3)
    trace = network.simulate(x)
    spikes, membranes, answers = naive_simulator.simulate(network, x)
    assert trace.answers.tolist() == answers
    for k, layer in enumerate(network.layers):
        assert trace.spikes[k].dtype == np.uint8
        assert trace.membranes[k].dtype == np.int16
        assert trace.spikes[k].shape == (3, network.steps, layer.neurons)
        assert trace.spikes[k].tolist() == [[step[k] for step in sample] for sample in spikes]
        assert trace.membranes[k].tolist() == [sample[k] for sample in membranes]


def test_reference_samples_are_independent():
    network = random_network(7)
    x = random_inputs(network, 7, 8)
    together, alone = network.simulate(x), network.simulate(x[5:6])
    assert np.array_equal(together.spikes[-1][5], alone.spikes[-1][0])
    assert np.array_equal(together.membranes[-1][5], alone.membranes[-1][0])


@pytest.mark.parametrize("encoder", ["direct", "rate", "bernoulli", "latency", "phase"])
def test_reference_without_samples_has_no_answers(encoder):
    value = encoders.parameter(encoder, None)
    network = replace(one_layer([[1, 2]], theta=1), encoder=encoder, encoder_parameter=value)
    assert network.simulate(np.zeros((0, network.channels), np.uint8)).answers.shape == (0,)


@pytest.mark.parametrize(
    ("x", "spikes"),
    [
        (0, [0, 0, 0, 0, 0, 0, 0, 0]),
        (1, [0, 0, 0, 0, 0, 0, 0, 0]),
        # 192, 256, 64, 128, 192, 256, ...
        (64, [0, 1, 0, 0, 0, 1, 0, 0]),
        # 228, 328, 172, 272, 116, 216, 316, 160
        (100, [0, 1, 0, 1, 0, 0, 1, 0]),
        (128, [1, 0, 1, 0, 1, 0, 1, 0]),
        # 383, 382, 381, ... never below 256
        (255, [1, 1, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_reference_rate_encoder(x, spikes):
    relay = one_layer([[1]], steps=8, theta=1, rho=1)
    assert run(relay, [x])[0] == [spikes]


def test_reference_direct_applies_shift_then_gain_then_bias():
    # 200 * 3 - 100 * 7 = -100; >> 8 is -1, not 0; << 2 is -4; + 5 is 1 in each of 3 steps
    network = one_layer([[3], [-7]], encoder="direct", steps=3, gain=2, bias=5, readout="last")
    assert run(network, [200, 100])[1] == [3]


def test_reference_direct_shifts_whole_sum():
    # 255 * 1 + 255 * 1 = 510; >> 8 is 1, though each part alone is 0
    assert run(one_layer([[1], [1]], encoder="direct", steps=1, readout="last"), [255, 255])[1] == [
        1
    ]


def test_reference_subtract_reset_keeps_the_excess():
    # V: 7 of 10, 14 -> 4, 11 -> 1, 8
    network = one_layer([[7]], theta=10, rho=10)
    assert run(network, [255])[:2] == ([[0, 1, 1, 0]], [8])


def test_reference_subtract_reset_uses_rho_not_theta():
    # V: 7, 14 -> 11, 18 -> 15, 22 -> 19
    network = one_layer([[7]], theta=10, rho=3)
    assert run(network, [255])[:2] == ([[0, 1, 1, 1]], [19])


def test_reference_set_reset_drops_the_excess():
    # V: 7, 14 -> -2, 5, 12 -> -2
    network = one_layer([[7]], theta=10, rho=99, v_reset=-2, reset="set")
    assert run(network, [255])[:2] == ([[0, 1, 0, 1]], [-2])


def test_reference_fires_exactly_at_threshold():
    network = one_layer([[5, 5]], steps=1, theta=[5, 6], rho=5)
    assert run(network, [255])[:2] == ([[1], [0]], [0, 5])


def test_reference_leak_of_negative_membrane_rounds_down():
    # (-7 * 64) >> 8 is -2, not -1: -7 -> -5; then -5 * 64 >> 8 is -2: -3; -1: -2; -1: -1
    network = one_layer([[0]], d=64, r=8, v_start=-7, readout="last")
    assert run(network, [0])[1] == [-1]


def test_reference_leak_of_small_membrane_is_0():
    # (3 * 64) >> 8 is 0: it stays
    assert run(one_layer([[0]], d=64, r=8, v_start=3, readout="last"), [0])[1] == [3]


def test_reference_leak_comes_before_drive():
    # 100 - 50 + 8 = 58, 58 - 29 + 8 = 37
    network = one_layer([[8]], steps=2, d=128, r=8, v_start=100, readout="last")
    assert run(network, [255])[1] == [37]


def test_reference_floor_comes_before_threshold():
    # 0 - 9 becomes -5 at the floor, which reaches the threshold -6.
    network = one_layer([[-9]], steps=1, low=-5, theta=-6, rho=1)
    assert run(network, [255])[:2] == ([[1]], [-6])


def test_reference_recurrent_spikes_arrive_a_step_later():
    # V: 10 -> 0; 10 - 6 = 4; 14 -> 4 after a silent step; 4 + 10 - 6 = 8
    network = one_layer([[10]], theta=10, rho=10, recurrent=np.array([[-6]], np.int8))
    assert run(network, [255])[:2] == ([[1, 0, 1, 0]], [8])


def test_reference_recurrent_sum_has_gain_but_no_shift():
    # (10 >> 0) << 1 = 20; ((10 >> 1) + 5) << 1 = 20
    layer = Layer(
        weights=np.array([[10]], np.int8), gain=1, theta=1, recurrent=np.array([[5]], np.int8)
    )
    network = Network("phase", 2, "count", ("a",), [layer], encoder_parameter=2)
    assert run(network, [255])[1] == [40]


def test_reference_recurrent_weights_go_from_row_to_column():
    # Only a has an input, and a excites b.
    network = one_layer(
        [[1, 0]], steps=2, theta=1, rho=1, recurrent=np.array([[0, 1], [0, 0]], np.int8)
    )
    assert run(network, [255])[0] == [[1, 1], [0, 1]]


def test_reference_current_leaks_and_takes_drive_first():
    # I: 8, 8 - 4 + 8 = 12, 12 - 6 + 8 = 14; V: 8, 20, 34
    network = one_layer([[8]], steps=3, current_d=128, readout="last")
    assert run(network, [255])[1] == [34]


def test_reference_current_leak_has_own_r_and_rounds_down():
    # I: -7, then -7 - ((-7 * 128) >> 9) - 7 = -7 + 2 - 7 = -12; V: -7, -7 + 4 - 12 = -15
    network = one_layer([[-7]], steps=2, current_d=128, current_r=9, d=128, r=8, readout="last")
    assert run(network, [255])[1] == [-15]


def test_reference_bias_and_gain_feed_the_current():
    # I: 4 * 2 + 3 = 11, 22; V: 11, 33
    network = one_layer([[4]], steps=2, gain=1, bias=3, current_d=0, readout="last")
    assert run(network, [255])[1] == [33]


@pytest.mark.parametrize(
    ("fields", "x", "membranes"),
    [
        ({"size": (1, 4), "out": (1, 3)}, [255, 0, 255, 0], [1, 10, 1]),
        ({"size": (1, 4), "out": (1, 1), "pool": (1, 2)}, [255] * 4, [22]),
        ({"size": (1, 5), "out": (1, 1), "pool": (1, 2)}, [0, 0, 0, 0, 255], [0]),
        ({"size": (1, 3), "out": (1, 2), "stride": (1, 2), "padding": (0, 1)}, [255] * 3, [10, 11]),
        ({"size": (1, 2), "out": (1, 2)}, [255, 255], [11, 1]),
        ({"size": (2, 2), "out": (2, 1)}, [255, 0, 0, 255], [1, 10]),
    ],
)
def test_reference_convolutions(fields, x, membranes):
    geometry = Geometry(**{"channels": 1, "kernel": (1, 2), **fields})
    network = one_layer([[1], [10]], steps=1, geometry=geometry, readout="last")
    assert run(network, x)[1] == membranes


def test_reference_channels_and_maps_are_innermost():
    # Two pixels of two channels. The first map takes the first channel, the second map the second.
    geometry = Geometry(size=(1, 2), channels=2, kernel=(1, 1), out=(1, 2))
    network = one_layer([[1, 0], [0, 10]], steps=1, geometry=geometry, bias=[0, 5], readout="last")
    assert run(network, [255, 0, 255, 255])[1] == [1, 5, 1, 15]


def test_reference_direct_convolution_shifts_whole_sum():
    # A pool of 4 inputs of 64 is a whole unit.
    geometry = Geometry(size=(2, 2), channels=1, kernel=(1, 1), out=(1, 1), pool=(2, 2))
    network = one_layer([[1]], encoder="direct", steps=1, geometry=geometry, readout="last")
    assert run(network, [64, 64, 64, 64])[1] == [1]


def test_reference_layers_run_in_the_same_step():
    first = Layer(weights=np.array([[1]], np.int8), theta=1, rho=1)
    second = Layer(weights=np.array([[3]], np.int8), theta=6, rho=6)
    network = Network("rate", 4, "count", ("a",), [first, second])
    assert run(network, [255])[0] == [[0, 1, 0, 1]]


@pytest.mark.parametrize(("readout", "answer"), [("count", 0), ("max", 1), ("last", 2)])
def test_readout_count_max_and_last(readout, answer):
    # Neuron a fires in each step and falls to 0; b takes 20, 10, 5; c takes 2, 4, 6.
    network = one_layer(
        [[0, 0, 0]],
        steps=3,
        readout=readout,
        theta=[10, 99, 99],
        reset="set",
        v_start=[0, 40, 0],
        d=[0, 128, 0],
        bias=[10, 0, 2],
    )
    assert run(network, [0])[2] == answer


@pytest.mark.parametrize("readout", ["count", "max", "last"])
def test_readout_lowest_index_wins_a_tie(readout):
    network = one_layer([[1, 2, 2, 2]], steps=2, readout=readout, theta=2, rho=1)
    assert run(network, [255])[2] == 1


def test_readout_max_uses_membranes_after_reset():
    # The first reaches 9 and is reset to 0; the second stays at 1, below its threshold.
    network = one_layer([[9, 1]], steps=1, theta=5, reset="set", readout="max")
    assert run(network, [255])[2] == 1


def test_reference_accepts_both_ends_of_int16():
    network = one_layer([[-128, 127]] * 256, steps=1, bias=[0, 255], readout="last")
    assert run(network, [255] * 256)[1] == [-0x8000, 0x7FFF]


@pytest.mark.parametrize(("bias", "reached"), [([-1, 0], -32769), ([0, 256], 32768)])
def test_reference_beyond_int16_is_refused_with_value(bias, reached):
    network = one_layer([[-128, 127]] * 256, steps=1, bias=bias, readout="last")
    with pytest.raises(SpikeletError, match=f"layer 0 reaches {reached}, outside int16"):
        run(network, [255] * 256)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((2, 3), np.int64),
        np.zeros((2, 3), np.float64),
        np.zeros((2, 4), np.uint8),
        np.zeros(3, np.uint8),
        np.zeros((2, 3, 1), np.uint8),
    ],
)
def test_reference_wrong_samples_are_refused(x):
    with pytest.raises(SpikeletError, match=r"this network takes uint8\[n, 3\]"):
        one_layer([[1], [1], [1]], readout="last").simulate(x)


def numbers_of(network):
    """Return the simulator's numbers of each layer of a network without a stream."""
    direct = [network.encoder == "direct" and k == 0 for k in range(len(network.layers))]
    return [
        reference_numbers.layer_numbers(layer, first, network.steps)
        for layer, first in zip(network.layers, direct, strict=True)
    ]


@pytest.mark.parametrize(
    ("change", "value"), [("weights", -7), ("bias", 30), ("theta", 1), ("v_start", 50), ("d", 200)]
)
def test_reference_sees_layers_changed_in_place(change, value):
    network = one_layer([[9], [4]], encoder="direct", theta=12, rho=12, readout="last")
    x = np.array([[200, 100]], np.uint8)
    before = network.simulate(x)
    getattr(network.layers[0], change)[...] = value
    after = network.simulate(x)
    spikes, membranes, _ = naive_simulator.simulate(network, x)
    assert after.membranes[0].tolist() == [sample[0] for sample in membranes]
    assert after.spikes[0].tolist() == [[step[0] for step in sample] for sample in spikes]
    assert before.membranes[0].tolist() != after.membranes[0].tolist()


def test_reference_sees_changed_steps_and_samples():
    # 127 per step: 2 steps stay within 16 bits, 300 exceed them.
    few = one_layer([[127]], steps=2, readout="last")
    many = replace(few, steps=300)
    for network, samples, reached in ((few, 1, 254), (few, 3, 254), (few, 2, 254)):
        x = np.full((samples, 1), 255, np.uint8)
        assert network.simulate(x).membranes[0].tolist() == [[reached]] * samples
    with pytest.raises(SpikeletError, match="layer 0 reaches 32893, outside int16"):
        many.simulate(np.full((2, 1), 255, np.uint8))
    assert few.simulate(x).membranes[0].tolist() == [[254], [254]]


def test_reference_numbers_proved_layer_uses_int16():
    (numbers,) = numbers_of(one_layer([[127]], steps=258, readout="last"))
    assert numbers.proved
    assert numbers.kind == np.int16
    assert numbers.weights.dtype == np.float32


@pytest.mark.parametrize(
    "fields",
    [
        {"steps": 259},
        {"steps": 2, "bias": 0x7FFF},
        {"steps": 2, "v_start": -0x8000},
        {"steps": 2, "theta": 1, "rho": -0x7FFF},
        {"steps": 200, "gain": 1},
        {"steps": 200, "recurrent": np.array([[-127]], np.int8), "theta": 1},
        {"steps": 30, "current_d": 1},
        {"steps": 2, "low": 0x7FFF},
    ],
)
def test_reference_numbers_unproved_layer_uses_int32(fields):
    (numbers,) = numbers_of(one_layer([[127]], readout="last", **fields))
    assert not numbers.proved
    assert numbers.kind == np.int32


@pytest.mark.parametrize(("d", "kind"), [(0, np.int16), (64, np.int16), (65, np.int32)])
def test_reference_numbers_leak_that_is_no_shift_uses_int32(d, kind):
    (numbers,) = numbers_of(one_layer([[1]], steps=2, d=d, readout="last"))
    assert numbers.proved
    assert numbers.kind == kind


def test_reference_numbers_large_sums_use_float64():
    # A partial sum is 255 * 127 * 600, beyond the 2**24 of float32.
    weights = np.repeat(np.array([[127], [-127], [1]], np.int8), (600, 400, 1), axis=0)
    network = one_layer(weights, encoder="direct", steps=1, readout="last")
    (numbers,) = numbers_of(network)
    assert numbers.weights.dtype == np.float64
    x = np.full((1, 1001), 255, np.uint8)
    assert network.simulate(x).membranes[0].tolist() == [[(255 * 127 * 200 + 255) >> 8]]


def test_reference_numbers_only_small_convolution_is_matrix():
    small = Geometry(size=(1, 4), channels=1, kernel=(1, 2), out=(1, 3))
    (numbers,) = numbers_of(one_layer([[1], [10]], geometry=small, readout="last"))
    assert numbers.geometry is None
    assert numbers.weights.tolist() == [[1, 0, 0], [10, 1, 0], [0, 10, 1], [0, 0, 10]]
    large = Geometry(size=(30, 30), channels=1, kernel=(1, 2), out=(30, 29))
    (numbers,) = numbers_of(one_layer([[1], [10]], geometry=large, readout="last"))
    assert numbers.geometry == large


def test_simulation_without_stream_restarts_each_run():
    simulation = reference.Simulation(one_layer([[5]], steps=2, readout="last"))
    x = np.array([[255]], np.uint8)
    assert [simulation.run(x).membranes[0].tolist() for _ in range(2)] == [[[10]]] * 2
