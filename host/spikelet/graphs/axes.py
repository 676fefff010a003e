"""Where values stand: NIR's shapes are channels first, Spikelet's neurons lie channels last.

A shape is [n], [channels, length] or [channels, height, width]; a convolution over time is one of
height 1. Flat values of such a shape stand channel by channel in NIR.
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

    size      rows and columns
    channels  int, values at each pixel
    """

    size: Pair
    channels: int

    @property
    def values(self) -> int:
        """Number of all values."""
        return math.prod(self.size) * self.channels

    @property
    def order(self) -> NDArray[np.int64]:
        """int64[values], where each of NIR's flat values stands in Spikelet, channels last."""
        places = np.arange(self.values).reshape(*self.size, self.channels)
        return places.transpose(2, 0, 1).ravel()

    def arranged(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of NIR's flat values as Spikelet has them; unchanged if too few or many."""
        if len(names) != self.values:
            return names
        return tuple(name for _, name in sorted(zip(self.order.tolist(), names, strict=True)))


def pixel_grid(shape: Sequence[int]) -> Grid:
    """Return the grid of a shape: one pixel, a row of pixels, or rows of them."""
    size = (1, 1, *shape[1:])[-2:]
    return Grid((size[0], size[1]), shape[0])
