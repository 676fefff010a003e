"""A board's stream of bytes, taken apart into frames and text."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from spikert import wire

LONGEST_TEXT = 4096  # bytes without a frame's end that are shown as text, whatever they are


class Frame(NamedTuple):
    """A frame from the board."""

    kind: int
    sequence: int
    payload: bytes


class FrameReader:
    """Takes bytes as they come, gives frames, and loses nothing.

    log        called with each piece of text that is not a frame
    damaged    int, pieces that were neither a frame nor text
    missing    int, frames that the sequence numbers say were sent and never came whole
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self.log = log
        self.damaged = 0
        self.missing = 0
        self._expected: int | None = None  # until the first frame
        self._rest = b""
        self._pieces: deque[bytes] = deque()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take in bytes; return the frames that are complete and were not asked for before."""
        *pieces, self._rest = (self._rest + data).split(b"\0")
        self._pieces.extend(pieces)
        return self._frames()

    def _frames(self) -> Iterator[Frame]:
        while self._pieces:
            if frame := self._frame(self._pieces.popleft()):
                yield frame
        if len(self._rest) > LONGEST_TEXT:
            self.flush()

    def flush(self) -> None:
        """Hand over what has no end as text; for when the board has fallen silent."""
        if self._rest:
            self.log(self._rest.decode("utf-8", "replace"))
        self._rest = b""

    def _frame(self, piece: bytes) -> Frame | None:
        if not piece:
            return None
        try:
            kind, sequence, payload = wire.decode(bytearray(piece))
        except wire.FrameError:
            if _is_text(piece):
                self.log(piece.decode())
            else:
                self.damaged += 1
            return None
        if self._expected is None or kind == wire.BOARD:  # the board counts from here
            self._expected = sequence
        self.missing += (sequence - self._expected) & 0xFFFF
        self._expected = (sequence + 1) & 0xFFFF
        return Frame(kind, sequence, bytes(payload))


def _is_text(piece: bytes) -> bool:
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\r\n\t\x04>" for character in text)
