"""Recording what a board's sensor reads: the samples that come, in pieces without a gap."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.boards import interpreter as interpreters
from spikelet.boards import sensor_settings
from spikelet.boards.port import Port
from spikelet.errors import SpikeletError
from spikelet.flashing import drivers, flash
from spikelet.flashing import layout as board_layout
from spikelet.flashing.runtime import choice
from spikelet.flashing.runtime import parts as runtime_parts
from spikelet.flashing.runtime.needs import Task
from spikelet.link.board_info import BoardInfo
from spikelet.link.link import Link
from spikelet.link.sensor import Readings
from spikelet.link.session import ignore, open_session
from spikelet.link.turn import Status
from spikert.session import SENSOR


@dataclass
class Recorded:
    """What was recorded.

    pieces    an int16[samples, channels] for each stretch that has no gap
    status    what the board said of its sensor last
    lost      int, frames that did not arrive
    """

    pieces: list[NDArray[np.int16]] = field(default_factory=list)
    status: Status | None = None
    lost: int = 0

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return sum(map(len, self.pieces))


class Recorder:
    """Puts together what comes.

    recorded    Recorded so far; its last piece once `finish` was called
    """

    def __init__(self, seconds: float) -> None:
        """Prepare to record so many seconds, by the sensor's own rate; as samples if it has none."""
        self.recorded = Recorded()
        self._seconds = seconds
        self._parts: list[NDArray[np.int16]] = []
        self._gaps = (0, 0)  # samples left out and failures, by now

    @property
    def samples(self) -> int:
        """How many samples came."""
        return self.recorded.samples + sum(map(len, self._parts))

    @property
    def wanted(self) -> int | None:
        """How many samples are to come; None before the board has said how fast it reads."""
        status = self.recorded.status
        return None if status is None else math.ceil(self._seconds * (status.rate or 1))

    def record(
        self, events: Iterable[Readings | Status], seen: Callable[[Readings | Status], None]
    ) -> None:
        """Take in what comes until there is enough; call `seen` with each.

        What came before an exception stays recorded.
        """
        try:
            for event in events:
                self._take(event)
                seen(event)
                if self.wanted is not None and self.samples >= self.wanted:
                    return
        finally:
            self._close_piece()
            self._cut()

    def _take(self, event: Readings | Status) -> None:
        if isinstance(event, Status):
            gaps = event.skipped, event.failed
            if gaps != self._gaps and self._parts:
                self._close_piece()
            self._gaps = gaps
            self.recorded.status = event
            return
        if event.lost:
            self.recorded.lost += event.lost
            self._close_piece()
        self._parts.append(event.raw)

    def _close_piece(self) -> None:
        if self._parts:
            self.recorded.pieces.append(np.concatenate(self._parts))
        self._parts = []

    def _cut(self) -> None:
        """Leave out what came beyond what was wanted."""
        wanted = self.wanted
        while wanted is not None and self.recorded.samples > wanted:
            last = self.recorded.pieces.pop()
            rest = wanted - self.recorded.samples
            if rest > 0:
                self.recorded.pieces.append(last[:rest])


@contextlib.contextmanager
def open_sensor(
    port: Port,
    settings: dict[str, Any],
    *,
    driver: str | None = None,
    progress: Callable[[int, int], None] = flash.ignore_progress,
    log: Callable[[str], None] = ignore,
) -> Iterator[tuple[Link, BoardInfo]]:
    """Start the runtime with a sensor, beside the network that the board has in use.

    Parameters
    ----------
    port : Port
    settings : dict
        The sensor, from `sensor_settings.parse`.
    driver : str, optional
        A package with the driver of the sensor, installed on the board first.
    progress : callable
        Called with (bytes done, bytes in all) while the runtime is sent.
    log : callable
        Called with the text that the board prints.

    Raises
    ------
    SpikeletError
        If the board has no sensors, or the runtime does not start there.
    """
    if port.in_place:
        raise SpikeletError(f"{port.name} has no sensors; record from another board")
    interpreter = interpreters.ask(port)
    if driver:
        drivers.install(port, interpreter.name, driver)
    extra = {SENSOR: sensor_settings.to_bytes(settings)}
    parts, task = runtime_parts.of(interpreter), Task(None, settings)
    layout = board_layout.of(choice.choose(port, interpreter, parts, task, extra).files)
    flash.stage_files(port, layout, progress)
    with open_session(port, paths=layout.paths, log=log) as opened:
        yield opened
