"""The live view of a board: its last steps as a raster of characters."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from rich.console import Group
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from spikelet.cli.output import Output
    from spikelet.link import Link
    from spikelet.network import Network
    from spikelet.observation import Observation
    from spikelet.verification import Verification

HISTORY = 60  # steps that are shown
ROWS = 16  # of characters for a layer; each stands for a group of its neurons
SHADES = " ░▒▓█"


class LiveView:
    """Shows turns as they come: a picture on a terminal, a line each in a pipe.

    samples    int, how many were shown; of a stream, turns
    """

    def __init__(self, network: Network, output: Output) -> None:
        self.network = network
        self.samples = 0
        self._output = output
        self._steps: dict[int, deque[NDArray[np.uint8]]] = {
            number: deque(maxlen=HISTORY)
            for number, layer in enumerate(network.layers)
            if layer.theta is not None  # the others stay silent for ever
        }
        self._live = Live(console=output.people, refresh_per_second=10, transient=True)

    def __enter__(self) -> Self:
        if self._output.people.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, seen: Observation, found: Verification, link: Link) -> None:
        """Show one turn, and how the checking stands."""
        self.samples += 1
        firing = [seen.spikes[number] for number in self._steps]
        rate = sum(map(np.sum, firing)) / max(sum(map(np.size, firing)), 1)
        line = f"sample {seen.turn}: {self.network.classes[seen.answer]}, spike rate {rate:.1%}"
        if found.samples:
            line += f", {found.differences} differences"
        line += f", {link.lost_frames} lost frames"
        if not self._output.people.is_terminal:
            self._output.say(line)
            return
        for steps, spikes in zip(self._steps.values(), firing, strict=True):
            steps.extend(spikes)
        self._live.update(Group(*map(_raster, self._steps.values()), Text(line)))


def _raster(steps: deque[NDArray[np.uint8]]) -> Text:
    """Return the last steps of a layer as characters, time to the right."""
    spikes = np.array(steps).T
    groups = np.array_split(spikes, min(ROWS, len(spikes)))
    lines = []
    for group in groups:
        shares = np.ceil(group.mean(axis=0) * (len(SHADES) - 1)).astype(int)
        lines.append("".join(SHADES[share] for share in shares))
    return Text("\n".join(lines) + "\n")
