"""Plots the latest readings on a terminal; prints no plot into a pipe."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray
from rich.text import Text

from spikelet.monitoring import animation
from spikelet.monitoring.braille_plot import Signals

if TYPE_CHECKING:
    from spikelet.output import Output

# Lines, at most.
HEIGHT = 16


class LivePlot:
    """Plots the last readings of a sensor, in a thread of its own like the live view.

    Attributes
    ----------
    title : str
        The line above the plot; it may change with every reading.
    """

    def __init__(self, names: Sequence[str], output: Output, kept: int = 200) -> None:
        """Prepare a plot.

        Parameters
        ----------
        names : sequence of str
            Names of the channels.
        output : Output
        kept : int
            Number of samples to show.
        """
        self.title = ""
        self._signals = Signals(names, kept)
        self._lock = threading.Lock()
        self._people = output.people
        self._drawn = output.people.is_terminal and not output.json
        self._live = animation.live_display(output.people, self._picture)

    def __enter__(self) -> Self:
        if self._drawn:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            self._live.stop()

    def add(self, readings: NDArray[Any], title: str = "") -> None:
        """Add readings.

        Parameters
        ----------
        readings : number[samples, channels] or number[channels]
        title : str
            The new line above the plot; empty for the old one.
        """
        with self._lock:
            self._signals.add(readings)
            self.title = title or self.title

    def _picture(self) -> Text:
        width, height = self._people.size
        with self._lock:
            title = Text(self.title, no_wrap=True, overflow="crop")
            plot = self._signals.picture(width, min(height - 2, HEIGHT))
        title.truncate(max(width, 1))
        return Text("\n", no_wrap=True, overflow="crop").join([title, plot])
