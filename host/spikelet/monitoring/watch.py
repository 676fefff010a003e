"""Watches one board over time, and finds it again after each absence.

A watch yields these events:

- `Started`: the state of the network begins anew with the next turn.
- `Turn`: a turn that arrived.
- `None`: a turn that was lost on its way.
- `Status`: the state of the sensor.
- `Gone`: the board went away, fell silent or was reset. The next event is `Reconnected`.
- `Reconnected`: the board is back.

After a gap, the watch asks again for the turns that the board owes. It counts each turn once.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from spikelet.boards.port import Port
from spikelet.boards.usb_identity import UsbIdentity
from spikelet.errors import BoardError, BoardGone, NotThere, SpikeletError
from spikelet.link import sensor
from spikelet.link.link import Link
from spikelet.link.turn import Status, Turn
from spikelet.networks.network import Network
from spikert.session import SENSOR

# Turns in one request.
BATCH = 16
# Failures in a row before the watch gives up.
WATCH_ATTEMPTS = 5
# Seconds between two searches for the board; the pause doubles each time.
FIRST_PAUSE, LAST_PAUSE = 0.2, 2.0
# The answer of a session that began after a reset.
NOT_LOADED = "no network is loaded"
BANNER = re.compile(r"soft reboot|MicroPython v\d|Adafruit CircuitPython \d|\brst:0x|>>> ")
"""Text that boards print at their start."""


@dataclass(frozen=True)
class Started:
    """The state of the network begins anew with the next turn."""


@dataclass(frozen=True)
class Gone:
    """The board is gone.

    Attributes
    ----------
    reason : str
        A sentence.
    """

    reason: str


@dataclass(frozen=True)
class Reconnected:
    """The board is back.

    Attributes
    ----------
    name : str
        Name of the port where the watch found the board.
    count : int
        Number of reconnections so far.
    seconds : float
        Duration of the absence.
    """

    name: str
    count: int
    seconds: float


Event = Started | Turn | None | Status | Gone | Reconnected
Log = Callable[[str], None]
Connect = Callable[[Port, Log], AbstractContextManager[Link]]
Turns = Callable[[Link, int, int, bool], Iterator[Turn | Status | None]]
"""Source of turns: a function of (link, first, count, start) that has a board make turns.

`first` is the number of the first turn, `count` the number of turns. `start` is whether the state of
the network begins anew with the first. The function yields each turn, None for a lost one, and each
Status in between.
"""


def replayed(network: Network) -> Turns:
    """Return the source of turns that replays the recording on a board."""

    def turns(link: Link, first: int, count: int, start: bool) -> Iterator[Turn | Status | None]:
        return link.replay(network, first, count, start=start)

    return turns


def listened(network: Network) -> Turns:
    """Return the source of turns that listens to the sensor of a board.

    Its turns go on until one is lost, so it does not obey `count`.
    """

    def turns(link: Link, first: int, count: int, start: bool) -> Iterator[Turn | Status | None]:
        for event in sensor.turns(link, network, first, start=start):
            yield event
            # The host does not know the state of a stream after a loss, so the state begins anew.
            if event is None and network.stream is not None:
                return

    return turns


def source(network: Network, flashed: Collection[str], *, replay: bool = False) -> Turns:
    """Return the source of turns: the sensor that was flashed with the network, or its recording.

    Parameters
    ----------
    network : Network
    flashed : collection of str
        Names of the files on the board, from `read_held_network`.
    replay : bool
        Take the recording even if the board has a sensor.
    """
    return listened(network) if SENSOR in flashed and not replay else replayed(network)


class Watch:
    """Yields the turns of one board, through all its absences.

    Attributes
    ----------
    port : Port
        The port where the board was last.
    turns : int
        Turns so far, including lost ones.
    answers : int
        Turns that arrived.
    reconnections : int
        Number of times that the board came back.
    """

    def __init__(
        self, port: Port, connect: Connect, source: Turns, *, stream: bool, log: Log
    ) -> None:
        """Prepare to watch the board at a port.

        Parameters
        ----------
        port : Port
        connect : callable
            Opens a link to the board at a port, and checks that the board holds the network.
        source : Turns
            Source of the turns: `listened` or `replayed`.
        stream : bool
            Whether the state of the network lasts from turn to turn.
        log : callable
            Called with the text that the board prints.
        """
        self.port = port
        self.turns = 0
        self.answers = 0
        self.reconnections = 0
        self._connect = connect
        self._source = source
        self._stream = stream
        self._log = log
        self._identity = UsbIdentity(port)
        self._last_said: deque[str] = deque(maxlen=1)
        self._rebooted = False
        self._link: Link | None = None
        # Frames lost on links that are closed now.
        self._lost_before = self._missed_before = 0
        # Frames lost on this link, without those of the turns that it still owes.
        self._lost_known = 0

    @property
    def lost_frames(self) -> int:
        """Number of frames lost for good: the watch does not ask for their turns again."""
        return self._lost_before + self._lost_known

    @property
    def missed(self) -> int:
        """Number of frames that were lost or damaged on their way to the host."""
        return self._missed_before + (self._link.missed if self._link else 0)

    def events(self, samples: int | None = None) -> Generator[Event]:
        """Yield the events of the board.

        Parameters
        ----------
        samples : int, optional
            The number of turns after which the watch ends.

        Raises
        ------
        SpikeletError
            If the board cannot be opened at first. Also after `WATCH_ATTEMPTS` failures in a row: the
            board came back and did not work, or went away before it made a turn.
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
            if fruitless == WATCH_ATTEMPTS:
                raise BoardError(self._in_a_loop())
            yield Gone(reason)
            reopened = True

    def _open(self, stack: ExitStack) -> None:
        link = stack.enter_context(self._connect(self.port, self._hear))
        self._link, self._lost_known, self._rebooted = link, 0, False

    def _leave(self) -> None:
        """Keep the counts of the link, which closes now."""
        assert self._link is not None
        self._lost_before += self._lost_known
        self._missed_before += self._link.missed
        self._link, self._lost_known = None, 0

    def _reopen(self, stack: ExitStack) -> Reconnected:
        """Search for the board until it is back; return the event."""
        gone, pause, failures = time.monotonic(), FIRST_PAUSE, 0
        while True:
            time.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE)
            try:
                self.port = self._identity.find(self.port)
                self._open(stack)
                break
            # The user may plug the board in tomorrow, so the search has no limit.
            except NotThere:
                continue
            except SpikeletError as error:
                failures += 1
                if failures == WATCH_ATTEMPTS:
                    raise BoardError(
                        f"{self.port.name} is there again, but was of no use {WATCH_ATTEMPTS} times: "
                        f"{error}"
                    ) from None
        self.reconnections += 1
        return Reconnected(self.port.name, self.reconnections, time.monotonic() - gone)

    def _watch(self, samples: int | None) -> Iterator[Event]:
        """Yield the events of the open link.

        If turns do not arrive, they are lost, or the board was reset. The answer of the board to the
        next request shows which. Until then the board owes these turns.
        """
        assert self._link is not None
        link, owed, begins = self._link, 0, True
        while owed or samples is None or self.turns < samples:
            before, first = owed, self.turns + owed
            batch = BATCH if samples is None else min(BATCH, max(samples - first, 1))
            starting, unseen = begins, False
            for event in self._asked(link, first, batch, begins):
                if isinstance(event, Status):
                    yield event
                elif event is None:
                    owed += 1
                    starting, unseen = False, self._stream
                else:
                    yield from self._lost(owed)
                    owed = before = 0
                    # This turn is beyond the last one; it only showed that the others were lost.
                    if self.turns == samples:
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
    ) -> Iterator[Turn | Status | None]:
        """Yield the events of the source; raise BoardGone if the board has forgotten its network."""
        try:
            yield from self._source(link, first, count, start)
        except BoardGone:
            raise
        except SpikeletError as error:
            if NOT_LOADED in str(error):
                raise BoardGone(f"{self.port.name} was reset") from None
            raise

    def _hear(self, text: str) -> None:
        """Pass on the text of the board, and detect a reset from its banner."""
        self._rebooted = self._rebooted or BANNER.search(text) is not None
        self._last_said.extend(line for line in text.splitlines() if line.strip("> \x04"))
        self._log(text)

    def _in_a_loop(self) -> str:
        last = f"; it said last: {self._last_said[0][:200]}" if self._last_said else ""
        return (
            f"{self.port.name} went away {WATCH_ATTEMPTS} times before it made a turn, as a board does "
            f"that resets in a loop; check its cable and its power, or flash it again{last}"
        )
