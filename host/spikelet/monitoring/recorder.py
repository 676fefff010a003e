"""Records the samples of a sensor on a board, in pieces without a gap."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.boards import sensor_settings
from spikelet.boards.interpreter import survey_port
from spikelet.boards.port import Port
from spikelet.errors import UsageError
from spikelet.flashing import drivers, flash
from spikelet.flashing.runtime import choice
from spikelet.flashing.runtime.needs import Task
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.link.board_info import BoardInfo
from spikelet.link.link import Link
from spikelet.link.sensor import Readings
from spikelet.link.session import ignore, open_session
from spikelet.link.turn import Status
from spikert.session import SENSOR


@dataclass
class Recorded:
    """Samples of a sensor, cut at each gap.

    Attributes
    ----------
    pieces : list of int16[samples, channels]
        One array for each stretch without a gap.
    status : Status or None
        Last status of the sensor.
    lost : int
        Number of frames that did not arrive.
    """

    pieces: list[NDArray[np.int16]] = field(default_factory=list)
    status: Status | None = None
    lost: int = 0

    @property
    def samples(self) -> int:
        """Number of samples in all pieces."""
        return sum(map(len, self.pieces))


class Recorder:
    """Joins the readings of a sensor to pieces without a gap.

    Attributes
    ----------
    recorded : Recorded
        The samples so far. The last piece is complete when `record` returns.
    """

    def __init__(self, seconds: float) -> None:
        """Prepare to record.

        Parameters
        ----------
        seconds : float
            Duration by the rate of the sensor. If the sensor has no rate, the number of samples.
        """
        self.recorded = Recorded()
        self._seconds = seconds
        self._parts: list[NDArray[np.int16]] = []
        # Skipped samples and failed reads so far.
        self._gaps = (0, 0)

    @property
    def samples(self) -> int:
        """Number of samples so far."""
        return self.recorded.samples + sum(map(len, self._parts))

    @property
    def wanted(self) -> int | None:
        """Number of samples to record; None before the board has reported its rate."""
        status = self.recorded.status
        return None if status is None else math.ceil(self._seconds * (status.rate or 1))

    def record(
        self, events: Iterable[Readings | Status], on_event: Callable[[Readings | Status], None]
    ) -> None:
        """Record events until the recorder has enough samples.

        If an exception ends the recording, `recorded` keeps the samples that arrived before it.

        Parameters
        ----------
        events : iterable of Readings or Status
        on_event : callable
            Called with each event once it is recorded.
        """
        try:
            for event in events:
                self._take(event)
                on_event(event)
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
        """Remove the samples beyond the number to record."""
        total = self.wanted
        while total is not None and self.recorded.samples > total:
            last = self.recorded.pieces.pop()
            rest = total - self.recorded.samples
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
        raise UsageError(f"{port.name} has no sensors; record from another board")
    interpreter = survey_port(port)
    if driver:
        drivers.install_driver(port, interpreter.name, driver)
    extra = {SENSOR: sensor_settings.settings_to_bytes(settings)}
    parts, task = RuntimeParts.for_interpreter(interpreter), Task(None, settings)
    files = choice.choose(port, interpreter, parts, task, extra).files
    staged = flash.stage_files(port, files, progress)
    with open_session(port, paths=staged.layout.paths, log=log) as opened:
        yield opened
