"""Files over a raw REPL, as fast as a board takes them: a receiver runs there while they are sent.

What the host sends:   kind  number  size  threes  crc   then `size` bytes, and `threes` places
                          1       8     4       4    8   characters, the numbers in hexadecimal

    F    a file begins; its bytes: path, space, sha256           B    bytes of it, from `number` on
    E    it is whole: hash what was stored, and rename it        Q    no more files

What the board says:   kind  number  \\n

    +    number bytes of the file are stored      =    it has taken its place
    ?    that was damaged; it waits for MARK      !    it failed, with so many bytes that say how

The host waits for each answer, so that no buffer has to hold more than one block. No byte of it is 03,
which is Ctrl-C: each travels as 02, and its place behind the block, in 4 hexadecimal characters. So
Ctrl-C always ends the receiver, whatever it waits for, and no time-out is needed there.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mpremote.transport import TransportError, TransportExecError

from spikelet.errors import SpikeletError
from spikert import wire

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

BLOCK = 4096  # bytes, with the places
CHUNK = 1024  # bytes in a command: a board with little memory needs four times as much to read them
ANSWER = 10  # bytes
MARK = b"\nspikelet: here a block begins\n"
PATIENCE = 5.0  # seconds without an answer, until a block is sent again
TRIES = 4
LAST_WORD = 2  # seconds for the receiver to end once it is to

# The board's side; needs MODULES, _sha256 and _replace of board_files.
RECEIVER = """
crc32 = binascii.crc32
source, sink = sys.stdin, sys.stdout
if sys.implementation.name == "circuitpython":
    try:
        import usb_cdc
        source = sink = usb_cdc.console
    except ImportError:
        pass
source, sink = getattr(source, "buffer", source), getattr(sink, "buffer", sink)
def _receive():
    view = memoryview(bytearray(<BLOCK>))
    def take(size):
        done = 0
        while done < size:
            count = source.readinto(view[done:size])
            if not count:
                raise EOFError
            done += count
        return view[:size]
    def message():
        head = bytes(take(25))
        try:
            number, size, threes = int(head[1:9], 16), int(head[9:13], 16), int(head[13:17], 16)
            crc, end = int(head[17:], 16), size + 4 * threes
            if end <= <BLOCK>:
                if crc32(take(end), crc32(head[:17])) == crc:
                    for i in range(size, end, 4):
                        view[int(bytes(view[i:i + 4]), 16)] = 3
                    return head[:1], number, view[:size]
        except ValueError:
            pass
        return b"?", 0, b""
    def say(kind, number):
        sink.write(("%s%08x\\n" % (kind, number)).encode())
    file, path, wanted, have = None, "", "", 0
    try:
        while True:
            kind, number, data = message()
            try:
                if kind == b"Q":
                    return
                if kind == b"F":
                    path, wanted = bytes(data).decode().rsplit(" ", 1)
                    if file:
                        file.close()
                    file, have = open(path + ".new", "wb"), 0
                elif kind == b"B" and number == have and file:
                    file.write(data)
                    have += len(data)
                elif kind == b"E" and file:
                    file.close()
                    file = None
                    if _sha256(path + ".new") != wanted:
                        raise ValueError("damaged")
                    _replace(path + ".new", path)
            except (OSError, ValueError) as error:
                text = ("%s: %s" % (type(error).__name__, error)).encode()
                say("!", len(text))
                sink.write(text)
                continue
            if kind == b"?":
                say("?", have)
                seen = b""
                while seen != <MARK>:
                    seen = (seen + bytes(take(1)))[-<SIZE>:]
                    if view[0] == 3:
                        raise KeyboardInterrupt
            else:
                say("=" if kind == b"E" else "+", have)
    finally:
        if file:
            file.close()
"""
for _name, _value in {"<BLOCK>": BLOCK, "<MARK>": MARK, "<SIZE>": len(MARK)}.items():
    RECEIVER = RECEIVER.replace(_name, repr(_value))

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
    """

    def __init__(self, transport: SerialTransport) -> None:
        self._transport = transport

    def __enter__(self) -> Self:
        self._transport.exec(compact(RECEIVER))
        self._transport.exec_raw_no_follow("_receive()")
        self._patient = self._transport.serial.timeout
        self._transport.serial.timeout = PATIENCE
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        with suppress(OSError, ValueError):  # the port may be gone
            self._transport.serial.timeout = self._patient
        if kind is None:
            self._transport.serial.write(message(b"Q", 0, b""))
            self._transport.follow(PATIENCE)
            return
        with suppress(OSError, TransportError):
            self._stop()

    def _stop(self) -> None:
        """Send Ctrl-C; where that is a byte like any other, as often as the receiver waits for one."""
        for count in (1, BLOCK + len(MARK)):
            self._transport.serial.write(wire.CTRL_C * count)
            with suppress(TransportError):
                self._transport.follow(LAST_WORD)
                return

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
        for _ in range(TRIES):
            answer = port.read(ANSWER)
            if answer == expected + b"%08x\n" % have:
                return
            if answer[:1] == b"!" and len(answer) == ANSWER:
                raise _Refused(port.read(int(answer[1:], 16)).decode(errors="replace"))
            self._drain()
            port.write(MARK + sent)
        raise Stalled

    def _drain(self) -> None:
        port = self._transport.serial
        while port.in_waiting:
            port.read(port.in_waiting)
            time.sleep(0.01)


class _Refused(Exception):
    """The board said why not."""


def message(kind: bytes, number: int, data: bytes) -> bytes:
    """Return a message with these bytes."""
    threes = [i for i, value in enumerate(data) if value == wire.CTRL_C[0]]
    body = data.replace(wire.CTRL_C, b"\x02") + b"".join(b"%04x" % i for i in threes)
    head = b"%c%08x%04x%04x" % (kind, number, len(data), len(threes))
    return head + b"%08x" % zlib.crc32(body, zlib.crc32(head)) + body


def compact(code: str) -> str:
    """Return the board's code with a space for every four: each character takes time there."""
    return code.replace("    ", " ")


def in_chunks(transport: SerialTransport, path: str, data: bytes) -> Iterator[int]:
    """Do as `Receiver.store`, on any board: each part of the file is a command for its REPL."""
    temporary = path + ".new"
    try:
        for start in range(0, max(len(data), 1), CHUNK):
            mode, part = "ab" if start else "wb", data[start : start + CHUNK]
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
