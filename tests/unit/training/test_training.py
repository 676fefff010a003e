"""The training of spiking networks: accuracy, options, recordings, the command."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest
from thorough import thorough

from spikelet import load
from spikelet.cli import train as train_verb
from spikelet.conversion import convert, drift, quantisation
from spikelet.errors import SpikeletError
from spikelet.inputs.dataset import Dataset, load_digits, split
from spikelet.networks.protocol import StreamWindow
from spikelet.networks.synaptic_events import count_synaptic_events
from spikelet.training import gradients, leaks, quantised_forward
from spikelet.training.initial import initial_network
from spikelet.training.options import AUGMENTED, CONVOLVED, TrainingOptions
from spikelet.training.train import train_network


@pytest.fixture(scope="module")
def parts():
    """Return the training and the test part of the digits."""
    return split(load_digits())


def measure(parts, **options):
    """Train on the training part; return test accuracy and synaptic events."""
    trained = train_network(parts[0], TrainingOptions(**options)).network
    trace = trained.simulate(parts[1].x)
    events = count_synaptic_events(trained, trace)
    return float((trace.answers == parts[1].y).mean()), events


def test_train_network_default_is_accurate_and_sparse(parts):
    accuracy, events = measure(parts)
    assert accuracy >= 0.969
    assert events <= 2550


@thorough
def test_train_network_is_accurate_over_seeds(parts):
    figures = np.array([measure(parts, seed=seed) for seed in range(5)])
    accuracy, events = figures.T
    assert accuracy.min() >= 0.969
    assert accuracy.mean() >= 0.974
    assert events.max() <= 2550


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"encoder": "rate", "steps": 8}, marks=thorough),
        {"readout": "count", "reset": "set"},
        {"readout": "last", "hidden": (32, 24)},
        {"hidden": (), "beta": 1.0, "readout_beta": 1.0},
        pytest.param({"surrogate": "arctan"}, marks=thorough),
        {"surrogate": "boxcar"},
    ],
    ids=str,
)
def test_train_network_learns_with_other_options(parts, options):
    accuracy, _ = measure(parts, epochs=15, **options)
    assert accuracy >= 0.93


@pytest.fixture(scope="module")
def blobs():
    """Return a small dataset that is easy to learn."""
    random = np.random.default_rng(0)
    y = np.arange(120) % 3
    centres = random.integers(40, 216, (3, 6))
    near = centres[y] + random.normal(0, 15, (120, 6))
    return Dataset(near.clip(0, 255).astype(np.uint8), y, ("a", "b", "c"), "blobs")


QUICK = TrainingOptions(hidden=(8,), epochs=6)


def weights(result):
    """Return all trained weights and biases, in one row."""
    return np.concatenate([[*cells.weights.flat, *cells.bias] for cells in result.network.layers])


def test_train_network_depends_on_seed_only(blobs):
    first, again = train_network(blobs, QUICK), train_network(blobs, QUICK)
    np.testing.assert_array_equal(weights(first), weights(again))
    assert first.history == again.history
    assert (weights(train_network(blobs, replace(QUICK, seed=1))) != weights(first)).any()


def test_train_network_follows_options(blobs):
    options = replace(QUICK, hidden=(8, 5), beta=0.5, readout_beta=1.0, reset="set", steps=3)
    trained = train_network(blobs, options).network
    assert [cells.weights.shape for cells in trained.layers] == [(6, 8), (8, 5), (5, 3)]
    assert [cells.beta[0] for cells in trained.layers] == [0.5, 0.5, 1.0]
    assert [cells.theta is None for cells in trained.layers] == [False, False, True]
    assert (trained.steps, trained.classes) == (3, ("a", "b", "c"))
    spiking = train_network(blobs, replace(QUICK, readout="count")).network
    assert spiking.layers[-1].theta is not None


def test_train_network_restores_best_epoch(blobs):
    reports = []
    result = train_network(blobs, replace(QUICK, epochs=20), lambda *report: reports.append(report))
    accuracies = [epoch.accuracy for epoch in result.history]
    assert reports == [(number + 1, 20, value) for number, value in enumerate(accuracies)]
    assert accuracies[result.best_epoch - 1] == max(accuracies)
    assert result.accuracy == pytest.approx(max(accuracies))
    assert result.epochs == 20


def test_train_network_stops_when_patience_ends(blobs):
    # Random labels cannot be learned, so progress ends soon.
    random = replace(blobs, y=np.random.default_rng(1).permutation(blobs.y))
    result = train_network(random, replace(QUICK, epochs=200, patience=3))
    assert result.epochs == result.best_epoch + 3 < 200


def test_train_network_spike_penalty_makes_spikes_rare(blobs):
    spikes = [
        train_network(blobs, replace(QUICK, epochs=30, spike_penalty=price)).history[-1].spikes
        for price in (0, 0.1)
    ]
    assert spikes[1] < 0.5 * spikes[0]


@pytest.mark.parametrize("bits", [8, 6, 4, 3])
def test_train_network_with_bits_gives_weights_on_grid(blobs, bits):
    network = train_network(blobs, replace(QUICK, bits=bits)).network
    integers, reports = convert.convert_network(network, bits=bits)
    for cells, layer, report in zip(network.layers, integers.layers, reports, strict=True):
        units = cells.weights * report.scale / 2**layer.gain
        np.testing.assert_allclose(units, layer.weights, atol=1e-5)
        assert len(np.unique(layer.weights)) > 2
        assert np.abs(layer.weights).max() == 2 ** (bits - 1) - 1


def test_quantisation_clips_outlying_weights_for_few_bits():
    weights = np.r_[np.tile([-1.0, 1.0], 50), 40.0].astype(np.float32)
    clipped = quantisation.clipped(weights, 3)
    assert clipped.dtype == np.float32
    assert clipped.max() == pytest.approx(2.15 * weights.std())
    np.testing.assert_array_equal(clipped[:-1], weights[:-1])
    np.testing.assert_array_equal(quantisation.clipped(weights[:-1], 3), weights[:-1])


def test_train_network_with_bits_accumulates_small_steps(blobs):
    # If each step rounded the weights themselves, no step would ever reach the next value.
    options = replace(QUICK, bits=3, epochs=30, learning_rate=1e-3, weight_decay=0)
    start = initial_network(blobs, options, np.random.default_rng(options.seed))
    before = quantised_forward.quantise(start, 3).integers.layers[0].weights
    after, _ = convert.convert_network(train_network(blobs, options).network, bits=3)
    assert (after.layers[0].weights != before).mean() > 0.1


def test_train_network_learned_leaks_differ_and_convert_exactly(blobs):
    options = replace(QUICK, learn_leaks=True, current=0.75, recurrent=True, epochs=20)
    result = train_network(blobs, options)
    integers, reports = convert.convert_network(result.network)
    for cells, layer, report in zip(result.network.layers, integers.layers, reports, strict=True):
        grade = next(
            one for one in drift.grades(cells, layer, report.scale) if one.parameter == "leak"
        )
        assert grade.exact
        assert len(np.unique(cells.beta)) > 1
    hidden, current_d = result.network.layers[0], integers.layers[0].current_d
    np.testing.assert_array_equal(1 - current_d / 2 ** integers.layers[0].current_r, hidden.alpha)
    assert len(np.unique(hidden.alpha)) > 1


def test_train_network_keeps_leaks_unless_learned(blobs):
    cells = train_network(blobs, replace(QUICK, current=0.75, slowest_beta=0.99)).network.layers[0]
    np.testing.assert_array_equal(cells.beta, leaks.spread_leaks(0.875, 0.99, 8))
    assert (cells.alpha == 0.75).all()


def test_train_network_learns_convolutions():
    digits = split(load_digits())[0]
    options = TrainingOptions(convolutions="8k3s2p1", hidden=(), epochs=15, spike_penalty=1e-4)
    assert train_network(digits, options).accuracy >= 0.95


# Recordings


@pytest.fixture(scope="module")
def tones():
    """Return windows of recordings of slow and fast waves; most are slow."""
    random = np.random.default_rng(0)
    y = (np.arange(400) % 8 == 0).astype(np.int64)
    times = np.arange(24)[None, :, None]
    phases, periods = random.uniform(0, 6.3, (400, 1, 3)), np.where(y, 4, 20)[:, None, None]
    waves = (
        128 + 90 * np.sin(2 * np.pi * times / periods + phases) + random.normal(0, 9, (400, 24, 3))
    )
    # A recording has one class.
    groups = np.arange(400) // 16 * 2 + y
    return Dataset(waves.clip(0, 255).astype(np.uint8), y, ("slow", "fast"), "tones", groups)


STREAM = TrainingOptions(hidden=(16,), steps=1, epochs=25, hop=8, beta=0.5, validation_fraction=0.3)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"recurrent": True, "learn_leaks": True},
        {"slowest_beta": 0.95, "current": 0.5},
        {"encoder": "delta", "encoder_parameter": 16, "readout": "count"},
        {"encoder": "rate", "steps": 2, "augment": True},
        {"bits": 4},
    ],
    ids=str,
)
def test_train_network_learns_windows_of_streams(tones, options):
    result = train_network(tones, replace(STREAM, **{"balance": True, **options}))
    assert result.network.stream == StreamWindow(window=24, hop=8)
    assert result.accuracy >= 0.9
    longer = np.concatenate([tones.x[:5]] * 2, axis=1)
    assert result.network.simulate(longer).answers.shape == (5, 6)


def test_train_network_stream_without_hop_answers_once_a_window(tones):
    result = train_network(tones, replace(STREAM, hop=None, epochs=1))
    assert result.network.stream == StreamWindow(window=24, hop=24)


def test_train_network_balance_raises_weight_of_rare_class(tones):
    # Noise has no classes to distinguish, so the answer is the class with the largest weight.
    noise = np.random.default_rng(1).integers(0, 256, tones.x.shape).astype(np.uint8)
    unclear, options = replace(tones, x=noise), replace(STREAM, epochs=3)
    rare = [
        (train_network(unclear, choice).network.simulate(noise).answers[:, -1] == 1).mean()
        for choice in (options, replace(options, balance=True))
    ]
    assert rare[0] < 0.05
    assert rare[1] > 0.15


def test_train_network_balance_gives_mean_accuracy_over_classes(tones):
    options = replace(STREAM, epochs=3, balance=True)
    result = train_network(tones, options)
    validation = split(tones, 0.3)[1]
    right = result.network.simulate(validation.x).answers[:, -1] == validation.y
    by_class = [right[validation.y == label].mean() for label in (0, 1)]
    assert result.accuracy == pytest.approx(np.mean(by_class))


def test_initial_network_first_bias_cancels_mean_drive(tones):
    cells = initial_network(tones, STREAM, np.random.default_rng(0)).layers[0]
    drive = tones.x.mean(axis=(0, 1)) / 256 @ cells.weights + cells.bias
    np.testing.assert_allclose(drive, 0, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hop": 7}, "hop is 7 samples in a window of 24"),
        ({"convolutions": "4k2"}, "shape is '' for samples of 3 values"),
    ],
)
def test_train_network_options_unfit_for_recordings_are_refused(tones, options, words):
    with pytest.raises(SpikeletError, match=words):
        train_network(tones, replace(STREAM, **options))


def test_train_network_augmentation_depends_on_seed():
    samples = split(load_digits())[1]
    options = replace(QUICK, epochs=3, augment=True)
    plain, first, again = (
        weights(train_network(samples, choice))
        for choice in (replace(options, augment=False), options, options)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != plain).any()


def test_train_network_augmentation_needs_square_images(blobs):
    digits = split(load_digits())[1]
    with pytest.raises(SpikeletError, match="shape is 4x8x2; only images of 8x8x1 can be turned"):
        train_network(digits, replace(QUICK, augment=True, shape="4x8x2", convolutions="4k2"))
    with pytest.raises(SpikeletError, match="samples have 6 channels, which are no square image"):
        train_network(blobs, replace(QUICK, augment=True))


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
def test_train_network_options_out_of_range_are_refused(blobs, option, value):
    with pytest.raises(SpikeletError, match=f"^{option} is "):
        train_network(blobs, replace(QUICK, **{option: value}))


@pytest.mark.parametrize("beta", [1, 0.5, 0.875, 1 - 2**-15, 1 - 255 / 256, 1 - 255 / 2**15])
def test_training_options_accept_representable_beta(beta):
    assert TrainingOptions(beta=beta).beta == beta


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_train_network_divergence_is_reported(blobs):
    with pytest.raises(SpikeletError, match=r"training diverged in epoch \d+; lower learning_rate"):
        train_network(blobs, replace(QUICK, epochs=300, learning_rate=10, weight_decay=1e6))


def test_train_network_unsuitable_samples_are_refused(blobs):
    unlabelled = Dataset(blobs.x, np.full(120, -1), (), "blobs")
    with pytest.raises(SpikeletError, match="blobs: has no labels y"):
        train_network(unlabelled, QUICK)
    with pytest.raises(SpikeletError, match="hop is 5, but blobs holds no recordings"):
        train_network(blobs, replace(QUICK, hop=5))


# The command


@pytest.fixture
def recording(blobs, tmp_path):
    """Return the path of the blobs as an .npz file."""
    np.savez(tmp_path / "blobs.npz", x=blobs.x, y=blobs.y)
    return tmp_path / "blobs.npz"


def test_train_command_with_bits_then_convert(spikelet, recording, tmp_path):
    graph, tables = tmp_path / "net.nir", tmp_path / "net.lif"
    options = ("--bits", 4, "--hidden", "9,8", "--epochs", 3, "--beta", 0.5, "--json")
    status, out, _ = spikelet("train", recording, "-o", graph, *options)
    assert (status, json.loads(out)["epochs"]) == (0, 3)
    assert spikelet("convert", graph, "-o", tables, "--bits", 4, "--samples", recording)[0] == 0
    layers = load(tables).layers
    assert [cells.weights.shape for cells in layers] == [(6, 9), (9, 8), (8, 3)]
    assert [np.abs(cells.weights).max() for cells in layers] == [7, 7, 7]
    assert [cells.d[0] / 2**cells.r for cells in layers] == [0.5, 0.5, 0.125]


def test_train_command_stream_then_convert(spikelet, tones, tmp_path):
    samples, graph, tables = (tmp_path / name for name in ("t.npz", "net.nir", "net.lif"))
    np.savez(samples, x=tones.x, y=tones.y, classes=tones.classes, groups=tones.groups)
    options = "--hop 8 --steps 1 --hidden 9 --recurrent --current 0.5 --learn-leaks --epochs 5"
    more = "--slowest-beta 0.95 --balance --augment --middle 120"
    words = (*options.split(), *more.split())
    assert spikelet("train", samples, "-o", graph, *words)[0] == 0
    assert spikelet("convert", graph, "-o", tables, "--samples", samples)[0] == 0
    network = load(tables)
    assert network.stream == StreamWindow(window=24, hop=8)
    assert network.layers[0].recurrent.shape == (9, 9)
    assert network.layers[0].current_d.any()


def test_train_command_convolution_then_convert(spikelet, tmp_path):
    graph, tables = tmp_path / "net.nir", tmp_path / "net.lif"
    words = ("--convolutions", "4k3s2,6k3p1", "--hidden", "none", "--epochs", 1)
    assert spikelet("train", "digits", "-o", graph, *words)[0] == 0
    assert spikelet("convert", graph, "-o", tables, "--samples", "digits")[0] == 0
    assert [cells.neurons for cells in load(tables).layers] == [3 * 3 * 4, 3 * 3 * 6, 10]


def test_convert_command_names_bits_beside_accuracy(spikelet, recording, tmp_path):
    graph = tmp_path / "net.nir"
    assert spikelet("train", recording, "-o", graph, "--epochs", 1)[0] == 0
    shown = spikelet(
        "convert", graph, "-o", tmp_path / "net.lif", "--bits", 6, "--samples", recording
    )[1]
    assert ", int6 " in shown


def test_train_command_augment_and_convolutions_set_defaults():
    parser = argparse.ArgumentParser()
    train_verb.add_arguments(parser)

    def parsed(*words):
        return train_verb.training_options(parser.parse_args(["digits", "-o", "net.nir", *words]))

    assert parsed() == TrainingOptions()
    assert parsed("--augment") == TrainingOptions(**AUGMENTED)
    convolved = ("--convolutions", "8k3", "--hidden", "none")
    assert parsed(*convolved) == TrainingOptions(convolutions="8k3", hidden=(), **CONVOLVED)
    assert parsed("--augment", *convolved).spike_penalty == CONVOLVED["spike_penalty"]
    assert parsed("--augment", "--epochs", "7") == replace(TrainingOptions(**AUGMENTED), epochs=7)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--augment",), "6 channels, which are no square image"),
        (("--bits", 12), "bits is 12; it must be 3..8"),
        (("--beta", 0.9), "beta is 0.9; it must be 1 - d"),
        (("--hop", 5), "hop is 5, but"),
        (("--convolutions", "8k3"), "shape is '' for samples of 6 values"),
    ],
)
def test_train_command_refuses_in_one_sentence(spikelet, recording, tmp_path, options, words):
    status, _, error = spikelet("train", recording, "-o", tmp_path / "net.nir", *options)
    assert (status, error.count("\n")) == (2, 1)
    assert words in error
    assert not (tmp_path / "net.nir").exists()


@pytest.mark.parametrize("surrogate", gradients.SURROGATES)
def test_train_command_accepts_every_surrogate(spikelet, recording, tmp_path, surrogate):
    options = ("--surrogate", surrogate, "--epochs", 1)
    assert spikelet("train", recording, "-o", tmp_path / "net.nir", *options)[0] == 0
