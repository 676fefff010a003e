"""Augment square images: rotate, scale and shift them a little, differently in each epoch.

Each image gets its own affine map about its centre. Pixels from outside the image are 0.
Source: Simard, Steinkraus and Platt, Best Practices for Convolutional Neural Networks Applied to
Visual Document Analysis (2003), sec. 2.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import UsageError

# Images that are changed at once, to limit the memory for many large images.
BLOCK = 1024


class ImageStrength(NamedTuple):
    """The limits of the changes of an image; each change is drawn evenly from -limit..limit.

    The defaults were best for 8x8 digits, in cross-validation.

    Attributes
    ----------
    rotation : float
        Degrees, anticlockwise.
    scale : float
        Share of the size, below 1, about the centre: 0.1 gives 0.9 to 1.1 of the size.
    shift : float
        Pixels, both downwards and to the right.
    """

    rotation: float = 10.0
    scale: float = 0.1
    shift: float = 0.5


def image_side(channels: int) -> int:
    """Return the side in pixels of a square image with this number of channels.

    Raises
    ------
    SpikeletError
        If the number is not a square.
    """
    root = math.isqrt(channels)
    if root * root != channels:
        raise UsageError(
            f"samples have {channels} channels, which are no square image; "
            f"pad them to {(root + 1) ** 2}, or train without augment"
        )
    return root


def augment_images(
    x: NDArray[np.uint8], random: np.random.Generator, strength: ImageStrength | None = None
) -> NDArray[np.uint8]:
    """Return a variant of each image.

    Parameters
    ----------
    x : uint8[n, channels]
        Square images, row by row.
    random : numpy.random.Generator
        Equal states give equal variants.
    strength : ImageStrength, optional

    Returns
    -------
    uint8[n, channels]

    Raises
    ------
    SpikeletError
        If the number of channels is not a square.
    """
    strength = strength or ImageStrength()
    most = np.array([math.radians(strength.rotation), strength.scale, *[strength.shift] * 2])
    changes = random.uniform(-1, 1, (len(x), 4)) * most
    blocks = range(0, len(x), BLOCK)
    return np.concatenate([_changed(x[i : i + BLOCK], changes[i : i + BLOCK]) for i in blocks])


def _changed(x: NDArray[np.uint8], changes: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return each image changed by its row of float64[n, 4]: angle, growth, down and right.

    The source of a pixel follows from the inverse map: first undo the shift, then growth and rotation.
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
    """Return images at places between their pixels.

    The values are interpolated linearly between the four nearest pixels, and rounded.

    Parameters
    ----------
    x : uint8[n, side * side]
        Square images; beyond their edges they are 0.
    rows, columns : float64[n, m]
        Places in pixels from the first pixel.

    Returns
    -------
    uint8[n, m]
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
