"""Files over a raw REPL, as fast as a board takes them, or else as it takes any code."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mpremote.transport import TransportError, TransportExecError

from spikelet.errors import SpikeletError
from spikelet.flashing.receiver import ANSWER, BLOCK, HEAD, MARK, RECEIVE, RECEIVER, answer, message
from spikert import wire

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

# Bytes in a command: a board with little memory needs four times as much to read them.
UPLOAD_CHUNK = 1024
ENDED = b"\x04"  # which a raw REPL says after what has run
UPLOAD_TIMEOUT_S = 5.0  # seconds without an answer, until a block is sent again
UPLOAD_ATTEMPTS = 4

READ_ONLY = (
    "the board could not {what}: its file system is read-only for its own code while a computer has "
    "its drive; mount that drive (CIRCUITPY) here, through which spikelet flash then writes, or put "
    "import storage; storage.remount('/', False) into boot.py on it, and reset the board"
)


class Stalled(Exception):
    """The board's receiver does not answer, or what it says cannot be understood."""


class Receiver:
    """A board that receives, between `with` and its end.

    transport    in a raw REPL that has what RECEIVER needs
    sent         whether it has RECEIVER as well
    """

    def __init__(self, transport: SerialTransport, *, sent: bool = False) -> None:
        self._transport = transport
        self._sent = sent

    def __enter__(self) -> Self:
        self._patient = self._transport.serial.timeout
        if not self._sent:
            self._transport.exec(RECEIVER)
        self._transport.exec_raw_no_follow(RECEIVE)
        self._transport.serial.timeout = UPLOAD_TIMEOUT_S
        if (said := self._transport.serial.read(ANSWER)) != answer(b"+", 0):
            self._end()
            raise Stalled(said)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is None:
            self._transport.serial.write(message(b"Q", 0, b""))
            self._transport.follow(UPLOAD_TIMEOUT_S)
            self._transport.serial.timeout = self._patient
        else:
            with suppress(OSError, ValueError, TransportError):  # the port may be gone
                self._end()

    def _end(self) -> None:
        """End the receiver, and be in the raw REPL again.

        Where Ctrl-C is a byte like any other, it takes as many as the receiver may be waiting for.
        """
        self._transport.serial.timeout = self._patient
        self._transport.serial.write(wire.CTRL_C * (BLOCK + HEAD + len(MARK)))
        with redirect_stdout(io.StringIO()):  # mpremote prints what it did not understand
            self._transport.enter_raw_repl(soft_reset=False)

    def store(self, path: str, data: bytes) -> Iterator[int]:
        """Put a file in its place once it is whole; yield how many of its bytes are stored.

        Raises SpikeletError where the board cannot store it, Stalled where it does not answer.
        """
        try:
            self._ask(b"F", 0, f"{path} {hashlib.sha256(data).hexdigest()}".encode(), b"+", 0)
            start = 0
            while start < len(data):
                end = start + _sendable(data[start : start + BLOCK])
                self._ask(b"B", start, data[start:end], b"+", end)
                start = end
                yield end
            self._ask(b"E", len(data), b"", b"=", len(data))
        except _Refused as refused:
            raise SpikeletError(refusal(path, data, str(refused))) from None

    def _ask(self, kind: bytes, number: int, data: bytes, expected: bytes, have: int) -> None:
        """Send a message until the board has answered as it should."""
        sent, port = message(kind, number, data), self._transport.serial
        port.write(sent)
        for _ in range(UPLOAD_ATTEMPTS):
            said = port.read(ANSWER)
            if said == answer(expected, have):
                return
            if said[:1] == b"!" and len(said) == ANSWER:
                raise _Refused(port.read(int(said[1:], 16)).decode(errors="replace"))
            if ENDED in said + self._drained():
                break  # what is sent now, its REPL would take for code
            port.write(MARK + sent)
        raise Stalled

    def _drained(self) -> bytes:
        """Return what else has come."""
        port, said = self._transport.serial, b""
        while port.in_waiting:
            said += port.read(port.in_waiting)
            time.sleep(0.01)
        return said


class _Refused(Exception):
    """The board said why not."""


def in_chunks(transport: SerialTransport, path: str, data: bytes) -> Iterator[int]:
    """Do as `Receiver.store`, on any board: each part of the file is a command for its REPL."""
    temporary = path + ".new"
    try:
        for start in range(0, max(len(data), 1), UPLOAD_CHUNK):
            mode, part = "ab" if start else "wb", data[start : start + UPLOAD_CHUNK]
            transport.exec(f"_write({temporary!r}, {mode!r}, {part!r})")
            yield start + len(part)
        if transport.eval(f"_sha256({temporary!r})") != hashlib.sha256(data).hexdigest():
            raise SpikeletError(refusal(path, data, "damaged"))
        transport.exec(f"_replace({temporary!r}, {path!r})")
    except TransportExecError as error:
        lines = error.error_output.strip().splitlines()
        raise SpikeletError(refusal(path, data, lines[-1] if lines else "")) from None


def refusal(path: str, data: bytes, reason: str) -> str:
    """Return the sentence that says why a board did not store a file, and what to do."""
    if "damaged" in reason:
        return f"{path} arrived damaged on the board, which goes on with what it had; flash again"
    if is_read_only(reason):
        return READ_ONLY.format(what=f"store {path}")
    return (
        f"the board could not store {path} of {len(data)} bytes ({reason or 'no reason given'}); "
        "remove files from it, or all of Spikelet's with spikelet flash --erase; "
        "it goes on with what it had"
    )


def is_read_only(reason: str) -> bool:
    """Return whether an error's last line says that a file system cannot be written."""
    return any(sign in reason for sign in ("Errno 30", "EROFS", "ead-only"))


def _sendable(data: bytes) -> int:
    """Return how many of the bytes fit in a block."""
    size = len(data)
    while size + 4 * data[:size].count(wire.CTRL_C) > BLOCK:
        size -= size // 8
    return size
