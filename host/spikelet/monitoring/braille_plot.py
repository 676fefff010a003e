"""Plots readings of a sensor as curves of braille characters, for a terminal.

A character has 2 x 4 dots. Each column of dots shows one or more samples: a bar from the least to the
largest, joined to the column before. So every peak is visible, for any number of samples.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.text import Text

BLANK = 0x2800
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bit of each dot [row, column] of a braille character; Unicode 15, section 21.1."""
# Characters of the name of a channel, at most.
NAME = 10
# Characters of the least and the largest reading.
RANGE = 14
# Characters of the narrowest curve; a narrower terminal shows only the numbers.
LEAST_WIDTH = 4


class Signals:
    """The last readings of a few channels.

    Attributes
    ----------
    names : tuple of str
        Names of the channels.
    """

    def __init__(self, names: Sequence[str], kept: int = 200) -> None:
        """Prepare an empty plot.

        Parameters
        ----------
        names : sequence of str
            Names of the channels.
        kept : int
            Number of samples to keep and show.
        """
        self.names = tuple(names)
        self._samples: deque[NDArray[Any]] = deque(maxlen=kept)

    def __len__(self) -> int:
        """Return the current number of samples."""
        return len(self._samples)

    def add(self, readings: NDArray[Any]) -> None:
        """Add readings, and forget the oldest ones beyond the limit.

        Parameters
        ----------
        readings : number[samples, channels] or number[channels]
        """
        self._samples.extend(readings.reshape(-1, len(self.names)))

    def picture(self, width: int, height: int) -> Text:
        """Return at most `height` lines of at most `width` cells; empty without readings.

        Each channel has its own scale, with its name and its range beside the curve. A terminal too
        narrow for the curve shows the last value. If some channels do not fit, the last line gives
        their number.
        """
        if not self._samples or height < 1:
            return Text("")
        values = np.array(self._samples).T
        shown = len(values) if len(values) <= height else height - 1
        rows = max(1, min(4, (height - (shown < len(values))) // max(shown, 1)))
        lines: list[str] = []
        for name, channel in zip(self.names[:shown], values, strict=False):
            lines += _channel(name, channel, width, rows)
        if shown < len(values):
            lines.append(f"and {len(values) - shown} more channels"[:width])
        return Text("\n".join(lines), no_wrap=True, overflow="crop")


def _channel(name: str, values: NDArray[Any], width: int, rows: int) -> list[str]:
    """Return the lines of one channel; the first begins with its name."""
    span = f"{values.min():g}..{values.max():g}"
    head = f"{set_cell_size(name, NAME)} {span:>{RANGE}} "
    room = width - cell_len(head)
    if room < LEAST_WIDTH:
        return [set_cell_size(f"{name} {values[-1]:g}", width)]
    curve = braille(values, room, rows)
    return [head + curve[0], *(" " * cell_len(head) + line for line in curve[1:])]


def braille(values: NDArray[Any], width: int, height: int) -> list[str]:
    """Return a curve as `height` strings of at most `width` braille characters.

    Parameters
    ----------
    values : number[n], n >= 1
        The least is at the bottom, the largest at the top. A constant is in the middle.
    width : int
        Characters.
    height : int
        Lines.
    """
    columns, dots = 2 * width, 4 * height
    y = _scaled(values, dots)
    parts = np.array_split(y, columns) if len(y) > columns else y.reshape(-1, 1)
    picture = np.zeros((dots, columns), bool)
    before = y[0]
    for column, part in enumerate(parts):
        low, high = min(part.min(), before), max(part.max(), before)
        picture[dots - 1 - high : dots - low, column] = True
        before = part[-1]
    used = -(-len(parts) // 2)
    cells = picture.reshape(height, 4, width, 2)[:, :, :used]
    codes = BLANK + np.einsum("hrwc,rc->hw", cells, DOTS)
    return ["".join(map(chr, line)) for line in codes]


def _scaled(values: NDArray[Any], dots: int) -> NDArray[np.int64]:
    """Return the row of dots of each value, counted from below."""
    wide = values.astype(np.float64)
    low, high = wide.min(), wide.max()
    if low == high:
        return np.full(len(wide), dots // 2, np.int64)
    return np.rint((wide - low) / (high - low) * (dots - 1)).astype(np.int64)
