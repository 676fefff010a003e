"""Convert the order of values between NIR (channels first) and Spikelet (last).

A shape is [n], [channels, length] or [channels, height, width]. A convolution over time has height 1.
NIR flattens such a shape channel by channel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikelet.networks.geometry import Pair

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Grid:
    """Values at the pixels of an image.

    Attributes
    ----------
    size : (int, int)
        Rows and columns.
    channels : int
        Values at each pixel.
    """

    size: Pair
    channels: int

    @property
    def values(self) -> int:
        """Number of all values."""
        return math.prod(self.size) * self.channels

    @property
    def order(self) -> NDArray[np.int64]:
        """Position in Spikelet of each of NIR's flat values, int64[values]."""
        places = np.arange(self.values).reshape(*self.size, self.channels)
        return places.transpose(2, 0, 1).ravel()

    def arranged(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return names of NIR's flat values in Spikelet's order.

        If their number is not `values`, they are returned unchanged.
        """
        if len(names) != self.values:
            return names
        return tuple(name for _, name in sorted(zip(self.order.tolist(), names, strict=True)))


def pixel_grid(shape: Sequence[int]) -> Grid:
    """Return the grid of a NIR shape: one pixel, a row of pixels, or an image."""
    size = (1, 1, *shape[1:])[-2:]
    return Grid((size[0], size[1]), shape[0])
