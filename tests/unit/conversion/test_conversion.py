"""Converted networks fire like the float ones, fit int16, and report the changes."""

import re

import numpy as np
import pytest

from spikelet.conversion import convert as conversion
from spikelet.conversion.convert import convert_network, leak_integers
from spikelet.errors import SpikeletError
from spikelet.networks import proof
from spikelet.networks.float_network import FloatLayer, FloatNetwork


def float_layer(weights, *, theta=1.0, beta=0.9, reset="subtract", **fields) -> FloatLayer:
    weights = np.array(weights, float)
    neurons = weights.shape[1]
    values = {"bias": 0.0, "v_reset": 0.0, "v_start": 0.0, **fields, "beta": beta}
    arrays = {name: np.broadcast_to(value, neurons) for name, value in values.items()}
    thresholds = None if theta is None else np.broadcast_to(theta, neurons)
    return FloatLayer(weights=weights, theta=thresholds, reset=reset, **arrays)


def float_network(*layers, encoder="rate", steps=8, readout="max") -> FloatNetwork:
    classes = tuple(str(j) for j in range(layers[-1].neurons))
    return FloatNetwork(layers, encoder, steps, readout, classes)


def random_float_network(seed: int, encoder: str, reset: str) -> FloatNetwork:
    """Return a network of layers 64-48-10 in which some neurons fire often, others seldom."""
    rng = np.random.default_rng(seed)
    layers = [
        float_layer(
            rng.uniform(-1, 1.1, (inputs, neurons)) * 4 / np.sqrt(inputs),
            theta=rng.uniform(0.8, 1.5, neurons),
            beta=rng.uniform(0.7, 0.98, neurons),
            bias=rng.normal(0, 0.02, neurons),
            reset=reset,
            v_reset=-0.1,
        )
        for inputs, neurons in ((64, 48), (48, 10))
    ]
    return float_network(*layers, encoder=encoder, steps=6)


def reach(layer, *, direct=False, steps=8) -> proof.Interval:
    return proof.layer_bounds(layer, direct=direct, steps=steps).reach


@pytest.mark.parametrize(
    ("beta", "d", "r"),
    [
        (1.0, 0, 8),
        (1 / 256, 255, 8),
        (0.5, 128, 8),
        (0.75, 64, 8),
        (1 - 1 / 256, 1, 8),
        (1 - 1 / 512, 1, 9),
        (1 - 1 / 32768, 1, 15),
        (0.8, 205, 10),
        (0.9, 205, 11),
        (0.95, 205, 12),
        (0.99, 41, 12),
    ],
)
def test_leak_integers_of_known_betas(beta, d, r):
    leaks, shift = leak_integers(np.array([beta]))
    assert (leaks.tolist(), shift) == ([d], r)
    assert abs(1 - d / 2**r - beta) < 3e-4


@pytest.mark.parametrize("seed", range(5))
def test_leak_integers_share_r_and_are_nearest(seed):
    beta = np.random.default_rng(seed).uniform(0.7, 1, 20)
    d, r = leak_integers(beta)
    errors = np.abs(1 - d / 2**r - beta)
    assert errors.max() <= 2.0 ** -(r + 1)
    for other in range(8, 16):
        steps = np.arange(256) / 2**other
        nearest = np.abs(1 - steps[:, None] - beta).min(axis=0)
        assert errors.max() <= nearest.max() + 1e-12


@pytest.mark.parametrize("beta", [0.0, 0.001])
def test_convert_too_fast_leak_is_refused(beta):
    network = float_network(float_layer([[1.0, 1.0]], beta=[0.5, beta]))
    with pytest.raises(SpikeletError, match=rf"layer 0 has beta {beta:g}; .* 1/256"):
        convert_network(network)


WEIGHTS = np.array([[0.5, -0.25, 0.01], [-1.0, 0.125, -0.02]])


def test_convert_compared_neurons_share_one_scale():
    integer, (report,) = convert_network(float_network(float_layer(WEIGHTS, beta=0.5)))
    assert integer.layers[0].weights.dtype == np.int8
    assert integer.layers[0].weights.tolist() == [[64, -32, 1], [-127, 16, -2]]
    assert integer.layers[0].theta.tolist() == [127] * 3
    assert report.scale.tolist() == [127] * 3
    assert (report.levels, report.changes) == (127, ())


def test_convert_each_neuron_has_own_scale_up_to_4_times():
    network = float_network(float_layer(WEIGHTS, beta=0.5), readout="count")
    integer, (report,) = convert_network(network)
    assert integer.layers[0].weights.tolist() == [[64, -127, 5], [-127, 64, -10]]
    assert integer.layers[0].theta.tolist() == [127, 508, 508]
    # At most four times the scale of the layer.
    assert report.scale.tolist() == [127, 508, 508]


def test_convert_falls_back_to_one_scale():
    layer = float_layer([[1.0, 0.25]], theta=70.0, beta=0.5)
    integer, (report,) = convert_network(float_network(layer, readout="count"))
    assert report.scale.tolist() == [127, 127]
    assert integer.layers[0].theta.tolist() == [8890, 8890]
    assert report.changes == ()


def test_convert_rounding_keeps_sum_of_weights():
    weights = np.random.default_rng(0).uniform(0.5, 1, (400, 6)) / 127
    weights[0] = 1
    layer = float_layer(weights, beta=0.5)
    integer, (report,) = convert_network(float_network(layer))
    whole, scaled = integer.layers[0].weights.astype(int), weights * report.scale
    assert np.abs(whole.sum(axis=0) - scaled.sum(axis=0)).max() <= 0.5
    assert np.abs(whole - scaled).max() < 1
    assert np.abs(np.rint(scaled).sum(axis=0) - scaled.sum(axis=0)).min() > 50


@pytest.mark.parametrize(("bits", "most"), [(8, 127), (6, 31), (4, 7), (3, 3)])
def test_convert_fewer_bits_keep_membrane_resolution(bits, most):
    layer = float_layer(np.random.default_rng(bits).normal(0, 0.5, (20, 6)), beta=0.5)
    integer, (report,) = convert_network(float_network(layer), bits=bits)
    weights = integer.layers[0].weights
    assert np.abs(weights).max() == report.levels == most
    assert np.abs(weights - layer.weights * most / abs(layer.weights).max()).max() < 1
    assert integer.layers[0].gain == 8 - bits
    eight = convert_network(float_network(layer))[0].layers[0]
    # The least ratio is 3 << 5 to 127.
    assert 0.75 <= integer.layers[0].theta[0] / eight.theta[0] <= 1


@pytest.mark.parametrize("bits", [8, 6, 4, 3])
def test_convert_weights_on_the_grid_are_exact(bits):
    most = 2 ** (bits - 1) - 1
    grid = np.random.default_rng(bits).integers(-most, most + 1, (16, 8))
    grid[0, 0] = most
    integer, _ = convert_network(float_network(float_layer(grid * 0.0371)), bits=bits)
    np.testing.assert_array_equal(integer.layers[0].weights, grid)


@pytest.mark.parametrize("bits", [2, 9])
def test_convert_impossible_bits_are_refused(bits):
    with pytest.raises(SpikeletError, match=rf"bits is {bits}; it must be 3..8"):
        convert_network(float_network(float_layer([[1.0]])), bits=bits)


def test_convert_scales_and_rounds_parameters():
    layer = float_layer(
        [[1.0, -2.0]],
        theta=[1.0, 1.5],
        beta=1.0,
        bias=[0.1, -0.1],
        v_reset=[0.25, -0.25],
        v_start=[0.5, 0.0],
        reset="set",
    )
    integer, (report,) = convert_network(float_network(layer))
    assert report.scale.tolist() == [63.5, 63.5]
    converted = integer.layers[0]
    assert converted.theta.tolist() == converted.rho.tolist() == [64, 95]
    assert converted.bias.tolist() == [6, -6]
    assert converted.v_reset.tolist() == [16, -16]
    assert converted.v_start.tolist() == [32, 0]
    assert converted.reset == "set"


def test_convert_scales_rho_separately():
    layer = float_layer([[1.0, -2.0]], theta=[1.0, 1.5], rho=[1.25, 0.5])
    integer, (report,) = convert_network(float_network(layer))
    assert report.scale.tolist() == [63.5, 63.5]
    assert integer.layers[0].theta.tolist() == [64, 95]
    assert integer.layers[0].rho.tolist() == [79, 32]
    x = np.arange(0, 256, 5, dtype=np.uint8)[:, None]
    floats, integers = float_network(layer).simulate(x), integer.simulate(x)
    assert 0.3 < floats.spikes[0][..., 0].mean() < 0.9
    np.testing.assert_array_equal(integers.spikes[0], floats.spikes[0])


def test_convert_rho_beyond_int16_is_scaled_down():
    layer = float_layer([[1.0]], rho=400.0, beta=0.5)
    integer, (report,) = convert_network(float_network(layer))
    assert integer.layers[0].rho[0] <= 0x7FFF
    assert integer.layers[0].rho[0] / integer.layers[0].theta[0] == pytest.approx(400, 0.02)
    assert "50800" in report.changes[0]


def test_convert_bias_compensates_rounding_down():
    # A leak that is rounded down takes half a unit too little, a shifted drive is half a unit short.
    def bias(encoder, beta):
        # 12.7 and 15.24 units.
        layer = float_layer([[1.0, 1.0]], beta=beta, bias=[0.1, 0.12])
        return convert_network(float_network(layer, encoder=encoder))[0].layers[0].bias.tolist()

    assert bias("rate", 1.0) == [13, 15]
    # 12.2, 14.74
    assert bias("rate", 0.5) == [12, 15]
    # 13.2, 15.74
    assert bias("direct", 1.0) == [13, 16]
    assert bias("direct", 0.5) == [13, 15]


def test_convert_keeps_encoder_readout_and_sha256():
    layer = float_layer([[1.0]])
    network = FloatNetwork((layer,), "direct", 5, "last", ("näm",))
    integer, _ = convert_network(network, bytes(range(32)))
    assert (integer.encoder, integer.steps, integer.readout) == ("direct", 5, "last")
    assert (integer.classes, integer.source_sha256) == (("näm",), bytes(range(32)))


def test_convert_keeps_readout_without_threshold():
    integer, _ = convert_network(float_network(float_layer([[1.0]], theta=None)))
    assert integer.layers[0].theta is None


def test_convert_slow_leak_gets_gain():
    fast, slow = (float_layer([[1.0], [-0.5]], beta=beta) for beta in (0.8, 0.998))
    assert convert_network(float_network(fast))[0].layers[0].gain == 0
    converted = convert_network(float_network(slow))[0].layers[0]
    assert converted.gain > 0
    leak = converted.d[0] / 2**converted.r
    assert converted.theta[0] * leak >= conversion.LEAST_LEAK
    assert converted.theta[0] == 127 << converted.gain


def test_convert_negative_overflow_gets_floor_and_sentence():
    layer = float_layer(np.full((64, 2), -1.0), beta=1.0)
    integer, (report,) = convert_network(float_network(layer))
    assert integer.layers[0].low.tolist() == [-8192, -8192]
    assert (report.levels, reach(integer.layers[0]).fits) == (127, True)
    (change,) = report.changes
    assert re.match("it could reach -[0-9]+, beyond -32768: a floor at -8192 was set, ", change)


def test_convert_positive_overflow_is_scaled_down():
    layer = float_layer(np.full((64, 2), 1.0), theta=None, beta=1.0)
    integer, (report,) = convert_network(float_network(layer))
    assert integer.layers[0].low is None
    assert report.levels == integer.layers[0].weights.max() == 63
    assert 0.95 * 0x7FFF < reach(integer.layers[0]).high <= 0x7FFF
    assert all("beyond 32767" in change for change in report.changes)
    assert "weights were scaled down to +-63" in report.changes[-1]


def test_convert_floor_sentence_names_lower_limit():
    weights = np.vstack([np.full((55, 1), -1.0), np.full((60, 1), 1.0)])
    _, (report,) = convert_network(float_network(float_layer(weights, theta=None, beta=1.0)))
    floor = next(change for change in report.changes if "floor" in change)
    assert "beyond -32768" in floor


def test_convert_lowers_gain_before_weights():
    layer = float_layer(np.full((64, 1), 1.0), theta=1.0, beta=0.998, reset="set")
    integer, (report,) = convert_network(float_network(layer, steps=4))
    assert integer.layers[0].gain < conversion._gain(layer, 8)
    assert report.levels == 127
    assert all("gain" in change for change in report.changes)


def test_convert_theta_beyond_int16_is_scaled_down():
    layer = float_layer([[1.0]], theta=400.0, beta=0.5)
    integer, (report,) = convert_network(float_network(layer))
    assert integer.layers[0].theta[0] <= 0x7FFF
    assert integer.layers[0].theta[0] / integer.layers[0].weights[0, 0] == pytest.approx(400, 0.01)
    assert "50800" in report.changes[0]


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (float_layer([[1.0]], theta=5000.0), r"layer 0 can reach \d+, above 32767"),
        (float_layer([[1.0]], bias=-9000.0), r"layer 0 can reach -\d+, below -32768"),
        (float_layer(np.full((9000, 1), 1.0)), r"layer 0 can reach \d+, above 32767"),
        (float_layer([[0.0]]), "layer 0 has no weight but zero"),
    ],
)
def test_convert_impossible_layer_is_refused_with_numbers(layer, words):
    with pytest.raises(SpikeletError, match=words):
        convert_network(float_network(layer))


def test_convert_error_names_the_layer():
    good, bad = float_layer([[1.0]]), float_layer([[1.0]], theta=5000.0)
    with pytest.raises(SpikeletError, match="layer 1 can reach"):
        convert_network(float_network(good, bad))


@pytest.mark.parametrize("reset", ["subtract", "set"])
@pytest.mark.parametrize("encoder", ["direct", "rate"])
@pytest.mark.parametrize("seed", range(3))
def test_convert_random_networks_fire_alike(seed, encoder, reset):
    network = random_float_network(seed, encoder, reset)
    integer, reports = convert_network(network)
    assert all(report.bounds.reach.fits for report in reports)
    x = np.random.default_rng(seed).integers(0, 256, (100, 64), np.uint8)
    floats, integers = network.simulate(x), integer.simulate(x)
    alike = [(a == b).mean() for a, b in zip(floats.spikes, integers.spikes, strict=True)]
    assert all(0.2 < spikes.mean() < 0.7 for spikes in floats.spikes)
    assert alike[0] > 0.99
    # A spike that differs also changes the neurons after it.
    assert alike[1] > 0.95


@pytest.mark.parametrize("reset", ["subtract", "set"])
@pytest.mark.parametrize("encoder", ["direct", "rate"])
def test_convert_membranes_agree_within_rounding(encoder, reset):
    network = random_float_network(0, encoder, reset)
    alone = float_network(network.layers[0], encoder=encoder, steps=6)
    integer, (report,) = convert_network(alone)
    x = np.random.default_rng(0).integers(0, 256, (200, 64), np.uint8)
    floats, integers = alone.simulate(x), integer.simulate(x)
    alike = (floats.spikes[0] == integers.spikes[0]).all(axis=1)
    difference = integers.membranes[0] / report.scale - floats.membranes[0][:, -1]
    # Thresholds are 0.8 to 1.5.
    assert np.abs(difference[alike]).max() < 0.12
