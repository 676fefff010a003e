"""Split a board's stream of bytes into frames and text."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from spikelet.boards import console_text
from spikert import wire

# Bytes without the end of a frame that go to the log as text, even if they are not.
LONGEST_TEXT = 4096


class Frame(NamedTuple):
    """A frame from the board.

    Attributes
    ----------
    kind : int
        One of the kinds in `spikert.wire`.
    sequence : int
        Number of the frame, modulo 65536.
    payload : bytes
    """

    kind: int
    sequence: int
    payload: bytes


class FrameReader:
    """Reader that turns chunks of bytes into frames and keeps incomplete ones.

    Attributes
    ----------
    log : callable
        Called with each piece of text between frames.
    damaged : int
        Number of pieces that were neither a frame nor text.
    missing : int
        Number of frames that did not arrive whole, counted by the gaps in the sequence numbers.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self.log = log
        self.damaged = 0
        self.missing = 0
        # None until the first frame.
        self._expected: int | None = None
        self._rest = b""
        self._pieces: deque[bytes] = deque()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Add bytes; return an iterator on the complete frames, also those of earlier calls.

        Parameters
        ----------
        data : bytes
            Next bytes of the stream, cut anywhere.

        Returns
        -------
        iterator of Frame
            Frames that no earlier iterator has yielded.
        """
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
        """Send an unfinished piece to the log as text; call this once the board is silent."""
        if self._rest:
            self._say(self._rest.decode("utf-8", "replace"))
        self._rest = b""

    def _frame(self, piece: bytes) -> Frame | None:
        if not piece:
            return None
        try:
            kind, sequence, payload = wire.decode(bytearray(piece))
        except wire.FrameError:
            self._take_text(piece)
            return None
        # A board counts from its BOARD frame on.
        if self._expected is None or kind == wire.BOARD:
            self._expected = sequence
        self.missing += (sequence - self._expected) & 0xFFFF
        self._expected = (sequence + 1) & 0xFFFF
        return Frame(kind, sequence, bytes(payload))

    def _take_text(self, piece: bytes) -> None:
        """Log a piece that is no frame, or count it as damaged if it is no text."""
        try:
            text = console_text.plain(piece.decode())
        except UnicodeDecodeError:
            self.damaged += 1
            return
        if _is_text(text):
            self._say(text)
        else:
            self.damaged += 1

    def _say(self, text: str) -> None:
        if text := console_text.plain(text):
            self.log(text)


def _is_text(text: str) -> bool:
    return all(character.isprintable() or character in "\r\n\t\x04>" for character in text)
