"""Uploads files over a raw REPL, with a receiver on the board or in commands."""

from __future__ import annotations

import io
import re
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mpremote.transport import TransportError, TransportExecError

from spikelet.errors import BoardGone, SpikeletError
from spikelet.flashing.fingerprint import fingerprint
from spikelet.flashing.manifest import suffix
from spikelet.flashing.receiver import ANSWER, BLOCK, HEAD, MARK, RECEIVE, RECEIVER, answer, message
from spikert import wire

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

# Bytes in a command: a board with little memory needs four times their size to read them.
UPLOAD_CHUNK = 1024
# A raw REPL sends this after the code has run.
ENDED = b"\x04"
# Seconds without an answer before a block is sent again.
UPLOAD_TIMEOUT_S = 5.0
UPLOAD_ATTEMPTS = 4

# Signs of a full file system in the last line of an error.
FULL = ("Errno 28", "ENOSPC", "No space left")
# Why CircuitPython cannot write files, and the remedy.
DRIVE_TAKEN = (
    "its file system is read-only for its own code while a computer has its drive; mount that drive "
    "(CIRCUITPY) here, through which spikelet flash then writes, or put import storage; "
    "storage.disable_usb_drive() into boot.py on it, and reset the board"
)
READ_ONLY = "the board could not {what}: " + DRIVE_TAKEN


RESET = (
    "the board was reset meanwhile, perhaps by a watchdog of its own program, a loose cable or too "
    "little power; it keeps its old files: rename its main.py or code.py, or another program that "
    "starts by itself, and try again"
)


class Stalled(Exception):
    """The receiver on the board does not answer, or sends a malformed answer."""


class Receiver:
    """The receiver on a board, which runs within a `with` block.

    Parameters
    ----------
    transport : SerialTransport
        A raw REPL that has the functions that RECEIVER calls.
    sent : bool
        Whether the REPL has RECEIVER already.

    Raises
    ------
    Stalled
        If the receiver does not start.
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
        if (received := self._transport.serial.read(ANSWER)) != answer(b"+", 0):
            self._end()
            raise Stalled(received)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is None:
            self._transport.serial.write(message(b"Q", 0, b""))
            self._transport.follow(UPLOAD_TIMEOUT_S)
            self._transport.serial.timeout = self._patient
        else:
            # The port may be gone.
            with suppress(OSError, ValueError, TransportError):
                self._end()

    def _end(self) -> None:
        """Interrupt the receiver, and return to the raw REPL.

        If the port passes Ctrl-C as data, send as many as the receiver can still expect.
        """
        self._transport.serial.timeout = self._patient
        self._transport.serial.write(wire.CTRL_C * (BLOCK + HEAD + len(MARK)))
        # mpremote prints text that it does not understand.
        with redirect_stdout(io.StringIO()):
            self._transport.enter_raw_repl(soft_reset=False)

    def store(self, path: str, data: bytes) -> Iterator[int]:
        """Send a file; the board gives it its name once it is complete.

        Yields
        ------
        int
            Bytes of the file that are stored.

        Raises
        ------
        SpikeletError
            If the board cannot store the file.
        Stalled
            If the receiver does not answer.
        """
        try:
            content = fingerprint(data)
            file = f"{path} {suffix(path, content)} {content.crc32:08x}"
            self._ask(b"F", 0, file.encode(), b"+", 0)
            start = 0
            while start < len(data):
                end = start + _sendable(data[start : start + BLOCK])
                self._ask(b"B", start, data[start:end], b"+", end)
                start = end
                yield end
            self._ask(b"E", len(data), b"", b"=", len(data))
        except _Refused as refused:
            raise SpikeletError(refusal(path, data, str(refused))) from None

    def _ask(self, kind: bytes, number: int, data: bytes, expected: bytes, stored: int) -> None:
        """Send a message until the board sends the expected answer."""
        sent, port = message(kind, number, data), self._transport.serial
        port.write(sent)
        for _ in range(UPLOAD_ATTEMPTS):
            received = port.read(ANSWER)
            if received == answer(expected, stored):
                return
            if received[:1] == b"!" and len(received) == ANSWER:
                raise _Refused(port.read(int(received[1:], 16)).decode(errors="replace"))
            if ENDED in received + self._drained():
                # The receiver has ended; the REPL would run the next message as code.
                break
            port.write(MARK + sent)
        raise Stalled

    def _drained(self) -> bytes:
        """Return the other bytes that have arrived."""
        port, received = self._transport.serial, b""
        while port.in_waiting:
            received += port.read(port.in_waiting)
            time.sleep(0.01)
        return received


class _Refused(Exception):
    """The board reported that it could not store a file."""


def in_chunks(transport: SerialTransport, path: str, data: bytes) -> Iterator[int]:
    """Send a file as commands for the REPL, which works on any board.

    Yields and raises the same as `Receiver.store`, except Stalled.
    """
    temporary = path + suffix(path, fingerprint(data))
    try:
        for start in range(0, max(len(data), 1), UPLOAD_CHUNK):
            mode, part = "ab" if start else "wb", data[start : start + UPLOAD_CHUNK]
            with no_reset():
                transport.exec(f"_write({temporary!r}, {mode!r}, {part!r})")
            yield start + len(part)
        with no_reset():
            stored = transport.eval(f"_fingerprint({temporary!r})")
        if stored != fingerprint(data):
            raise SpikeletError(refusal(path, data, "damaged"))
        with no_reset():
            transport.exec(f"_replace({temporary!r}, {path!r})")
    except TransportExecError as error:
        lines = error.error_output.strip().splitlines()
        raise SpikeletError(refusal(path, data, lines[-1] if lines else "")) from None


def refusal(path: str, data: bytes, reason: str) -> str:
    """Return the error message for a file that a board did not store."""
    if "damaged" in reason:
        return f"{path} arrived damaged on the board, which keeps its old files; flash again"
    if is_read_only(reason):
        return READ_ONLY.format(what=f"store {path}")
    remedy = "try again"
    if any(sign in reason for sign in FULL):
        remedy = "remove files from it, or all of Spikelet's with spikelet flash --erase"
    return (
        f"the board could not store {path} of {len(data)} bytes ({reason or 'no reason given'}); "
        f"{remedy}; it keeps its old files"
    )


@contextmanager
def no_reset() -> Iterator[None]:
    """Raise BoardGone if the board has left the raw REPL, or lost the functions defined there."""
    try:
        # mpremote prints answers that it does not understand, or fails to unpack a part of them.
        with redirect_stdout(io.StringIO()):
            yield
    except TransportExecError as error:
        if is_reset(error.error_output):
            raise BoardGone(RESET) from None
        raise
    except (TransportError, struct.error):
        raise BoardGone(RESET) from None


def is_reset(error: str) -> bool:
    """Return whether the board does not know a function that the host defined: a reset forgot it."""
    return re.search(r"NameError: .*['\"]?_[a-z]", error) is not None


def is_read_only(reason: str) -> bool:
    """Return whether the last line of an error reports a read-only file system."""
    return any(sign in reason for sign in ("Errno 30", "EROFS", "ead-only"))


def _sendable(data: bytes) -> int:
    """Return how many of the bytes fit in a block."""
    size = len(data)
    while size + 4 * data[:size].count(wire.CTRL_C) > BLOCK:
        size -= size // 8
    return size
