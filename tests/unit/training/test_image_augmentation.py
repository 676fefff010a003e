"""Rotation, scale and shift of images, within the limits of the strength."""

import math

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.training import image_augmentation
from spikelet.training.image_augmentation import (
    ImageStrength,
    augment_images,
    image_side,
    resample_images,
)

NOTHING = ImageStrength(rotation=0, scale=0, shift=0)


class Always:
    """A fake random generator that always draws the same share of the strength."""

    def __init__(self, *shares):
        self.shares = shares

    def uniform(self, low, high, shape):
        return np.broadcast_to(self.shares, shape)


UTMOST = Always(1, 1, 1, 1)


@pytest.fixture
def images():
    """Return random images of 5x5 pixels."""
    return np.random.default_rng(0).integers(0, 256, (20, 25), np.uint8)


def pixels(x):
    return x.reshape(len(x), 5, 5)


def nearby(image, row, column):
    """Return the bilinear interpolation of a list of rows at a place between pixels."""
    total = 0.0
    for r in (math.floor(row), math.floor(row) + 1):
        for c in (math.floor(column), math.floor(column) + 1):
            if 0 <= r < len(image) and 0 <= c < len(image):
                total += (1 - abs(row - r)) * (1 - abs(column - c)) * float(image[r][c])
    return total


def test_augment_images_zero_strength_is_identity(images):
    np.testing.assert_array_equal(augment_images(images, UTMOST, NOTHING), images)


def test_augment_images_shift_moves_down_and_right(images):
    moved = pixels(augment_images(images, UTMOST, NOTHING._replace(shift=1)))
    np.testing.assert_array_equal(moved[:, 1:, 1:], pixels(images)[:, :-1, :-1])
    assert not moved[:, 0].any()
    assert not moved[:, :, 0].any()


def test_augment_images_rotation_by_90_is_anticlockwise(images):
    turned = pixels(augment_images(images, UTMOST, NOTHING._replace(rotation=90)))
    np.testing.assert_array_equal(turned, np.rot90(pixels(images), axes=(1, 2)))


def test_augment_images_scale_enlarges_about_centre():
    image = np.zeros((1, 5, 5), np.uint8)
    image[0, 1:4, 1:4] = 200
    grown = pixels(augment_images(image.reshape(1, 25), UTMOST, NOTHING._replace(scale=1)))[0]
    # At twice the size, edge pixels come from one pixel off the centre, still inside the square.
    assert (grown == 200).all()
    shrunk = pixels(augment_images(image.reshape(1, 25), UTMOST, NOTHING._replace(scale=-0.5)))[0]
    assert (np.count_nonzero(shrunk), shrunk[2, 2]) == (1, 200)


def test_resample_images_interpolates_between_pixels(images):
    random = np.random.default_rng(1)
    rows, columns = random.uniform(-2, 6, (2, 20, 40))
    resampled = resample_images(images, rows, columns)
    for image, *places, values in zip(pixels(images), rows, columns, resampled, strict=True):
        for row, column, value in zip(*places, values, strict=True):
            assert abs(value - nearby(image, row, column)) <= 0.5 + 1e-9
    assert resampled.dtype == np.uint8


def test_augment_images_variants_differ_and_depend_on_seed():
    x = np.full((10, 64), 255, np.uint8)
    first, again, other = (augment_images(x, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert len(np.unique(first, axis=0)) == 10
    assert (first != other).any()


def test_augment_images_is_independent_of_block_size(images, monkeypatch):
    whole = augment_images(images, np.random.default_rng(0))
    monkeypatch.setattr(image_augmentation, "BLOCK", 7)
    np.testing.assert_array_equal(augment_images(images, np.random.default_rng(0)), whole)


def test_augment_images_successive_calls_differ(images):
    random = np.random.default_rng(0)
    assert (augment_images(images, random) != augment_images(images, random)).any()


@pytest.mark.parametrize(("channels", "pixel"), [(1, 1), (64, 8), (784, 28)])
def test_image_side_is_root_of_channels(channels, pixel):
    assert image_side(channels) == pixel


@pytest.mark.parametrize(("channels", "padded"), [(2, 4), (63, 64), (65, 81)])
def test_augment_images_channels_not_square_are_refused(channels, padded):
    x = np.zeros((1, channels), np.uint8)
    with pytest.raises(SpikeletError, match=f"have {channels} channels.* pad them to {padded}"):
        augment_images(x, np.random.default_rng(0))
