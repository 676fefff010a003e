"""Frames: a damaged stream gives right turns or none, to the host and to the board.

A case is a byte with the number of a session, then the bytes that one side sends in it. Three checks
judge the frames and turns that were accepted:

- A second decoder of frames finds the same frames as the reader, no more and no fewer. It also accepts
  a damaged frame whose CRC-16 is right by chance, as the format does.
- A turn equals the one of the undamaged session, because the CRC-32 of its ANSWER covers its frames.
  So it is right even if a frame of it is damaged and has a right CRC-16.
- If the CRC-32 was made right, too, a board lies. Then a turn is only complete, and in range.
"""

import contextlib
import random
import struct
import zlib
from functools import cache
from unittest.mock import patch

from recorded_sessions import (
    CONVERSATIONS,
    TURNS,
    Clock,
    Recorded,
    clocks,
    folder,
    run,
    run_stream,
    undamaged,
)
from second_decoder import cobs_decoded, cobs_encoded, whole_frames

from spikelet.errors import SpikeletError
from spikelet.link import board_info
from spikelet.link import link as link_module
from spikelet.link.frames import FrameReader
from spikelet.link.link import Link
from spikelet.link.sensor import Readings
from spikelet.link.turn import DATA_KINDS, Status, Turn
from spikert import wire
from spikert.session import Session
from spikert.wire.frames import Receiver

# Bit of the first byte: the digests were made right, so a turn can have any content.
LIE = 0x80
# Numbers of the sessions whose bytes of the host are changed come behind those of the board.
SESSIONS = 2 * len(CONVERSATIONS)
# Seconds without progress.
TIMEOUT = 2.0
# Bytes that a board may send before its host is gone.
MOST_SENT = 20_000


def seeds() -> list[bytes]:
    """Return the bytes of both sides of each session."""
    count = len(CONVERSATIONS)
    sessions = [undamaged(number) for number in range(count)]
    return [bytes([k]) + session.to_host for k, session in enumerate(sessions)] + [
        bytes([count + k]) + session.to_board for k, session in enumerate(sessions)
    ]


def repaired(data: bytes) -> bytes:
    """Return the stream with a right CRC-16 in each frame, and in half of the cases right digests."""
    if len(data) < 2:
        return data
    number, from_host = _session(data)
    lie = zlib.crc32(data) & 1 and not from_host
    stream = wire.unshield(data[1:]) if from_host else data[1:]
    pieces, digests = stream.split(b"\0"), _Digests(number)
    for k, piece in enumerate(pieces[:-1]):
        body = cobs_decoded(piece)
        if body is not None and 5 <= len(body) <= 254:
            pieces[k] = cobs_encoded(digests.take(body[:-2]) if lie else body[:-2])
    stream = b"\0".join(pieces)
    first = data[0] | LIE if lie else data[0] & ~LIE
    return bytes([first]) + (wire.shield(stream) if from_host else stream)


def check(data: bytes) -> None:
    """Let a host, or a board, receive the bytes."""
    if not data:
        return
    number, from_host = _session(data)
    if from_host:
        _check_receiver(data[1:])
        _check_session(number, data[1:])
    else:
        _check_reader(data[1:])
        accepted(data)


def accepted(data: bytes) -> list[object]:
    """Return the items that a host accepts from the bytes; check each."""
    number, _ = _session(data)
    stream, items = data[1:], []
    link = Link(Recorded(stream), "board", lambda text: None, TIMEOUT)
    with patch.object(link_module, "time", Clock()), contextlib.suppress(SpikeletError):
        for item in CONVERSATIONS[number].host(link):
            items.append(item)
            assert len(items) <= len(stream) + TURNS
    turns = {turn.turn: turn for turn in undamaged(number).accepted if isinstance(turn, Turn)}
    for item in items:
        if isinstance(item, Turn):
            _check_turn(item, CONVERSATIONS[number].network)
            assert data[0] & LIE or _content(item) == _content(turns[item.turn])
    _check_readings(stream, items)
    assert link.lost_frames >= 0
    assert len(link._reader._rest) <= len(stream)
    return items


def _session(data: bytes) -> tuple[int, bool]:
    """Return the number of a case's session, and whether its bytes are the host's."""
    number = (data[0] & ~LIE) % SESSIONS
    return number % len(CONVERSATIONS), number >= len(CONVERSATIONS)


def _content(turn: Turn) -> tuple[object, ...]:
    arrays = (turn.readings, *turn.spikes, *turn.membranes)
    return (turn.answer, *(None if array is None else array.tobytes() for array in arrays))


def _check_turn(turn: Turn, network) -> None:
    assert 0 <= turn.answer < len(network.classes)
    assert all(spikes.max(initial=0) <= 1 for spikes in turn.spikes)
    assert turn.readings is None or turn.readings.shape == network.turn


def _check_readings(stream: bytes, items: list[object]) -> None:
    """Check that each reading, report and description arrived in a frame with a right CRC-16."""
    payloads = {kind: [] for kind in (wire.INPUT, wire.SENSOR, wire.BOARD)}
    for kind, _, payload in whole_frames(stream):
        payloads.get(kind, []).append(payload)
    inputs = {payload[wire.PART_SIZE :] for payload in payloads[wire.INPUT]}
    for item in items:
        if isinstance(item, Readings):
            assert item.raw.tobytes() in inputs
        elif isinstance(item, Status):
            assert item in [
                Status.of(payload)
                for payload in payloads[wire.SENSOR]
                if len(payload) >= wire.SENSOR_SIZE
            ]
        elif isinstance(item, board_info.BoardInfo):
            assert item in map(_described, payloads[wire.BOARD])


def _described(payload: bytes) -> board_info.BoardInfo | None:
    try:
        return board_info.parse_board_info(payload)
    except ValueError:
        return None


def _check_reader(stream: bytes) -> None:
    """Compare the reader, which gets the stream in pieces, with another decoder."""
    texts, source = [], random.Random(zlib.crc32(stream))
    reader, frames, at = FrameReader(texts.append), [], 0
    while at < len(stream):
        size = source.choice((1, 7, 60, 4096))
        frames += reader.feed(stream[at : at + size])
        at += size
    assert frames == whole_frames(stream)
    pieces = [piece for piece in stream.split(b"\0")[:-1] if piece]
    assert len(frames) + reader.damaged + len(texts) <= len(pieces)
    assert reader.damaged >= sum(not _is_utf8(piece) for piece in pieces) - len(frames)
    assert sum(map(len, texts)) <= len(stream)


def _is_utf8(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Inbox:
    """A board's stream with bytes of the host; then the host is gone."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    @property
    def in_waiting(self) -> int:
        """Number of bytes that have come; a board always finds one."""
        return 1

    def readinto(self, buffer: bytearray) -> int:
        """Read one byte, or none at the end."""
        if self.at == len(self.data):
            return 0
        buffer[0] = self.data[self.at]
        self.at += 1
        return 1


class _Outbox:
    """A board's stream to a host, which is gone after MOST_SENT bytes."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        """Keep the bytes of the board."""
        self.data += data
        if len(self.data) > MOST_SENT:
            raise EOFError
        return len(data)


def _check_receiver(stream: bytes) -> None:
    """Compare the board's receiver with another decoder."""
    receiver, frames = Receiver(_Inbox(stream)), []
    # Each call takes at least one byte.
    for _ in range(len(stream) + 1):
        try:
            kind, sequence, payload = receiver.receive()
            frames.append((kind, sequence, bytes(payload)))
        except wire.FrameError:
            pass
        except (EOFError, KeyboardInterrupt):
            break
    else:
        raise AssertionError("the receiver takes no bytes")
    assert frames == whole_frames(stream.partition(wire.CTRL_C)[0], shielded=True)


def _check_session(number: int, stream: bytes) -> None:
    """Let a session carry out the host's commands; each ANSWER of it is right."""
    outbox, place = _Outbox(), folder(number)
    names = ("network.lif", "samples.bin", "sensor.json")
    with clocks():
        session = _session_of(number, *(str(place / name) for name in names))
        session.receiver = Receiver(_Inbox(stream))
        session.sender.stream = outbox
        session.sender.sequence, session.last, session.filled = 0, -1, 0
        session.serve()
    pieces = [piece for piece in bytes(outbox.data).split(b"\0") if piece]
    assert len(pieces) == len(whole_frames(bytes(outbox.data)))


class _Preloaded(Session):
    """A session that loads its network once, because that takes long."""

    loaded = None

    def _load(self, kernel, names):
        if self.loaded is None:
            self.loaded = super()._load(names[0], names), self.network
        known, self.network = self.loaded
        return known


@cache
def _session_of(number: int, *paths: str) -> Session:
    session = _Preloaded(_Inbox(b""), _Outbox(), *paths)
    session.load()
    return session


class _Digests:
    """Makes the digests of a stream's ANSWER frames right."""

    def __init__(self, number: int) -> None:
        self._host = CONVERSATIONS[number].host
        self._network, self._x = CONVERSATIONS[number].network, CONVERSATIONS[number].x
        self._start()

    def take(self, body: bytes) -> bytes:
        """Return the head and payload of a frame, with the right digest."""
        kind, payload = body[0], body[3:]
        if kind == wire.ANSWER and len(payload) == wire.ANSWER_SIZE:
            turn, answer, _ = struct.unpack_from("<HHH", payload)
            fixed = struct.pack("<HHH", turn, answer, self._frames)
            parts = b"".join((self._given(turn), *self._payloads, fixed))
            self._start()
            return body[:3] + fixed + struct.pack("<I", zlib.crc32(parts))
        if kind in DATA_KINDS and len(payload) >= wire.PART_SIZE:
            self._frames += 1
            self._payloads.append(payload)
        return body

    def _given(self, turn: int) -> bytes:
        """Return the readings that the host sent for a turn."""
        if self._host not in (run, run_stream) or turn >= TURNS:
            return b""
        return self._network.turn_bytes(self._x.reshape(-1, *self._network.turn)[turn])

    def _start(self) -> None:
        self._frames, self._payloads = 0, []
