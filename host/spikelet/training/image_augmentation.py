"""Augmentation: square images turned, scaled and shifted a little, anew in every epoch of training.

Each image gets its own affine map about its centre; what it takes from outside the image is 0.
Source: Simard, Steinkraus and Platt, Best Practices for Convolutional Neural Networks Applied to
Visual Document Analysis (2003), sec. 2.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError

BLOCK = 1024  # images that are changed at once, so that many large ones need little memory


class ImageStrength(NamedTuple):
    """The most by which an image is changed; each change is drawn evenly from -most..most.

    rotation  degrees, anticlockwise
    scale     share of the size, about the centre, below 1: 0.1 gives 0.9 to 1.1 of it
    shift     pixels, down and to the right each

    The defaults were best for 8x8 digits, in cross-validation.
    """

    rotation: float = 10.0
    scale: float = 0.1
    shift: float = 0.5


def image_side(channels: int) -> int:
    """Return the side in pixels of a square image of so many channels.

    Raises SpikeletError if no square has so many.
    """
    root = math.isqrt(channels)
    if root * root != channels:
        raise SpikeletError(
            f"samples have {channels} channels, which are no square image; "
            f"pad them to {(root + 1) ** 2}, or train without augment"
        )
    return root


def augment_images(
    x: NDArray[np.uint8], random: np.random.Generator, strength: ImageStrength | None = None
) -> NDArray[np.uint8]:
    """Return a variant of each image, uint8[n, channels], of x uint8[n, channels], row by row.

    Equal states of `random` give equal variants. Raises SpikeletError if the channels are not a
    square.
    """
    strength = strength or ImageStrength()
    most = np.array([math.radians(strength.rotation), strength.scale, *[strength.shift] * 2])
    changes = random.uniform(-1, 1, (len(x), 4)) * most
    blocks = range(0, len(x), BLOCK)
    return np.concatenate([_changed(x[i : i + BLOCK], changes[i : i + BLOCK]) for i in blocks])


def _changed(x: NDArray[np.uint8], changes: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return each image changed by its row of float64[n, 4]: angle, growth, down and right.

    Where a pixel comes from is the inverse: the shift taken back first, then the growth and the turn.
    """
    angle, growth, down, right = changes.T[:, :, None]
    centre = (image_side(x.shape[1]) - 1) / 2
    rows, columns = (grid.ravel() - centre for grid in np.indices((image_side(x.shape[1]),) * 2))
    rows, columns = (rows - down) / (1 + growth), (columns - right) / (1 + growth)
    cosine, sine = np.cos(angle), np.sin(angle)
    source_rows = cosine * rows + sine * columns
    source_columns = cosine * columns - sine * rows
    return resample_images(x, source_rows + centre, source_columns + centre)


def resample_images(
    x: NDArray[np.uint8], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return the images uint8[n, m] of x uint8[n, side * side] at places between the pixels.

    rows, columns  float64[n, m], pixels from the first one; the image is 0 beyond its edges
    Interpolated linearly between the four nearest pixels, and rounded.
    """
    width = image_side(x.shape[1]) + 2
    images = x.reshape(len(x), width - 2, width - 2)
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1))).reshape(len(x), width**2)
    top, below = _cell(rows, width)
    left, beyond = _cell(columns, width)
    corner = top * width + left
    above = _mix(framed, corner, corner + 1, beyond)
    under = _mix(framed, corner + width, corner + width + 1, beyond)
    return np.rint(above + (under - above) * below).astype(np.uint8)


def _cell(places: NDArray[np.float64], width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the pixel before each place, counted in an image with a frame, and the rest 0..1."""
    inside = np.clip(places + 1, 0, width - 1)
    before = np.minimum(inside.astype(np.int64), width - 2)
    return before, inside - before


def _mix(
    framed: NDArray[np.uint8],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    share: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the pixels at index `first`, mixed with a `share` 0..1 of those at `second`."""
    one, other = (np.take_along_axis(framed, index, axis=1) for index in (first, second))
    return one + (other.astype(np.float64) - one) * share
