"""The layers that the training options describe."""

from dataclasses import replace

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.training import topology
from spikelet.training.options import TrainingOptions
from spikelet.training.topology import Shape


def layers(inputs, **options):
    """Return the layers for three classes."""
    return topology.layers(TrainingOptions(**options), inputs, 3, np.random.default_rng(0))


def test_layers_place_convolutions_before_dense_layers():
    built = layers(28 * 28, convolutions="8k5s2p2,16k3q2", hidden=(20,))
    assert [cells.neurons for cells in built] == [14 * 14 * 8, 5 * 5 * 16, 20, 3]
    assert [cells.weights.shape for cells in built] == [(25, 8), (72, 16), (400, 20), (20, 3)]
    first, second = (cells.geometry for cells in built[:2])
    assert (first.size, first.stride, first.padding) == ((28, 28), (2, 2), (2, 2))
    assert (second.size, second.channels, second.pool) == ((14, 14), 8, (2, 2))
    assert [cells.geometry for cells in built[2:]] == [None, None]


def test_geometries_of_flat_image_apply_numbers_to_columns():
    (geometry,) = topology.geometries(topology.convolutions("4k5s2p2q3"), Shape(1, 60, 3))
    assert (geometry.kernel, geometry.stride, geometry.padding) == ((1, 5), (1, 2), (0, 2))
    assert (geometry.pool, geometry.out, geometry.channels) == ((1, 3), (1, 10), 3)


def test_geometries_take_separate_rows_and_columns():
    (geometry,) = topology.geometries(topology.convolutions("4k3x5q2x1p1x0s1x2"), Shape(8, 9, 2))
    assert (geometry.kernel, geometry.stride, geometry.padding) == ((3, 5), (1, 2), (1, 0))
    assert (geometry.pool, geometry.out) == ((2, 1), (4, 3))


def test_layers_with_delta_encoder_have_two_inputs_per_channel():
    (first, *_) = layers(2 * 12, encoder="delta", shape="1x6x2", convolutions="4k3")
    assert (first.geometry.channels, first.geometry.size) == (4, (1, 6))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"convolutions": "8"}, "convolutions holds '8'; write maps, k and"),
        ({"convolutions": "8k3,"}, "convolutions holds ''"),
        ({"convolutions": "8k3s2s2"}, "convolutions holds '8k3s2s2'"),
        ({"convolutions": "0k3"}, "convolutions holds '0k3'"),
        ({"convolutions": "8k0"}, r"kernel is \(0, 0\)"),
        ({"convolutions": "8k3s0"}, r"stride is \(0, 0\)"),
        ({"convolutions": "8k3q0"}, r"pool is \(0, 0\)"),
        ({"convolutions": "8k7"}, "a kernel of 7x7 pixels does not fit an image of 6x6"),
        ({"convolutions": "8k3q9"}, "a kernel of 3x3 pixels does not fit an image of 6x6"),
        ({"convolutions": "8k3", "shape": "5x5x1"}, "shape is '5x5x1' for samples of 36 values"),
        ({"convolutions": "8k3", "shape": "6x6"}, "shape is '6x6' for samples of 36 values"),
    ],
)
def test_layers_invalid_convolutions_or_shape_are_refused(options, words):
    with pytest.raises(SpikeletError, match=words):
        layers(36, **options)


def test_layers_of_samples_that_are_not_square_need_shape():
    with pytest.raises(SpikeletError, match="shape is '' for samples of 12 values"):
        layers(12, convolutions="4k2")
    assert layers(12, convolutions="4k2", shape="1x12x1")[0].geometry.out == (1, 11)


def test_layers_hidden_get_current_recurrence_and_leaks():
    convolved, dense, last = layers(
        36, convolutions="4k3", hidden=(9,), recurrent=True, current=0.75, slowest_beta=0.99
    )
    assert [cells.recurrent is None for cells in (convolved, dense, last)] == [True, False, True]
    assert (convolved.alpha == 0.75).all()
    assert (dense.alpha == 0.75).all()
    assert last.alpha is None
    for cells in (convolved, dense):
        assert (np.diff(cells.beta) > 0).all()
        assert (cells.beta[0], cells.beta[-1]) == pytest.approx((0.875, 0.99), abs=1e-3)
    assert (last.beta == 0.875).all()


def test_layers_with_recurrence_keep_first_weights():
    plain, recurrent = layers(36), layers(36, recurrent=True)
    np.testing.assert_array_equal(plain[0].weights, recurrent[0].weights)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"slowest_beta": 0.875}, "slowest_beta is 0.875; it must lie above beta, 0.875"),
        ({"slowest_beta": 1.0}, "slowest_beta is 1.0; it must lie above beta, 0.875, and below 1"),
        ({"current": 0.9}, "current is 0.9; it must be 1 - d"),
        ({"hop": 0}, "hop is 0; it must be 1..65535"),
        ({"middle": 256}, "middle is 256; it must be 0..255"),
    ],
)
def test_training_options_invalid_values_are_refused(options, words):
    with pytest.raises(SpikeletError, match=words):
        replace(TrainingOptions(), **options)
