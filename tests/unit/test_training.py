"""Float networks, their gradients, and what training reaches."""

import argparse
import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from spikelet import encoding, gradients, load, quantisation
from spikelet.cli import train as train_verb
from spikelet.dataset import Dataset, load_digits, split
from spikelet.encoding import synaptic_events
from spikelet.errors import SpikeletError
from spikelet.float_network import (
    FloatLayer,
    FloatNetwork,
)
from spikelet.gradients import Firing, Objective, Parameters, evaluate
from spikelet.optimiser import Adam, cosine_rate
from spikelet.training import train
from spikelet.training_options import AUGMENTED, TrainingOptions


def layer(weights, *, theta=1.0, beta=0.75, bias=0.0, reset="subtract", v_reset=0.0, v_start=0.0):
    """Return a layer whose neurons are alike."""
    weights = np.array(weights, float)
    ones = np.ones(weights.shape[1])
    return FloatLayer(
        weights,
        bias * ones,
        beta * ones,
        None if theta is None else theta * ones,
        reset,
        v_reset * ones,
        v_start * ones,
    )


def network(*layers, encoder="direct", steps=4, readout="max"):
    """Return a network with classes of any name."""
    classes = tuple(map(str, range(layers[-1].neurons)))
    return FloatNetwork(layers, encoder, steps, readout, classes)


def x(*rows):
    """Return samples."""
    return np.array(rows, np.uint8)


# Float networks


def test_direct_drive_integrates_leaks_fires_and_loses_theta():
    trace = network(layer([[1.0]], beta=0.5), readout="count").simulate(x([192]))
    # V before the reset: 0.75, 1.125, 0.8125, 1.15625
    assert trace.spikes[0][0, :, 0].tolist() == [False, True, False, True]
    assert trace.membranes[0][0, :, 0].tolist() == [0.75, 0.125, 0.8125, 0.15625]


def test_set_reset_bias_and_start():
    cells = layer([[0.0]], beta=1.0, bias=0.3, reset="set", v_reset=-0.1, v_start=0.8)
    trace = network(cells, readout="count").simulate(x([0]))
    assert trace.spikes[0][0, :, 0].tolist() == [True, False, False, False]
    # Exactly v_reset, not what is left of adding and subtracting it.
    assert trace.membranes[0][0, 0, 0] == -0.1
    np.testing.assert_allclose(trace.membranes[0][0, 1:, 0], [0.2, 0.5, 0.8])


def test_a_membrane_at_the_threshold_fires():
    trace = network(layer([[2.0]], theta=1.0), steps=1, readout="count").simulate(x([128]))
    assert trace.spikes[0].all()


def test_layers_run_within_the_same_step():
    chain = network(layer([[256.0]]), layer([[1.0]], theta=None, beta=1.0), steps=3)
    trace = chain.simulate(x([1]))
    assert trace.spikes[0].all()
    assert trace.membranes[1][0, :, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("readout", "answer"), [("count", 0), ("max", 1), ("last", 2)], ids=["count", "max", "last"]
)
def test_readouts(readout, answer):
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
def test_the_lowest_index_wins_a_tie(readout):
    tie = network(layer([[0.0, 1.0, 1.0]]), readout=readout)
    assert tie.simulate(x([255])).answers.tolist() == [1]


def test_rate_spikes_are_overflows_of_an_accumulator():
    levels = np.arange(256, dtype=np.uint8)
    spikes = encoding.spikes("rate", levels[None], 100)
    a = np.full(256, 128)
    for t in range(100):
        np.testing.assert_array_equal(spikes[0, t], a + levels >= 256)
        a = (a + levels) & 255
    assert (spikes.shape, spikes.dtype) == ((1, 100, 256), bool)


def test_rate_spikes_are_the_first_layers_input():
    count = network(layer([[1.0]], theta=None, beta=1.0), encoder="rate", steps=8, readout="last")
    assert count.simulate(x([160])).membranes[0][0, :, 0].tolist() == [1, 1, 2, 3, 3, 4, 4, 5]


def test_synaptic_events():
    samples = x([0, 9, 200], [0, 0, 255])
    hidden, last = np.zeros((2, 4, 5), np.uint8), np.ones((2, 4, 2), bool)
    hidden[0, 1, 2:] = 1
    # 3 inputs reach 5 neurons, 3 spikes reach 2; the last layer's reach none.
    assert synaptic_events("direct", samples, [hidden, last]) == (3 * 5 + 3 * 2) / 2
    inputs = np.count_nonzero(encoding.spikes("rate", samples, 4))
    assert synaptic_events("rate", samples, [hidden, last]) == (inputs * 5 + 3 * 2) / 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": np.zeros(3)}, r"weights have shape \(3,\)"),
        ({"weights": np.zeros((3, 0))}, r"weights have shape \(3, 0\)"),
        ({"weights": np.full((1, 2), np.nan)}, "weights holds values that are not finite"),
        ({"bias": np.zeros(3)}, r"bias has shape \(3,\); it must be \(2,\)"),
        ({"theta": np.array([1, np.inf])}, "theta holds values that are not finite"),
        ({"beta": np.array([0.5, 1.5])}, r"beta lies in 0.5..1.5; it must be in 0..1"),
        ({"reset": "none"}, "reset is 'none'; it must be one of subtract, set"),
    ],
)
def test_layers_that_are_refused(change, words):
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
        ({"readout": "best"}, "readout is 'best'"),
        ({"steps": 0}, "steps is 0"),
        ({"dt": float("nan")}, "dt is nan"),
        ({"classes": ("a", "b")}, "2 classes for the last layer's 1 neurons"),
    ],
)
def test_networks_that_are_refused(change, words):
    with pytest.raises(SpikeletError, match=words):
        replace(network(layer([[1.0]])), **change)


@pytest.mark.parametrize(
    "samples", [x([1, 2]), x([1])[None], np.array([[1]]), np.array([[1.0]])], ids=str
)
def test_samples_that_are_refused(samples):
    with pytest.raises(SpikeletError, match=r"this network takes uint8\[n, 1\]"):
        network(layer([[1.0]])).simulate(samples)


# Gradients


SMOOTH_SPIKES = {
    "fast-sigmoid": lambda u: 0.5 + u / (1 + gradients.SURROGATE_SLOPE * np.abs(u)),
    "arctan": lambda u: 0.5 + np.arctan(gradients.SURROGATE_SLOPE * u) / gradients.SURROGATE_SLOPE,
    "boxcar": lambda u: np.clip(u + 0.5, 0, 1),
}


@pytest.mark.parametrize("surrogate", gradients.SURROGATES)
def test_a_surrogate_is_the_derivative_of_its_smooth_spike(surrogate):
    u = np.linspace(-2, 2, 400)
    spike = SMOOTH_SPIKES[surrogate]
    slope = (spike(u + 1e-6) - spike(u - 1e-6)) / 2e-6
    np.testing.assert_allclose(gradients.SURROGATES[surrogate](u), slope, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("surrogate", gradients.SURROGATES)
def test_a_surrogate_keeps_the_type_that_is_trained_in(surrogate):
    assert gradients.SURROGATES[surrogate](np.zeros(1, np.float32)).dtype == np.float32


def numeric_gradient(loss, arrays, step=1e-6):
    """Return the central differences of loss() by every element of the arrays."""
    slopes = [np.zeros_like(array) for array in arrays]
    for array, slope in zip(arrays, slopes, strict=True):
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + step
            above = loss()
            array[index] = value - step
            slope[index] = (above - loss()) / (2 * step)
            array[index] = value
    return slopes


@pytest.mark.parametrize("surrogate", gradients.SURROGATES)
@pytest.mark.parametrize("encoder", ["direct", "rate"])
@pytest.mark.parametrize("readout", ["max", "last", "count"])
@pytest.mark.parametrize("reset", ["subtract", "set"])
def test_gradient_agrees_with_finite_differences(reset, readout, encoder, surrogate):
    random = np.random.default_rng(3)
    sizes = (5, 6, 4, 3)
    layers = [
        layer(random.normal(0, 1.2, shape), reset=reset, theta=0.9, v_reset=-0.2, v_start=0.1)
        for shape in pairwise(sizes)
    ]
    if readout != "count":
        layers[-1] = replace(layers[-1], theta=None)
    chain = network(*layers, encoder=encoder, steps=5, readout=readout)
    signal = encoding.signal(encoder, random.integers(0, 256, (7, 5)).astype(np.uint8), 5)
    y = random.integers(0, 3, 7)
    parameters = [
        Parameters(cells.weights, random.normal(0, 0.3, cells.neurons)) for cells in layers
    ]
    objective = Objective(spike_penalty=0.01, label_smoothing=0.1)
    firing = Firing(SMOOTH_SPIKES[surrogate], gradients.SURROGATES[surrogate])

    def result():
        return evaluate(chain, parameters, signal, y, objective, firing)

    arrays = [array for trained in parameters for array in trained]
    exact = [array for trained in result().gradient for array in trained]
    for found, wanted in zip(exact, numeric_gradient(lambda: result().loss, arrays), strict=True):
        assert np.linalg.norm(found - wanted) < 1e-5 * np.linalg.norm(wanted)


def test_evaluation_counts_answers_and_hidden_spikes():
    chain = network(layer([[256.0, 0.0]]), layer(np.eye(2), theta=None), steps=4)
    parameters = [Parameters(cells.weights, cells.bias) for cells in chain.layers]
    signal = encoding.signal("direct", x([1], [0]), 4)
    result = evaluate(chain, parameters, signal, np.array([0, 1]), Objective(spike_penalty=0.5))
    # The second sample is silent, and class 0 wins its tie.
    assert (result.accuracy, result.spikes) == (0.5, 2)
    free = evaluate(chain, parameters, signal, np.array([0, 1]), Objective())
    assert result.loss == pytest.approx(free.loss + 0.5 * 2)


# Optimiser


def test_adam_begins_with_steps_of_the_learning_rate():
    array = np.array([1.0, 2.0])
    adam = Adam([array], weight_decay=0.5)
    for _ in range(3):
        adam.step([np.array([0.001, -50.0])], rate=0.1)
    np.testing.assert_allclose(array, [0.7, 2.3], rtol=1e-4)


def test_weight_decay_shrinks_matrices_only():
    weights, bias = np.ones((2, 2)), np.ones(2)
    Adam([weights, bias], weight_decay=0.5).step([0 * weights, 0 * bias], rate=0.1)
    assert weights == pytest.approx(0.95)
    assert bias == pytest.approx(1)


def test_cosine():
    assert [cosine_rate(2, progress) for progress in (0, 0.5, 1)] == pytest.approx([2, 1, 0])


# Training


@pytest.fixture(scope="module")
def parts():
    """Return the training and the test part of the digits."""
    return split(load_digits())


def measure(parts, **options):
    """Train on the one part; return test accuracy and synaptic events."""
    trained = train(parts[0], TrainingOptions(**options)).network
    trace = trained.simulate(parts[1].x)
    events = synaptic_events(trained.encoder, parts[1].x, trace.spikes)
    return float((trace.answers == parts[1].y).mean()), events


def test_default_network_is_accurate_and_sparse(parts):
    accuracy, events = measure(parts)
    assert accuracy >= 0.969
    assert events <= 2550


@pytest.mark.slow
def test_accuracy_over_seeds(parts):
    figures = np.array([measure(parts, seed=seed) for seed in range(5)])
    accuracy, events = figures.T
    assert accuracy.min() >= 0.969
    assert accuracy.mean() >= 0.974
    assert events.max() <= 2550


@pytest.mark.parametrize(
    "options",
    [
        {"encoder": "rate", "steps": 8},
        {"readout": "count", "reset": "set"},
        {"readout": "last", "hidden": (32, 24)},
        {"hidden": (), "beta": 1.0, "readout_beta": 1.0},
        {"surrogate": "arctan"},
        {"surrogate": "boxcar"},
    ],
    ids=str,
)
def test_other_networks_learn_too(parts, options):
    accuracy, _ = measure(parts, epochs=15, **options)
    assert accuracy >= 0.93


@pytest.fixture(scope="module")
def blobs():
    """Return a small dataset that is easy."""
    random = np.random.default_rng(0)
    y = np.arange(120) % 3
    centres = random.integers(40, 216, (3, 6))
    near = centres[y] + random.normal(0, 15, (120, 6))
    return Dataset(near.clip(0, 255).astype(np.uint8), y, ("a", "b", "c"), "blobs")


QUICK = TrainingOptions(hidden=(8,), epochs=6)


def weights(result):
    """Return all that was trained, in one row."""
    return np.concatenate([[*cells.weights.flat, *cells.bias] for cells in result.network.layers])


def test_the_seed_decides(blobs):
    first, again = train(blobs, QUICK), train(blobs, QUICK)
    np.testing.assert_array_equal(weights(first), weights(again))
    assert first.history == again.history
    assert (weights(train(blobs, replace(QUICK, seed=1))) != weights(first)).any()


def test_network_has_what_the_options_say(blobs):
    options = replace(QUICK, hidden=(8, 5), beta=0.5, readout_beta=1.0, reset="set", steps=3)
    trained = train(blobs, options).network
    assert [cells.weights.shape for cells in trained.layers] == [(6, 8), (8, 5), (5, 3)]
    assert [cells.beta[0] for cells in trained.layers] == [0.5, 0.5, 1.0]
    assert [cells.theta is None for cells in trained.layers] == [False, False, True]
    assert (trained.steps, trained.classes) == (3, ("a", "b", "c"))
    spiking = train(blobs, replace(QUICK, readout="count")).network
    assert spiking.layers[-1].theta is not None


def test_best_epoch_is_restored(blobs):
    seen = []
    result = train(blobs, replace(QUICK, epochs=20), lambda *report: seen.append(report))
    accuracies = [epoch.accuracy for epoch in result.history]
    assert seen == [(number + 1, 20, value) for number, value in enumerate(accuracies)]
    assert accuracies[result.best_epoch - 1] == max(accuracies)
    assert result.accuracy == pytest.approx(max(accuracies))
    assert result.epochs == 20


def test_training_stops_when_patience_ends(blobs):
    # Labels that mean nothing cannot be learned, so progress ends soon.
    random = replace(blobs, y=np.random.default_rng(1).permutation(blobs.y))
    result = train(random, replace(QUICK, epochs=200, patience=3))
    assert result.epochs == result.best_epoch + 3 < 200


def test_a_spike_penalty_makes_spikes_rare(blobs):
    spikes = [
        train(blobs, replace(QUICK, epochs=30, spike_penalty=price)).history[-1].spikes
        for price in (0, 0.1)
    ]
    assert spikes[1] < 0.5 * spikes[0]


@pytest.mark.parametrize("bits", [8, 6, 4, 3])
def test_weights_trained_for_few_bits_lie_on_their_grid(blobs, bits):
    for cells in train(blobs, replace(QUICK, bits=bits)).network.layers:
        most = 2 ** (bits - 1) - 1
        integers = cells.weights * most / np.abs(cells.weights).max()
        np.testing.assert_allclose(integers, np.rint(integers), atol=1e-5)
        assert len(np.unique(np.rint(integers))) > 2


def test_rounding_to_few_bits():
    weights = np.array([[0.69, -0.1], [-1.4, 0.31]], np.float32)
    rounded = quantisation.on_grid(weights, 4)  # in steps of 0.2
    np.testing.assert_allclose(rounded, [[0.6, 0], [-1.4, 0.4]], rtol=1e-6)
    assert rounded.dtype == np.float32
    assert not quantisation.on_grid(np.zeros((2, 2)), 4).any()


def test_steps_smaller_than_the_grid_add_up(blobs):
    # Were the weights themselves rounded after each step, no step would ever reach the next value.
    options = replace(QUICK, bits=3, epochs=30)
    losses = [epoch.loss for epoch in train(blobs, options).history]
    assert losses[-1] < 0.5 * losses[0]


def test_augmentation_changes_what_is_learned_and_the_seed_decides_how():
    samples = split(load_digits())[1]
    options = replace(QUICK, epochs=3, augment=True)
    plain, first, again = (
        weights(train(samples, choice))
        for choice in (replace(options, augment=False), options, options)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != plain).any()


def test_augmentation_needs_square_images(blobs):
    with pytest.raises(SpikeletError, match="samples have 6 channels, which are no square image"):
        train(blobs, replace(QUICK, augment=True))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("epochs", 0),
        ("batch", 0),
        ("hidden", (8, 0)),
        ("steps", 0),
        ("seed", -1),
        ("learning_rate", 0),
        ("spike_penalty", -1),
        ("label_smoothing", 1.1),
        ("validation_fraction", 1),
        ("beta", 0.9),
        ("beta", -0.5),
        ("readout_beta", 0),
        ("encoder", "morse"),
        ("readout", "best"),
        ("reset", "none"),
        ("surrogate", "step"),
        ("bits", 2),
        ("bits", 9),
    ],
)
def test_options_out_of_range(blobs, option, value):
    with pytest.raises(SpikeletError, match=f"^{option} is "):
        train(blobs, replace(QUICK, **{option: value}))


@pytest.mark.parametrize("beta", [1, 0.5, 0.875, 1 - 2**-15, 1 - 255 / 256, 1 - 255 / 2**15])
def test_leaks_that_the_integers_have(beta):
    assert TrainingOptions(beta=beta).beta == beta


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_divergence_is_reported(blobs):
    with pytest.raises(SpikeletError, match=r"training diverged in epoch \d+; lower learning_rate"):
        train(blobs, replace(QUICK, epochs=300, learning_rate=10, weight_decay=1e6))


def test_samples_that_cannot_be_trained_on(blobs):
    unlabelled = Dataset(blobs.x, np.full(120, -1), (), "blobs")
    with pytest.raises(SpikeletError, match="blobs: has no labels y"):
        train(unlabelled, QUICK)
    recordings = replace(blobs, x=blobs.x[:, None])
    with pytest.raises(SpikeletError, match=r"blobs: x has shape \(120, 1, 6\)"):
        train(recordings, QUICK)


# The command


@pytest.fixture
def recording(blobs, tmp_path):
    """Return the path of the blobs as an .npz file."""
    np.savez(tmp_path / "blobs.npz", x=blobs.x, y=blobs.y)
    return tmp_path / "blobs.npz"


def test_train_and_convert_for_few_bits(spikelet, recording, tmp_path):
    graph, tables = tmp_path / "net.nir", tmp_path / "net.lif"
    options = ("--bits", 4, "--hidden", "9,8", "--epochs", 3, "--beta", 0.5, "--json")
    status, out, _ = spikelet("train", recording, "-o", graph, *options)
    assert (status, json.loads(out)["epochs"]) == (0, 3)
    assert spikelet("convert", graph, "-o", tables, "--bits", 4, "--samples", recording)[0] == 0
    layers = load(tables).layers
    assert [cells.weights.shape for cells in layers] == [(6, 9), (9, 8), (8, 3)]
    assert [np.abs(cells.weights).max() for cells in layers] == [7, 7, 7]
    assert [cells.d[0] / 2**cells.r for cells in layers] == [0.5, 0.5, 0.125]


def test_convert_names_the_bits_whose_accuracy_it_shows(spikelet, recording, tmp_path):
    graph = tmp_path / "net.nir"
    assert spikelet("train", recording, "-o", graph, "--epochs", 1)[0] == 0
    shown = spikelet(
        "convert", graph, "-o", tmp_path / "net.lif", "--bits", 6, "--samples", recording
    )[1]
    assert ", int6 " in shown


def test_augment_brings_the_options_that_go_with_it():
    parser = argparse.ArgumentParser()
    train_verb.add_arguments(parser)

    def given(*words):
        return train_verb.options(parser.parse_args(["digits", "-o", "net.nir", *words]))

    assert given() == TrainingOptions()
    assert given("--augment") == TrainingOptions(**AUGMENTED)
    assert given("--augment", "--epochs", "7") == replace(TrainingOptions(**AUGMENTED), epochs=7)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--augment",), "6 channels, which are no square image"),
        (("--bits", 12), "bits is 12; it must be 3..8"),
        (("--beta", 0.9), "beta is 0.9; it must be 1 - d"),
    ],
)
def test_train_refuses_in_one_sentence(spikelet, recording, tmp_path, options, words):
    status, _, error = spikelet("train", recording, "-o", tmp_path / "net.nir", *options)
    assert (status, error.count("\n")) == (1, 1)
    assert words in error
    assert not (tmp_path / "net.nir").exists()


@pytest.mark.parametrize("surrogate", gradients.SURROGATES)
def test_train_takes_every_surrogate(spikelet, recording, tmp_path, surrogate):
    options = ("--surrogate", surrogate, "--epochs", 1)
    assert spikelet("train", recording, "-o", tmp_path / "net.nir", *options)[0] == 0
