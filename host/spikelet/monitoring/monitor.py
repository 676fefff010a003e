"""Keeps, checks and counts the events of a Watch."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from spikelet.boards.port import Port
from spikelet.link.board_info import BoardInfo
from spikelet.link.link import Link
from spikelet.link.session import ignore, open_session
from spikelet.link.turn import Status, Turn
from spikelet.link.verify import LiveCheck, Verification
from spikelet.monitoring.journal.writer import JournalWriter
from spikelet.monitoring.watch import Event, Log, Started, Turns, Watch
from spikelet.networks.network import Network

COUNTS = ("late", "skipped", "failed")


class Monitor:
    """Follows one board: keeps, checks and counts its events.

    Attributes
    ----------
    watch : Watch
        The board, through all its absences.
    answers : dict of str to int
        Number of turns with each class as the answer.
    """

    def __init__(
        self,
        port: Port,
        network: Network,
        source: Turns,
        *,
        kernel: str = "",
        check: bool = False,
        record: str | Path | None = None,
        log: Log = ignore,
        on_board: Callable[[str, BoardInfo], None] | None = None,
    ) -> None:
        """Prepare to follow a board.

        Parameters
        ----------
        port : Port
        network : Network
            The network that the board must hold.
        source : Turns
            Source of the turns: `watch.listened` or `watch.replayed`.
        kernel : str
            The kernel to load the network with; empty for the fastest of the board.
        check : bool
            Compare every spike with the reference.
        record : path, optional
            The journal to write.
        log : callable
            Called with the text that the board prints.
        on_board : callable, optional
            Called with the name of the port and the BoardInfo at each connection.
        """
        self._network = network
        self._kernel = kernel
        self._check = LiveCheck(network) if check else None
        self._record = record
        self._log = log
        self._on_board = on_board
        self._journal: JournalWriter | None = None
        self._stack = contextlib.ExitStack()
        self.answers = dict.fromkeys(network.classes, 0)
        # The last status, and the counts from before the board restarted its own.
        self._status: Status | None = None
        self._sampled = Counter[str]()
        # Whether the next turns depend on a state that the host did not see.
        self._unseen = False
        streaming = network.stream is not None
        self.watch = Watch(port, self._connect, source, stream=streaming, log=self._hear)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def found(self) -> Verification:
        """Result of the checks so far, with the lost frames; empty without checks."""
        if self._check is None:
            return Verification()
        found = self._check.found
        found.lost_frames, found.missed = self.watch.lost_frames, self.watch.missed
        return found

    @property
    def checks(self) -> bool:
        """Whether the monitor compares every spike with the reference."""
        return self._check is not None

    def events(self, samples: int | None = None) -> Generator[Event]:
        """Keep and check each event, then yield it.

        Parameters
        ----------
        samples : int, optional
            The number of turns after which the monitor ends.

        Raises
        ------
        SpikeletError
            See `Watch.events`; also if the journal cannot be written.
        """
        try:
            with contextlib.closing(self.watch.events(samples)) as events:
                for event in events:
                    if self._journal is not None:
                        self._journal.take(event)
                    self._count(event)
                    self._compare(event)
                    yield event
        finally:
            if self._journal is not None:
                self._journal.end(self._counts())

    @contextlib.contextmanager
    def _connect(self, port: Port, log: Log) -> Iterator[Link]:
        """Open a session, and begin the journal with the first one."""
        with open_session(port, self._network, self._kernel, log=log) as (link, info):
            if self._on_board is not None:
                self._on_board(port.name, info)
            self._begin(port.name, info)
            yield link

    def _begin(self, port: str, info: BoardInfo) -> None:
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

    def _hear(self, text: str) -> None:
        """Keep and pass on text that the board printed."""
        if self._journal is not None:
            self._journal.text(text)
        self._log(text)

    @property
    def sampling(self) -> dict[str, int]:
        """Number of samples of the sensor that were late, skipped or failed, by name."""
        total = self._sampled + _counted(self._status)
        return {name: total[name] for name in COUNTS}

    def _count(self, event: Event) -> None:
        if isinstance(event, Turn):
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
        elif isinstance(event, Turn) and self._check is not None and not self._unseen:
            self._check.check(event)

    def _counts(self) -> dict[str, int]:
        watch = self.watch
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
