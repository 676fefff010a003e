"""ReLU networks: activations, gradients and training."""

from dataclasses import replace

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.inputs.dataset import Dataset, load_digits, split
from spikelet.networks import score
from spikelet.networks.geometry import Geometry
from spikelet.training.ann import network as relu_network
from spikelet.training.ann.network import (
    AnnLoss,
    AnnParameters,
    ReluLayer,
    ReluNetwork,
    activation,
    ann_loss_gradient,
)
from spikelet.training.ann.train import ReluOptions, train_ann

CLASSES = ("a", "b")
DENSE = ((5, 7), (7, 6), (6, 3)), (None, None, None)
PADDED = Geometry((4, 3), 2, kernel=(2, 3), out=(3, 3), stride=(2, 1), padding=(1, 1))
POOLED = Geometry((3, 3), 4, kernel=(2, 2), out=(1, 2), padding=(0, 1), pool=(1, 2))
CONVOLVED = ((12, 4), (16, 3), (6, 3)), (PADDED, POOLED, None)


def parameters(random, shapes, clips):
    """Return random parameters in float64, with these clips of the hidden layers."""
    return [
        AnnParameters(random.normal(size=shape), random.normal(size=shape[1]), clip)
        for shape, clip in zip(shapes, (*clips, None), strict=True)
    ]


# Activations


def test_activation_relu_cuts_negative_drives_only():
    assert activation(np.array([-1.0, 0.0, 3.5]), None, None).tolist() == [0, 0, 3.5]


def test_activation_clip_floor_shift_rounds_and_clips():
    drive = np.array([-1.0, 0.24, 0.26, 0.74, 0.76, 1.74, 1.76, 9.0])
    activations = activation(drive, np.array(2.0), 4)
    assert activations.tolist() == [0, 0, 0.5, 0.5, 1, 1.5, 2, 2]


def test_relu_network_computes_its_layers():
    hidden = ReluLayer(np.array([[2.0, -2.0]]), np.array([-0.5, 0.5]))
    last = ReluLayer(np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([0.0, -1.0]))
    network = ReluNetwork((hidden, last), CLASSES)
    x = np.array([[0], [128]], np.uint8)
    activations, scores = network.activations(x)
    assert activations.tolist() == [[0, 0.5], [0.5, 0]]
    assert scores.tolist() == [[0, 0.5], [0.5, -1]]
    assert network.answers(x).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"levels": 4}, ("clip", "levels")),
        ({"levels": 0}, ("levels is 0",)),
        ({"classes": ("a",)}, ("1 classes", "2 neurons")),
        ({"layers": (ReluLayer(np.ones((1, 2)), np.zeros(2)),)}, ("at least two layers",)),
        (
            {"layers": tuple(ReluLayer(np.ones((3, 2)), np.zeros(2)) for _ in range(2))},
            ("layer 0 has 2 neurons", "takes 3"),
        ),
    ],
)
def test_relu_network_inconsistent_fields_are_named(change, words):
    layers = tuple(ReluLayer(np.ones((2, 2)), np.zeros(2)) for _ in range(2))
    with pytest.raises(SpikeletError) as error:
        replace(ReluNetwork(layers, CLASSES), **change)
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"weights": np.ones(3)}, "weights"),
        ({"geometry": PADDED}, "takes 12 weights for each map"),
        ({"bias": np.ones(3)}, "bias"),
        ({"bias": np.array([0, np.nan])}, "not finite"),
        ({"clip": 0.0}, "clip"),
    ],
)
def test_relu_layer_wrong_field_is_named(fields, word):
    with pytest.raises(SpikeletError, match=word):
        ReluLayer(**{"weights": np.ones((2, 2)), "bias": np.zeros(2)} | fields)


def test_relu_network_refuses_wrong_type_or_width():
    layers = tuple(ReluLayer(np.ones((2, 2)), np.zeros(2)) for _ in range(2))
    for x in (np.zeros((1, 2)), np.zeros((1, 3), np.uint8)):
        with pytest.raises(SpikeletError, match=r"takes uint8\[n, 2\]"):
            ReluNetwork(layers, CLASSES).answers(x)
    assert ReluNetwork(layers, CLASSES).answers(np.zeros((0, 2), np.uint8)).shape == (0,)


def test_relu_convolution_equals_matrix_of_kernels():
    """A matrix with the kernel at every place gives the same result."""
    random = np.random.default_rng(8)
    kernel, bias = random.normal(size=(12, 4)), random.normal(size=4)
    last = ReluLayer(random.normal(size=(36, 2)), np.zeros(2))
    network = ReluNetwork((ReluLayer(kernel, bias, None, PADDED), last), CLASSES)
    x = random.integers(0, 256, (7, 24)).astype(np.uint8)
    activations, matrix = network.activations(x)[0], np.zeros((4, 3, 2, 3, 3, 4))
    for row, column, k_row, k_column in np.ndindex(3, 3, 2, 3):
        y_in, x_in = 2 * row + k_row - 1, column + k_column - 1
        if 0 <= y_in < 4 and 0 <= x_in < 3:
            part = kernel.reshape(2, 3, 2, 4)[k_row, k_column]
            matrix[y_in, x_in, :, row, column] = part
    expected = np.maximum(x / 256 @ matrix.reshape(24, 36) + np.tile(bias, 9), 0)
    np.testing.assert_allclose(activations, expected)
    assert (network.layers[0].inputs, network.layers[0].neurons) == (24, 36)
    assert 0.1 < (activations > 0).mean() < 0.9


def test_relu_convolution_computes_many_samples_in_parts(monkeypatch):
    random = np.random.default_rng(9)
    convolution = ReluLayer(random.normal(size=(12, 4)), np.zeros(4), None, PADDED)
    network = ReluNetwork(
        (convolution, ReluLayer(random.normal(size=(36, 2)), np.zeros(2))), CLASSES
    )
    x = random.integers(0, 256, (7, 24)).astype(np.uint8)
    whole = network.activations(x)
    sizes, unfold = [], relu_network.unfold_inputs
    monkeypatch.setattr(relu_network, "PART", 3)
    monkeypatch.setattr(
        relu_network,
        "unfold_inputs",
        lambda signal, how: (sizes.append(signal.shape[1]), unfold(signal, how))[1],
    )
    for one, in_parts in zip(whole, network.activations(x), strict=True):
        np.testing.assert_allclose(in_parts, one)
    assert sizes == [3, 3, 2, 2, 2, 2]


# Gradients


@pytest.mark.parametrize("levels", [None, 4])
@pytest.mark.parametrize(("shapes", "geometries"), [DENSE, CONVOLVED])
def test_ann_gradient_agrees_with_finite_differences(levels, shapes, geometries):
    """With the identity instead of the floor, straight-through is the exact derivative."""
    random = np.random.default_rng(3)
    clips = (None, None) if levels is None else (np.array(1.5), np.array(2.5))
    trained = parameters(random, shapes, clips)
    channels = geometries[0].inputs if geometries[0] else shapes[0][0]
    inputs, y = random.uniform(size=(20, channels)), random.integers(0, 3, 20)
    objective = AnnLoss(activity_penalty=0.1, label_smoothing=0.2)

    def of(changed):
        straight = {"rounding": lambda value: value}
        return ann_loss_gradient(changed, geometries, levels, inputs, y, objective, **straight)

    gradient = of(trained).gradient
    step, checked = 1e-6, 0
    for layer, by_layer in zip(trained, gradient, strict=True):
        for array, by_array in zip(layer, by_layer, strict=True):
            assert (array is None) == (by_array is None)
            if array is None:
                continue
            for index in np.ndindex(array.shape):
                original = float(array[index])
                array[index] = original + step
                above = of(trained).loss
                array[index] = original - step
                below = of(trained).loss
                array[index] = original
                assert (above - below) / (2 * step) == pytest.approx(by_array[index], abs=1e-6)
                checked += 1
    assert checked == sum((rows + 1) * maps for rows, maps in shapes) + (2 if levels else 0)
    if levels:
        assert all(layer.clip != 0 for layer in gradient[:-1])


def test_ann_gradient_by_clip_is_that_of_paper():
    """Bu et al. (2022), sec. 4: (h - z) / clip on the slope, 0 below it, 1 above."""
    clip, levels, weight = 2.0, 4, 0.7
    for drive, expected in ((0.4, (0.5 - 0.4) / clip), (-1.0, 0.0), (5.0, 1.0)):
        hidden = AnnParameters(np.zeros((1, 1)), np.array([drive]), np.array(clip))
        last = AnnParameters(np.array([[weight, 0.0]]), np.zeros(2), None)
        arguments = [hidden, last], (None, None), levels, np.zeros((1, 1)), np.array([0])
        result = ann_loss_gradient(*arguments, AnnLoss())
        by_score = result.gradient[1].bias[0]
        assert result.gradient[0].clip == pytest.approx(by_score * weight * expected)


def test_ann_loss_penalty_counts_activity_in_clips():
    hidden = AnnParameters(np.zeros((1, 2)), np.array([1.0, 9.0]), np.array(2.0))
    last = AnnParameters(np.zeros((2, 2)), np.zeros(2), None)
    arguments = [hidden, last], (None, None), 4, np.zeros((3, 1)), np.zeros(3, np.int64)
    free = ann_loss_gradient(*arguments, AnnLoss()).loss
    assert ann_loss_gradient(*arguments, AnnLoss(activity_penalty=0.5)).loss == pytest.approx(
        free + 0.5 * (0.5 + 1.0)
    )


# Training


def test_train_ann_equal_seeds_give_equal_networks():
    digits = split(load_digits())[1]
    options = ReluOptions(hidden=(8,), epochs=2, augment=True, seed=5)
    one, same = (train_ann(digits, options) for _ in range(2))
    other = train_ann(digits, replace(options, seed=6))
    for layer, equal in zip(one.layers, same.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, equal.weights)
        assert layer.clip == equal.clip
    assert (one.layers[0].weights != other.layers[0].weights).any()


@pytest.mark.parametrize("levels", [None, 8])
def test_train_ann_learns_digits(levels):
    learning, test = split(load_digits())
    reports = []
    network = train_ann(
        learning,
        ReluOptions(levels=levels, epochs=15),
        lambda number, most, accuracy: reports.append((number, most, accuracy)),
    )
    assert score.accuracy(network.answers(test.x), test) > 0.93
    assert [one[:2] for one in reports] == [(number, 15) for number in range(1, 16)]
    assert reports[-1][2] > reports[0][2]
    hidden, last = network.layers
    assert last.clip is None
    assert (hidden.clip is None) == (levels is None)


def test_train_ann_learns_digits_with_convolutions():
    learning, test = split(load_digits())
    options = ReluOptions(hidden=(), convolutions="8k3p1,16k3q2", epochs=15)
    network = train_ann(learning, options)
    assert [layer.neurons for layer in network.layers] == [512, 64, 10]
    assert [layer.geometry and layer.geometry.pool for layer in network.layers] == [
        (1, 1),
        (2, 2),
        None,
    ]
    assert [layer.clip is None for layer in network.layers] == [False, False, True]
    assert score.accuracy(network.answers(test.x), test) > 0.93


def test_train_ann_shape_sets_channels_of_convolutions():
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (20, 36)).astype(np.uint8), random.integers(0, 2, 20)
    options = ReluOptions(hidden=(5,), convolutions="4k3q2", shape="1x12x3", epochs=1)
    first, second, last = train_ann(Dataset(x, y, CLASSES, "mine"), options).layers
    assert first.geometry == Geometry((1, 12), 3, (1, 3), out=(1, 4), pool=(1, 2))
    assert (second.weights.shape, last.weights.shape) == ((16, 5), (5, 2))
    with pytest.raises(SpikeletError, match="shape is '1x12x2' for samples of 36 values"):
        train_ann(Dataset(x, y, CLASSES, "mine"), replace(options, shape="1x12x2"))


def test_train_ann_activity_penalty_lowers_activity():
    learning, test = split(load_digits())
    activity = []
    for penalty in (0.0, 0.02):
        network = train_ann(learning, ReluOptions(epochs=15, activity_penalty=penalty))
        hidden = network.activations(test.x)[0]
        activity.append(hidden.mean() / network.layers[0].clip)
    assert activity[1] < activity[0] / 2


def test_train_ann_divergence_is_reported():
    with pytest.raises(SpikeletError, match="diverged in epoch 1; lower learning_rate"):
        train_ann(split(load_digits())[1], ReluOptions(learning_rate=10.0, epochs=5))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"hidden": ()}, "hidden is empty"),
        ({"hidden": (8, 0)}, "hidden is 0"),
        ({"levels": 0}, "levels is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"batch": 0}, "batch is 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0"),
        ({"weight_decay": -1.0}, "weight_decay is -1"),
        ({"activity_penalty": -1.0}, "activity_penalty is -1"),
        ({"label_smoothing": 1.5}, "label_smoothing is 1.5"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_relu_options_out_of_range_are_named(option, words):
    with pytest.raises(SpikeletError, match=words):
        ReluOptions(**option)


def test_train_ann_refuses_unlabelled_samples_and_recordings():
    x, y = np.zeros((4, 2), np.uint8), np.zeros(4, np.int64)
    with pytest.raises(SpikeletError, match="no labels"):
        train_ann(Dataset(x, y - 1, (), "mine"))
    with pytest.raises(SpikeletError, match=r"takes \[n, channels\]"):
        train_ann(Dataset(np.zeros((4, 3, 2), np.uint8), y, CLASSES, "mine"))
    with pytest.raises(SpikeletError, match="no square image"):
        train_ann(Dataset(x, y, CLASSES, "mine"), ReluOptions(augment=True))
