"""Run the board's session in this process, behind a stream with faults.

Time is a Clock's, so tests never wait. The session runs whenever the host looks for an answer, so a
test is fast and always takes the same course.
"""

import random
from collections import deque

from spikert import wire
from spikert.session import Session


class Clock:
    """A replacement for the module `time` that fails when a test waits without end."""

    def __init__(self, limit: float = 100_000.0) -> None:
        self.now = 0.0
        self.limit = limit

    def monotonic(self) -> float:
        """Return seconds."""
        self.now += 1e-6
        assert self.now < self.limit, "it hangs"
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the time."""
        self.now += seconds


class Faults:
    """Flips, drops and inserts bytes, each with probability `rate` / 3.

    Attributes
    ----------
    never : int or None
        A byte that no fault produces.
    count : int
        Faults so far.
    """

    def __init__(self, seed: int, rate: float, never: int | None = None) -> None:
        self.random = random.Random(seed)
        self.rate = rate
        self.never = never
        self.count = 0

    def damage(self, data: bytes) -> bytes:
        """Return the damaged data."""
        if not self.rate:
            return data
        arrives = bytearray()
        for value in data:
            if self.random.random() >= self.rate:
                arrives.append(value)
                continue
            self.count += 1
            fault = self.random.choice(("flip", "drop", "insert"))
            if fault != "drop":
                arrives.append(self._other(value))
            if fault == "insert":
                arrives.append(value)
        return bytes(arrives)

    def _other(self, value: int) -> int:
        return self.random.choice([v for v in range(256) if v not in (value, self.never)])


class _Inbox:
    """Bytes from the host that the board has yet to read; reads end instead of waiting."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ran_dry = False

    @property
    def in_waiting(self) -> int:
        """Number of bytes that can be read at once."""
        return len(self.data)

    def readinto(self, buffer: bytearray) -> int:
        """Read one byte, or none."""
        if not self.data:
            self.ran_dry = True
            return 0
        buffer[0] = self.data.pop(0)
        return 1


class BoardInMemory:
    """A stream for Link with a Session at its other end.

    Attributes
    ----------
    outgoing : callable
        Called with (kind, data) of each frame from the board; returns (data, seconds), the data for the
        host and its delay.
    ended : bool
        Whether the session is over.
    sent : list of int
        The kinds of all frames that the board sent.
    """

    def __init__(
        self,
        path,
        recording="",
        *,
        settings="",
        clock=None,
        seed=0,
        to_host=0.0,
        to_board=0.0,
        outgoing=None,
    ):
        self.clock = clock or Clock()
        self.inbox = _Inbox()
        self.session = Session(self.inbox, self, str(path), str(recording), str(settings))
        self.ended = False
        self.sent = []
        self.to_host = Faults(seed, to_host)
        self.to_board = Faults(seed + 1, to_board, never=wire.CTRL_C[0])
        self.outgoing = outgoing or (lambda kind, data: (data, 0.0))
        self._random = random.Random(seed)
        self._under_way = deque()
        # The incomplete end of the host's bytes.
        self._rest = b""
        self._board_writes = False

    def write(self, data) -> int:
        """Take bytes from the host, or, while the session runs, from the board."""
        if self._board_writes:
            self._send(bytes(data))
        else:
            self._receive(bytes(data))
        return len(data)

    def read(self, size: int) -> bytes:
        """Return the bytes that have arrived for the host, in pieces of any size."""
        arrived = b""
        while self._under_way and self._under_way[0][0] <= self.clock.now:
            arrived += self._under_way.popleft()[1]
        size = min(size, self._random.choice((1, 5, 60, 4096)))
        if arrived[size:]:
            self._under_way.appendleft((self.clock.now, arrived[size:]))
        return arrived[:size]

    def _receive(self, data: bytes) -> None:
        data = self._rest + self.to_board.damage(data)
        whole = max(data.rfind(b"\0"), data.rfind(wire.CTRL_C)) + 1
        self._rest = data[whole:]
        if self.ended:
            return
        self.inbox.data += data[:whole]
        self.inbox.ran_dry = False
        self._board_writes = True
        self.session.serve()
        self._board_writes = False
        self.ended = not self.inbox.ran_dry

    def _send(self, data: bytes) -> None:
        kind, _, _ = wire.decode(bytearray(data[1:-1]))
        self.sent.append(kind)
        data, later = self.outgoing(kind, data)
        due = self.clock.now + later
        if self._under_way:
            due = max(due, self._under_way[-1][0])
        self._under_way.append((due, self.to_host.damage(data)))
