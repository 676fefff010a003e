"""What becomes of what a watch yields: it is kept, checked and shown, in this order."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from spikelet.link.turn import Observation, Status
from spikelet.link.verify import LiveCheck, Verification
from spikelet.monitoring.journal.writer import JournalWriter
from spikelet.monitoring.watch import Event, Started

if TYPE_CHECKING:
    from spikelet.link.board_info import BoardInfo
    from spikelet.monitoring.live_view import LiveView
    from spikelet.monitoring.watch import Watch
    from spikelet.networks.network import Network

COUNTS = ("late", "skipped", "failed")


class Monitor:
    """Follows a watch.

    found      what checking found; empty where nothing is checked
    answers    {class: int}, how often each was the answer
    sampling   {"late", "skipped", "failed": int}, how the sensor did, see observation.Status
    """

    def __init__(
        self, network: Network, view: LiveView, *, check: bool, record: str | Path | None
    ) -> None:
        """Prepare to follow.

        check     whether every spike is compared with the reference
        record    the journal to write, if any
        """
        self._network = network
        self._view = view
        self._check = LiveCheck(network) if check else None
        self._record = record
        self._journal: JournalWriter | None = None
        self._stack = contextlib.ExitStack()
        self.answers = dict.fromkeys(network.classes, 0)
        self._status: Status | None = None  # the last one
        self._sampled = Counter[str]()  # before the board began to count anew
        self._unseen = False  # whether what follows depends on a state that nobody saw

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def found(self) -> Verification:
        """What checking found by now."""
        return Verification() if self._check is None else self._check.found

    def begin(self, port: str, info: BoardInfo) -> None:
        """Begin the journal, once the board has said what it is."""
        if self._record is None or self._journal is not None:
            return
        about = {
            "port": port,
            "board": info.machine,
            "runtime": info.runtime,
            "kernel": info.kernel,
            "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._journal = self._stack.enter_context(JournalWriter(self._record, self._network, about))

    def log(self, text: str) -> None:
        """Keep and show what the board printed."""
        if self._journal is not None:
            self._journal.text(text)
        self._view.log(text)

    def follow(self, watch: Watch, samples: int | None) -> None:
        """Take in all events, until so many turns were made."""
        found = None if self._check is None else self._check.found
        try:
            with contextlib.closing(watch.events(samples)) as events:
                for event in events:
                    if self._journal is not None:
                        self._journal.take(event)
                    self._count(event)
                    self._compare(event)
                    self._view.show(event, watch, found)
        finally:
            if self._journal is not None:
                self._journal.end(self._counts(watch))

    @property
    def sampling(self) -> dict[str, int]:
        """How the sensor did, all in all."""
        total = self._sampled + _counted(self._status)
        return {name: total[name] for name in COUNTS}

    def _count(self, event: Event) -> None:
        if isinstance(event, Observation):
            self.answers[self._network.classes[event.answer]] += 1
        elif isinstance(event, Status):
            if self._status is not None and event.samples < self._status.samples:
                self._sampled += _counted(self._status)
            self._status = event

    def _compare(self, event: Event) -> None:
        if isinstance(event, Started):
            self._unseen = False
            if self._check is not None:
                self._check.restart()
        elif event is None:
            self._unseen = self._network.stream is not None
        elif isinstance(event, Observation) and self._check is not None and not self._unseen:
            self._check.check(event)

    def _counts(self, watch: Watch) -> dict[str, int]:
        counts = {
            "turns": watch.turns,
            "answers": watch.answers,
            "lost_frames": watch.lost_frames,
            "missed_frames": watch.missed,
            "reconnections": watch.reconnections,
        }
        if self._check is not None:
            counts["differences"] = self._check.found.differences
        return counts


def _counted(status: Status | None) -> Counter[str]:
    return Counter({} if status is None else {name: getattr(status, name) for name in COUNTS})
