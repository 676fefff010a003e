"""Recording what a board's sensor reads: the samples that come, in pieces without a gap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spikelet.link.sensor import Readings
from spikelet.link.turn import Status


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
