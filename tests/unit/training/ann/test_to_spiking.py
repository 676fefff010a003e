"""Conversion of ReLU networks to spiking ones: exactness, thresholds, and loss on the digits."""

from dataclasses import replace

import numpy as np
import pytest
from thorough import thorough

from spikelet.conversion import convert as conversion
from spikelet.errors import SpikeletError
from spikelet.inputs.dataset import load_digits, split
from spikelet.networks import score
from spikelet.networks.geometry import Geometry
from spikelet.training.ann.network import ReluLayer, ReluNetwork
from spikelet.training.ann.to_spiking import against_steps, convert_ann, thresholds
from spikelet.training.ann.train import ReluOptions, train_ann

SEEDS = 5
STEPS = 8
# Accuracy of the ReLU network, mean over seeds.
LEAST_ACCURACY = 0.985
# Loss of accuracy, mean over seeds.
MOST_LOST = 0.003
# Synaptic events per image.
MOST_EVENTS = 4000
# Accuracy and events of convolutions.
LEAST_CONVOLVED, MOST_CONVOLVED_EVENTS = 0.975, 8000


def random_network(levels, sizes=(6, 9, 3), clips=(1.7,), seed=0):
    """Return a network with random weights."""
    random = np.random.default_rng(seed)
    shapes = list(zip(sizes[:-1], sizes[1:], strict=True))
    clips = (*clips, None) if levels else (None,) * len(shapes)
    layers = tuple(
        ReluLayer(random.normal(size=shape), random.normal(size=shape[1]), clip)
        for shape, clip in zip(shapes, clips, strict=True)
    )
    return ReluNetwork(layers, tuple(map(str, range(sizes[-1]))), levels)


PADDED = Geometry((4, 5), 2, kernel=(3, 2), out=(2, 6), stride=(2, 1), padding=(1, 1))
POOLED = Geometry((4, 5), 2, kernel=(2, 2), out=(1, 1), pool=(2, 2))
BETWEEN = Geometry((2, 6), 4, kernel=(1, 2), out=(2, 3), padding=(0, 1), pool=(1, 2))


def convolutional(levels, geometries, clips, maps=4):
    """Return a network of convolutions with random weights, and a dense layer after them."""
    random = np.random.default_rng(4)
    clips = clips if levels else (None,) * len(geometries)
    hidden = tuple(
        ReluLayer(
            random.normal(size=(geometry.fan_in, maps)) / geometry.most_inputs,
            random.normal(size=maps),
            clip,
            geometry,
        )
        for geometry, clip in zip(geometries, clips, strict=True)
    )
    weights = random.normal(size=(hidden[-1].neurons, 3))
    return ReluNetwork(
        (*hidden, ReluLayer(weights, random.normal(size=3))), ("a", "b", "c"), levels
    )


def samples(channels=6, count=200):
    """Return random samples."""
    return np.random.default_rng(1).integers(0, 256, (count, channels)).astype(np.uint8)


# Exactness


@pytest.mark.parametrize("levels", [1, 2, 7, 8, 16])
def test_convert_ann_steps_equal_levels_spikes_equal_activations(levels):
    network, x = random_network(levels), samples()
    activations, scores = network.activations(x)
    trace = convert_ann(network, thresholds(network, "learned", x), levels).simulate(x)
    counts = trace.spikes[0].sum(axis=1)
    # Some neurons are silent, and some fire in every step.
    assert {0, levels} <= set(counts.ravel())
    np.testing.assert_array_equal(counts, np.rint(activations * levels / 1.7))
    np.testing.assert_allclose(trace.membranes[1][:, -1], levels * scores, atol=1e-9)
    np.testing.assert_array_equal(trace.answers, network.answers(x))


@pytest.mark.parametrize("geometry", [PADDED, POOLED])
@pytest.mark.parametrize("levels", [1, 3, 8])
def test_convert_ann_convolution_spikes_equal_activations(levels, geometry):
    network, x = convolutional(levels, [geometry], [1.3]), samples(40)
    activations, scores = network.activations(x)
    spiking = convert_ann(network, thresholds(network, "learned", x), levels)
    assert spiking.layers[0].geometry == geometry
    trace = spiking.simulate(x)
    counts = trace.spikes[0].sum(axis=1)
    assert {0, levels} <= set(counts.ravel())
    np.testing.assert_array_equal(counts, np.rint(activations * levels / 1.3))
    np.testing.assert_allclose(trace.membranes[1][:, -1], levels * scores, atol=1e-9)
    np.testing.assert_array_equal(trace.answers, network.answers(x))


@pytest.mark.parametrize("steps", [1, 3, 32])
def test_convert_ann_plain_relu_is_rounded_and_clipped(steps):
    network, x = random_network(None), samples()
    (theta,) = thresholds(network, "percentile", x, 90)
    trace = convert_ann(network, (theta,), steps).simulate(x)
    share = network.activations(x)[0] / theta
    expected = np.clip(np.floor(steps * share + 0.5), 0, steps)
    np.testing.assert_array_equal(trace.spikes[0].sum(axis=1), expected)


@pytest.mark.parametrize(
    "network",
    [random_network(None, (6, 20, 20, 3)), convolutional(None, [PADDED, BETWEEN], None)],
)
def test_convert_ann_deep_layers_converge_with_more_steps(network):
    x = samples(network.channels)
    scores = network.activations(x)[-1]
    thetas = thresholds(network, "maximum", x)
    errors = []
    for steps in (8, 64, 512):
        last = convert_ann(network, thetas, steps).simulate(x).membranes[-1][:, -1]
        errors.append(np.abs(last / steps - scores).mean() / np.abs(scores).mean())
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


def test_convert_ann_neurons_start_at_half_threshold_no_leak():
    network = random_network(4, (6, 9, 5, 3), (1.7, 0.6))
    first, second, last = convert_ann(network, thresholds(network, "learned", samples()), 4).layers
    for layer, theta in ((first, 1.7), (second, 0.6)):
        assert (layer.reset, set(layer.theta), set(layer.v_start)) == (
            "subtract",
            {theta},
            {theta / 2},
        )
        assert set(layer.beta) == {1.0}
    assert last.theta is None
    assert (set(last.beta), set(last.v_start)) == ({1.0}, {0.0})
    np.testing.assert_array_equal(first.weights, network.layers[0].weights)
    np.testing.assert_array_equal(second.weights, network.layers[1].weights * 1.7)
    np.testing.assert_array_equal(last.weights, network.layers[2].weights * 0.6)


def test_convert_ann_convolution_has_parameters_by_map():
    network = convolutional(4, [PADDED, BETWEEN], (1.7, 0.6))
    layers = convert_ann(network, thresholds(network, "learned", samples(40)), 4).layers
    assert [layer.geometry for layer in layers] == [PADDED, BETWEEN, None]
    assert [len(layer.v_start) for layer in layers] == [4, 4, 3]
    np.testing.assert_array_equal(layers[1].weights, network.layers[1].weights * 1.7)


# Thresholds


def test_thresholds_are_maximum_or_percentile_of_active():
    network, x = random_network(None, (6, 9, 5, 3)), samples()
    hidden = network.activations(x)[:-1]
    assert thresholds(network, "maximum", x) == tuple(layer.max() for layer in hidden)
    median = thresholds(network, "percentile", x, 50)
    for theta, layer in zip(median, hidden, strict=True):
        active = layer[layer > 0]
        assert 0.49 < (active <= theta).mean() < 0.51
    assert thresholds(network, "percentile", x, 100) == thresholds(network, "maximum", x)


def test_thresholds_unavailable_are_explained():
    network, x = random_network(None), samples()
    with pytest.raises(SpikeletError, match="no learned clip; balance it by maximum"):
        thresholds(network, "learned", x)
    with pytest.raises(SpikeletError, match="balance is 'mean'"):
        thresholds(network, "mean", x)
    with pytest.raises(SpikeletError, match="percentile is 0"):
        thresholds(network, "percentile", x, 0)
    hidden = network.layers[0]
    silent = replace(hidden, weights=hidden.weights * 0, bias=hidden.bias * 0 - 1)
    with pytest.raises(SpikeletError, match="layer 0 has no activation above 0 on 200 samples"):
        thresholds(replace(network, layers=(silent, network.layers[1])), "maximum", x)


# Digits


def measured(levels, balance, seed):
    """Return three accuracies on the test part (ReLU, spiking, integers), and the events."""
    learning, test = split(load_digits())
    network = train_ann(learning, ReluOptions(levels=levels, augment=True, seed=seed))
    spiking = convert_ann(network, thresholds(network, balance, learning.x), STEPS)
    (reached,) = against_steps(spiking, test, [STEPS])
    own = score.accuracy(network.answers(test.x), test)
    return own, reached.accuracy_float, reached.accuracy, reached.synaptic_events


@pytest.mark.parametrize(
    ("levels", "balance", "seeds"),
    [
        (STEPS, "learned", 1),
        pytest.param(STEPS, "learned", SEEDS, marks=thorough),
        pytest.param(None, "maximum", SEEDS, marks=thorough),
        pytest.param(None, "percentile", SEEDS, marks=thorough),
    ],
)
def test_convert_ann_int8_digits_match_relu_accuracy(levels, balance, seeds):
    by_seed = np.array([measured(levels, balance, seed) for seed in range(seeds)])
    own, before, after, events = by_seed.mean(axis=0)
    assert own >= LEAST_ACCURACY
    assert own - after <= MOST_LOST
    assert events <= MOST_EVENTS
    # With one hidden layer, and steps equal to levels, both compute the same function.
    if balance == "learned":
        assert (by_seed[:, 0] == by_seed[:, 1]).all()
    else:
        assert own - before <= MOST_LOST


@thorough
def test_convert_ann_int8_convolutions_match_relu_accuracy():
    learning, test = split(load_digits())
    options = ReluOptions(hidden=(), convolutions="8k3p1,16k3q2", levels=STEPS, augment=True)
    by_seed = []
    for seed in range(SEEDS):
        network = train_ann(learning, replace(options, seed=seed))
        spiking = convert_ann(network, thresholds(network, "learned", learning.x), STEPS)
        (reached,) = against_steps(spiking, test, [STEPS])
        own = score.accuracy(network.answers(test.x), test)
        by_seed.append((own, reached.accuracy, reached.synaptic_events))
    own, after, events = np.mean(by_seed, axis=0)
    assert own >= LEAST_CONVOLVED
    assert own - after <= MOST_LOST
    assert events <= MOST_CONVOLVED_EVENTS


@pytest.fixture(scope="module")
def trained():
    """Return a network after a short training."""
    return train_ann(split(load_digits())[0], ReluOptions(epochs=15))


def test_against_steps_equals_each_network_alone(trained):
    learning, test = split(load_digits())
    spiking = convert_ann(trained, thresholds(trained, "learned", learning.x), STEPS)
    few, enough = against_steps(spiking, test, (1, STEPS))
    assert (few.steps, enough.steps) == (1, STEPS)
    integer = score.evaluate(conversion.convert_network(spiking)[0], test)
    assert (enough.accuracy, enough.synaptic_events) == (integer.accuracy, integer.synaptic_events)
    assert enough.accuracy_float == score.accuracy(trained.answers(test.x), test)
    assert few.accuracy < enough.accuracy
    assert few.synaptic_events < enough.synaptic_events


def test_against_steps_reports_int16_overflow(trained):
    test = split(load_digits())[1]
    spiking = convert_ann(trained, thresholds(trained, "learned", test.x), STEPS)
    loud = replace(spiking.layers[-1], bias=spiking.layers[-1].bias + 1e4)
    spiking = replace(spiking, layers=(spiking.layers[0], loud))
    (reached,) = against_steps(spiking, test, [STEPS])
    assert reached.accuracy is None
    assert reached.synaptic_events is None
    assert "layer 1" in reached.refusal
