"""Watching a board for as long as it takes: what it sends, and how it is found again when it was gone.

What comes is a sequence of events:

    Started        the network's state begins anew with the next turn
    Observation    a turn
    None           a turn that was lost on its way
    Status         how the sensor is doing
    Gone           the board went away, fell silent or was reset; nothing comes until
    Reconnected    it is back

After a gap, a board is asked again for the turns that it owed; no turn is counted twice.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from spikelet.boards.port import Port
from spikelet.boards.usb_identity import Sameness
from spikelet.errors import BoardGone, NotThere, SpikeletError
from spikelet.link import sensor
from spikelet.link.link import Link
from spikelet.link.turn import Observation, Status
from spikelet.networks.network import Network
from spikert.session import SENSOR

BATCH = 16  # turns that are asked for at once
TRIES = 5  # failures in a row before it is given up
FIRST_PAUSE, LAST_PAUSE = 0.2, 2.0  # seconds between two looks for the board; doubled each time
NOT_LOADED = "no network is loaded"  # what a session says that began after a reset
BANNER = re.compile(r"soft reboot|MicroPython v\d|Adafruit CircuitPython \d|\brst:0x|>>> ")
"""What boards print at their start."""


@dataclass(frozen=True)
class Started:
    """The network's state begins anew with the next turn."""


@dataclass(frozen=True)
class Gone:
    """The board is gone.

    reason    a sentence
    """

    reason: str


@dataclass(frozen=True)
class Reconnected:
    """The board is back.

    name       of the port where it was found
    count      int, how often it came back by now
    seconds    float, how long it was gone
    """

    name: str
    count: int
    seconds: float


Event = Started | Observation | None | Status | Gone | Reconnected
Log = Callable[[str], None]
Connect = Callable[[Port, Log], AbstractContextManager[Link]]
Turns = Callable[[Link, int, int, bool], Iterator[Observation | Status | None]]
"""Has a board make turns: of (link, first, count, start) the first's number, how many, and whether
the state begins anew with it. Yields each turn, None for one that was lost, and any Status between."""


def replayed(network: Network) -> Turns:
    """Return the turns of the recording that a board was flashed with."""

    def turns(
        link: Link, first: int, count: int, start: bool
    ) -> Iterator[Observation | Status | None]:
        return link.replay(network, first, count, start=start)

    return turns


def listened(network: Network) -> Turns:
    """Return the turns of a board's own sensor, which go on until one is lost, not so many at once."""

    def turns(
        link: Link, first: int, count: int, start: bool
    ) -> Iterator[Observation | Status | None]:
        for seen in sensor.turns(link, network, first, start=start):
            yield seen
            if seen is None and network.stream is not None:
                return  # its state is not known any more, so it begins anew

    return turns


def source(network: Network, flashed: Collection[str], *, replay: bool = False) -> Turns:
    """Return the turns of the sensor that was flashed with the network, or of its recording.

    Parameters
    ----------
    network : Network
    flashed : collection of str
        The names of the files on the board, from `held`.
    replay : bool
        Take the recording even if there is a sensor.
    """
    return listened(network) if SENSOR in flashed and not replay else replayed(network)


class Watch:
    """Turns of one board, through all its absences.

    turns            int, turns by now, those that were lost among them
    answers          int, those that came
    lost_frames      int, frames of these that were lost for good
    missed           int, frames that were lost on their way
    reconnections    int, how often the board came back
    """

    def __init__(
        self, port: Port, connect: Connect, source: Turns, *, stream: bool, log: Log
    ) -> None:
        """Prepare to watch the board at a port.

        connect    opens a link to the board at a port, and checks that it holds the network
        source     where turns come from
        stream     whether the network's state lasts from turn to turn
        log        called with the board's text
        """
        self.port = port
        self.turns = 0
        self.answers = 0
        self.reconnections = 0
        self._connect = connect
        self._source = source
        self._stream = stream
        self._log = log
        self._sameness = Sameness(port)
        self._last_said: deque[str] = deque(maxlen=1)
        self._rebooted = False
        self._link: Link | None = None
        self._lost_before = self._missed_before = 0  # on links that are closed
        self._lost_known = 0  # of the link's, before the turns that it owes now

    @property
    def lost_frames(self) -> int:
        """Frames that were lost for good, of turns that are not asked for again."""
        return self._lost_before + self._lost_known

    @property
    def missed(self) -> int:
        """Frames that were lost or damaged on their way here."""
        return self._missed_before + (self._link.missed if self._link else 0)

    def events(self, samples: int | None = None) -> Generator[Event]:
        """Yield what happens, until so many turns were made.

        Raises SpikeletError if the board cannot be opened at first, is there again but of no use
        `TRIES` times in a row, or never makes a turn before it goes away.
        """
        fruitless, reopened = 0, False
        while True:
            with ExitStack() as stack:
                if reopened:
                    yield self._reopen(stack)
                else:
                    self._open(stack)
                answers = self.answers
                try:
                    yield from self._watch(samples)
                    return
                except BoardGone as error:
                    reason = str(error)
                finally:
                    self._leave()
            fruitless = 0 if self.answers > answers else fruitless + 1
            if fruitless == TRIES:
                raise SpikeletError(self._in_a_loop())
            yield Gone(reason)
            reopened = True

    def _open(self, stack: ExitStack) -> None:
        link = stack.enter_context(self._connect(self.port, self._hear))
        self._link, self._lost_known, self._rebooted = link, 0, False

    def _leave(self) -> None:
        """Keep the counts of a link that is closed."""
        assert self._link is not None
        self._lost_before += self._lost_known
        self._missed_before += self._link.missed
        self._link, self._lost_known = None, 0

    def _reopen(self, stack: ExitStack) -> Reconnected:
        """Look for the board until it is there, and return that it is."""
        gone, pause, failures = time.monotonic(), FIRST_PAUSE, 0
        while True:
            time.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE)
            try:
                self.port = self._sameness.find(self.port)
                self._open(stack)
                break
            except NotThere:
                continue  # it may be plugged in tomorrow
            except SpikeletError as error:
                failures += 1
                if failures == TRIES:
                    raise SpikeletError(
                        f"{self.port.name} is there again, but was of no use {TRIES} times: {error}"
                    ) from None
        self.reconnections += 1
        return Reconnected(self.port.name, self.reconnections, time.monotonic() - gone)

    def _watch(self, samples: int | None) -> Iterator[Event]:
        """Yield what comes on the link that is open.

        Turns that do not come may be lost, or the board was reset: which, its answer to the next
        request shows. Until then they are owed.
        """
        assert self._link is not None
        link, owed, begins = self._link, 0, True
        while owed or samples is None or self.turns < samples:
            before, first = owed, self.turns + owed
            wanted = BATCH if samples is None else min(BATCH, max(samples - first, 1))
            starting, unseen = begins, False
            for event in self._asked(link, first, wanted, begins):
                if isinstance(event, Status):
                    yield event
                elif event is None:
                    owed += 1
                    starting, unseen = False, self._stream
                else:
                    yield from self._lost(owed)
                    owed = before = 0
                    if self.turns == samples:  # this one only showed that those were lost
                        self._lost_known = link.lost_frames
                        return
                    if starting:
                        yield Started()
                        starting = False
                    self.turns += 1
                    self.answers += 1
                    self._lost_known = link.lost_frames
                    yield event
                    if self.turns == samples:
                        return
            if owed and self._rebooted:
                raise BoardGone(f"{self.port.name} was reset")
            yield from self._lost(before)
            owed -= before
            if not owed:
                self._lost_known = link.lost_frames
            begins = unseen

    def _lost(self, turns: int) -> Iterator[None]:
        """Count turns as lost."""
        for _ in range(turns):
            self.turns += 1
            yield None

    def _asked(
        self, link: Link, first: int, count: int, start: bool
    ) -> Iterator[Observation | Status | None]:
        """Yield what the source gives; raises BoardGone where the board forgot its network."""
        try:
            yield from self._source(link, first, count, start)
        except BoardGone:
            raise
        except SpikeletError as error:
            if NOT_LOADED in str(error):
                raise BoardGone(f"{self.port.name} was reset") from None
            raise

    def _hear(self, text: str) -> None:
        """Take in the board's text, from which one may see that it was reset."""
        self._rebooted = self._rebooted or BANNER.search(text) is not None
        self._last_said.extend(line for line in text.splitlines() if line.strip("> \x04"))
        self._log(text)

    def _in_a_loop(self) -> str:
        said = f"; it said last: {self._last_said[0][:200]}" if self._last_said else ""
        return (
            f"{self.port.name} went away {TRIES} times before it made a turn, as a board does that "
            f"resets in a loop; check its cable and its power, or flash it again{said}"
        )
