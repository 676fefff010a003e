"""Warps, scale and rotation of recordings, within the limits of the strength."""

import math

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.training.motion_augmentation import (
    MotionStrength,
    augment_recordings,
    resample_recordings,
    rotate,
    rotation_matrices,
)

NOTHING = MotionStrength(pace=0, scale=0, rotation=0)


def generator(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture
def recordings():
    """Return random readings of two sensors of three axes."""
    return generator(9).integers(-32768, 32768, (20, 50, 6), np.int16)


def test_augment_recordings_zero_strength_is_identity(recordings):
    np.testing.assert_array_equal(augment_recordings(recordings, generator(), NOTHING), recordings)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_augment_recordings_keeps_shape_and_type(dtype):
    x = generator(1).integers(0, 256, (4, 30, 3)).astype(dtype)
    changed = augment_recordings(x, generator())
    assert (changed.shape, changed.dtype) == (x.shape, x.dtype)
    assert (changed != x).any()


def test_augment_recordings_clips_integers():
    x = np.full((50, 10, 3), [32767, -32768, 0], np.int16)
    changed = augment_recordings(x, generator(), NOTHING._replace(scale=0.5))
    assert (changed[..., 0].min(), changed[..., 0].max()) != (-32768, 32767)
    assert changed[..., 0].min() > 16_000
    assert changed[..., 1].max() < -16_000
    assert changed[..., 0].max() == 32767
    assert not changed[..., 2].any()


def test_augment_recordings_scales_channels_about_middle():
    x = np.full((500, 10, 3), 228.0)
    changed = augment_recordings(x, generator(), NOTHING._replace(scale=0.1), middle=128)
    shares = (changed - 128) / 100
    np.testing.assert_allclose(shares, np.broadcast_to(shares[:, :1], shares.shape))
    assert len(np.unique(shares[:, 0].round(9))) == 1500
    assert 0.9 <= shares.min() < 0.901
    assert 1.099 < shares.max() <= 1.1


def test_augment_recordings_rotation_keeps_lengths_and_angles(recordings):
    x = recordings.astype(np.float64)
    changed = augment_recordings(x, generator(), NOTHING._replace(rotation=40))
    before, after = (each.reshape(20, 50, 2, 3) for each in (x, changed))
    products = "ntsi,nusi->ntus"
    np.testing.assert_allclose(
        np.einsum(products, after, after), np.einsum(products, before, before), rtol=1e-6, atol=1e-2
    )


def test_augment_recordings_rotation_is_limited_and_isotropic():
    basis = np.broadcast_to(np.eye(3), (2000, 3, 3))
    turned = augment_recordings(basis.copy(), generator(), NOTHING._replace(rotation=30))
    traces = np.trace(turned, axis1=1, axis2=2)
    degrees = np.degrees(np.arccos(np.clip((traces - 1) / 2, -1, 1)))
    assert 29.9 < degrees.max() < 30.0001
    np.testing.assert_allclose(np.linalg.det(turned), 1)
    # Rows are rotated unit vectors; R - R' is twice the sine of the angle times the axis.
    axes = np.stack([turned[:, 1, 2] - turned[:, 2, 1], turned[:, 2, 0] - turned[:, 0, 2]], axis=1)
    quadrants = np.unique(np.sign(axes), axis=0, return_counts=True)[1]
    assert quadrants.min() > 400


def test_rotation_matrices_are_right_handed():
    quarter = rotation_matrices(np.eye(3), np.full(3, math.pi / 2))
    x, y, z = np.eye(3)
    about_x, about_y, about_z = quarter
    np.testing.assert_allclose([about_x @ y, about_y @ z, about_z @ x], [z, x, y], atol=1e-12)
    np.testing.assert_allclose(rotate(x[None, None], about_z[None]), [[y]], atol=1e-12)


def test_augment_recordings_warps_time_between_fixed_ends():
    clock = np.tile(np.arange(201.0)[:, None], (300, 1, 3))
    strength = NOTHING._replace(pace=0.3)
    times = augment_recordings(clock, generator(), strength)[..., 0]
    np.testing.assert_allclose(times[:, [0, -1]], np.tile([0, 200], (300, 1)), atol=1e-9)
    speeds = np.diff(times, axis=1)
    # Speeds are 0.7..1.3; the fit of the ends multiplies them by a factor in 1 / 1.3..1 / 0.7.
    assert 0.7 / 1.3 <= speeds.min() < 0.8
    assert 1.2 < speeds.max() <= 1.3 / 0.7
    assert np.abs(np.diff(speeds, axis=1)).max() < 0.03
    assert np.abs(times - clock[..., 0]).max() > 5
    assert len(np.unique(times[:, 100])) == 300


def test_resample_recordings_interpolates_between_samples():
    x = np.array([[[0.0, 10.0], [1.0, 20.0], [4.0, 40.0]]])
    resampled = resample_recordings(x, np.array([[0.0, 0.5, 1.25, 2.0]]))
    np.testing.assert_allclose(resampled, [[[0, 10], [0.5, 15], [1.75, 25], [4, 40]]])


def test_augment_recordings_depends_on_seed_and_calls_differ(recordings):
    np.testing.assert_array_equal(
        augment_recordings(recordings, generator(3)), augment_recordings(recordings, generator(3))
    )
    random = generator(3)
    assert (augment_recordings(recordings, random) != augment_recordings(recordings, random)).any()


@pytest.mark.parametrize(
    ("shape", "strength", "words"),
    [
        ((4, 3), MotionStrength(), r"shape \(4, 3\)"),
        ((4, 1, 3), MotionStrength(), "2 samples"),
        ((4, 10, 4), MotionStrength(), "4 channels, which are no threes"),
        ((4, 10, 3), MotionStrength(pace=1), "pace is 1 at 5 bends"),
        ((4, 10, 3), MotionStrength(bends=1), "pace is 0.2 at 1 bends"),
    ],
)
def test_augment_recordings_invalid_input_is_refused(shape, strength, words):
    with pytest.raises(SpikeletError, match=words):
        augment_recordings(np.zeros(shape, np.int16), generator(), strength)


def test_augment_recordings_without_rotation_takes_2_channels():
    x = generator(1).integers(0, 256, (4, 30, 2), np.uint8)
    assert (augment_recordings(x, generator(), MotionStrength(rotation=0)) != x).any()
