"""Sessions of hosts with a board in memory: their bytes, and the items that the host accepts."""

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from board_in_memory import BoardInMemory
from random_networks import random_inputs, random_network
from stream_networks import recordings, stream_network

from spikelet.link import link as link_module
from spikelet.link import sensor, verify
from spikelet.link.link import Link
from spikelet.link.turn import Turn
from spikelet.networks.lif_file import save_network
from spikert import compat
from spikert import session as session_module
from spikert.sensors import sampler

# Seconds of a look at a silent board, on a clock of the test's own, and after which a session hangs.
LOOK, HANGS = 0.1, 3000.0
TURNS = 3
STATIC, STREAM = random_network(3), stream_network(1)


class Clock:
    """A replacement for the module `time` that passes quickly, and fails if a wait does not end."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Return seconds."""
        self.now += 1e-6
        assert self.now < HANGS, "it hangs"
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the time by a look."""
        self.now += max(seconds, LOOK)


class BoardsClock:
    """The board's clock: sleep advances it, and each look does a little."""

    def __init__(self) -> None:
        self.now = 0

    def ticks_us(self) -> int:
        """Return microseconds."""
        self.now += 1
        return self.now

    def sleep_ms(self, ms: int, unheard: bool = False) -> None:
        """Advance the time."""
        self.now += 1000 * ms


class Cable:
    """A stream for Link that keeps the bytes of both directions."""

    def __init__(self, board: BoardInMemory) -> None:
        self.board = board
        self.to_host, self.to_board = bytearray(), bytearray()

    def write(self, data: bytes) -> int:
        """Pass bytes of the host on."""
        self.to_board += data
        return self.board.write(data)

    def read(self, size: int) -> bytes:
        """Pass bytes of the board on."""
        data = self.board.read(size)
        self.to_host += data
        return data


class Recorded:
    """A stream for Link with bytes that a board sent; it is silent then."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def write(self, data: bytes) -> int:
        """Ignore the host."""
        return len(data)

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        data, self.data = self.data[:size], self.data[size:]
        return data


class Conversation(NamedTuple):
    """A session: its network, its readings, and the host as a generator of the accepted items."""

    network: object
    x: np.ndarray
    host: Callable[[Link], Iterator[object]]


def run(link: Link) -> Iterator[object]:
    """Run turns of the host; yield them behind the description of the board."""
    yield link.hello()
    for number, readings in enumerate(X):
        yield link.run(STATIC, number, readings)


def run_stream(link: Link) -> Iterator[object]:
    """Run turns of a stream of the host."""
    turns = X_STREAM.reshape(-1, *STREAM.turn)
    for number in range(TURNS):
        yield link.run(STREAM, number, turns[number], turns[:number])


def _replay(link: Link) -> Iterator[object]:
    yield from link.replay(STATIC, 0, TURNS, start=True)


def _live(link: Link) -> Iterator[object]:
    yield from sensor.turns(link, STREAM, 0, TURNS)


def readings(link: Link) -> Iterator[object]:
    """Receive readings of a sensor."""
    yield from sensor.readings(link, TURNS)


X = random_inputs(STATIC, 1, TURNS)
X_STREAM = recordings(STREAM, 1, 1)
CONVERSATIONS = (
    Conversation(STATIC, X, run),
    Conversation(STREAM, X_STREAM, run_stream),
    Conversation(STATIC, X, _replay),
    Conversation(STREAM, X_STREAM, _live),
    Conversation(STREAM, X_STREAM, readings),
)


class Undamaged(NamedTuple):
    """The bytes of a session, and what its host accepted."""

    to_host: bytes
    to_board: bytes
    accepted: tuple[object, ...]


@cache
def folder(number: int) -> Path:
    """Return the folder with the board's files of a session."""
    path, conversation = Path(tempfile.mkdtemp(prefix="spikelet-fuzz-")), CONVERSATIONS[number]
    save_network(conversation.network, path / "network.lif")
    (path / "samples.bin").write_bytes(conversation.x.tobytes())
    raw = {"sensor": "replay", "file": str(path / "samples.bin")}
    channels = conversation.network.channels
    (path / "sensor.json").write_text(json.dumps({**raw, "channels": channels, "rate": 100}))
    return path


def board(number: int) -> BoardInMemory:
    """Return the board of a session."""
    names = ("network.lif", "samples.bin")
    paths = [folder(number) / name for name in names]
    return BoardInMemory(*paths, settings=folder(number) / "sensor.json", clock=Clock())


@cache
def undamaged(number: int) -> Undamaged:
    """Return the session with this number, without damage; its turns are those of the reference."""
    conversation, cable = CONVERSATIONS[number], Cable(board(number))
    with clocks():
        Link(cable, "board", lambda text: None).hello()
        cable.to_host.clear()
        cable.to_board.clear()
        # The next link counts from 0 again, too.
        cable.board.session.last = -1
        accepted = tuple(conversation.host(Link(cable, "board", lambda text: None)))
    turns = [item for item in accepted if isinstance(item, Turn)]
    expected = conversation.network.simulate(conversation.x).turns()
    found = verify.Verification()
    for turn in turns:
        verify.count_differences(found, turn.turn, turn, expected, turn.turn)
    assert found.differences == 0
    assert len(turns) == (0 if conversation.host is readings else TURNS)
    return Undamaged(bytes(cable.to_host), bytes(cable.to_board), accepted)


@contextlib.contextmanager
def clocks() -> Iterator[None]:
    """Replace the clocks of host and board, and the collections of garbage, which take long."""
    ticks = BoardsClock()
    with (
        patch.object(link_module, "time", Clock()),
        patch.object(compat, "ticks_us", ticks.ticks_us),
        patch.object(compat, "ticks_diff", lambda later, earlier: later - earlier),
        patch.object(compat, "sleep_ms", ticks.sleep_ms),
        patch.object(compat, "memory_free", lambda: 0),
        patch.object(session_module, "gc", SimpleNamespace(collect=lambda: None)),
        patch.object(sampler, "gc", SimpleNamespace(collect=lambda: None)),
    ):
        yield
