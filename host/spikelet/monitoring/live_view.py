"""Shows a board live: a picture on a terminal, one line per turn in a pipe.

A thread of its own draws the picture at a fixed rate, however fast turns arrive. To show a turn, the
view only stores it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Self

import numpy as np
from rich.text import Text

from spikelet.link.turn import Status, Turn
from spikelet.monitoring import animation
from spikelet.monitoring.live_picture import Seen, picture
from spikelet.monitoring.watch import Event, Gone, Reconnected
from spikelet.printable import printable

if TYPE_CHECKING:
    from spikelet.link.verify import Verification
    from spikelet.monitoring.watch import Watch
    from spikelet.networks.network import Network
    from spikelet.output import Output

# Lines of the log of the board that the view prints again after it has erased the picture.
KEPT_LOG = 20


class LiveView:
    """Shows the events of a watch.

    Attributes
    ----------
    network : Network
    samples : int
        Number of turns shown.
    drawn : bool
        Whether the view draws a picture.
    seen : Seen
        The recent events, for the picture.
    """

    def __init__(self, network: Network, output: Output, about: str = "") -> None:
        """Prepare a view.

        Parameters
        ----------
        network : Network
        output : Output
        about : str
            A line about the board.
        """
        self.network = network
        self.samples = 0
        self.drawn = output.people.is_terminal and not output.json
        self.seen = Seen(network, about)
        self._output = output
        # Between the caller, which adds events, and the thread that draws.
        self._lock = threading.Lock()
        self._log: deque[str] = deque(maxlen=KEPT_LOG)
        self._logged = 0
        self._trouble = ""
        self._live = animation.live_display(output.people, self._picture)

    def __enter__(self) -> Self:
        if self.drawn:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self.drawn:
            return
        self._live.stop()
        if self._logged > len(self._log):
            self._output.warn(f"the board said {self._logged:,} lines, the last of them:")
        for line in self._log:
            self._output.warn(f"board: {line}")

    def log(self, text: str) -> None:
        """Show text that the board printed."""
        if not self.drawn:
            self._output.log(text)
            return
        shown = map(printable, text.replace("\x04", "").splitlines())
        lines = [line for line in shown if line.strip(" >")]
        with self._lock:
            self._logged += len(lines)
            self._log.extend(lines)
            self.seen.log.extend(lines)

    def show(self, event: Event, watch: Watch, found: Verification | None = None) -> None:
        """Show an event.

        Parameters
        ----------
        event : Event
        watch : Watch
            The watch that yielded it.
        found : Verification, optional
            Result of the checks so far; without it the view shows no differences.
        """
        with self._lock:
            self._count(watch, found)
            if isinstance(event, Turn):
                self.samples += 1
                if self.drawn:
                    self.seen.take(event, time.monotonic())
            elif isinstance(event, Status):
                self.seen.status = event
            elif isinstance(event, Gone):
                self.seen.gone = event.reason, time.monotonic()
            elif isinstance(event, Reconnected):
                self.seen.gone = None
        self._say(event, watch, found)

    def _count(self, watch: Watch, found: Verification | None) -> None:
        counts = self.seen.counts
        counts.turns, counts.reconnections = watch.turns, watch.reconnections
        counts.lost_frames, counts.missed = watch.lost_frames, watch.missed
        counts.differences = None if found is None else found.differences

    def _say(self, event: Event, watch: Watch, found: Verification | None) -> None:
        """Print the events that the picture does not keep; without a picture, print all of them."""
        if isinstance(event, Gone):
            self._output.say(f"the board is gone, waiting for it: {event.reason}")
        elif isinstance(event, Reconnected):
            self._output.say(f"{event.name}: back after {event.seconds:.1f} s")
        elif self.drawn:
            return
        elif event is None:
            self._output.say(f"sample {(watch.turns - 1) & 0xFFFF}: lost")
        elif isinstance(event, Turn):
            self._output.say(self._line(event, watch, found))
        elif isinstance(event, Status):
            self._say_trouble(event.trouble)

    def _say_trouble(self, trouble: str) -> None:
        """Print each new trouble of the sensor once, and its end once."""
        if trouble != self._trouble:
            self._output.warn(f"sensor: {trouble or 'works again'}")
        self._trouble = trouble

    def _line(self, turn: Turn, watch: Watch, found: Verification | None) -> str:
        firing = [turn.spikes[number] for number in self.seen.layers]
        rate = sum(map(np.sum, firing)) / max(sum(map(np.size, firing)), 1)
        line = f"sample {turn.turn}: {self.network.classes[turn.answer]}, spike rate {rate:.1%}"
        if found is not None:
            line += f", {found.differences} differences"
        return f"{line}, {watch.lost_frames} lost frames"

    def _picture(self) -> Text:
        width, height = self._output.people.size
        with self._lock:
            return picture(self.seen, width, max(height - 1, 1), time.monotonic())
