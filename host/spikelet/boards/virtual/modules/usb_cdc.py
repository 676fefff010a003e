"""Replace CircuitPython's `usb_cdc`: the console as a binary stream, and no data port."""

from __future__ import annotations

import time
from typing import Any

from console import Console


class Serial:
    """A serial port; a program cannot make one.

    Attributes
    ----------
    timeout : float or None
        Seconds that reading waits; None for ever.
    write_timeout : float or None
    """

    timeout: float | None = None
    write_timeout: float | None = None

    def __init__(self) -> None:
        raise TypeError("cannot create 'Serial' instances")

    @property
    def connected(self) -> bool:
        """Whether a host has opened the port."""
        return Console.connection is not None

    @property
    def in_waiting(self) -> int:
        """The number of bytes that can be read at once."""
        return Console.waiting()

    @property
    def out_waiting(self) -> int:
        """0, because writing waits for the host."""
        return 0

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, or fewer when the timeout expires or the connection ends."""
        if Console.reader is None:
            return b""
        if self.timeout is None:
            return Console.reader.read(size)
        data, end = b"", time.monotonic() + self.timeout
        while size < 0 or len(data) < size:
            if not Console.waiting(max(0, end - time.monotonic())):
                break
            part = Console.reader.read1(size - len(data) if size >= 0 else -1)
            if not part:
                break
            data += part
        return data

    def readinto(self, buf: bytearray) -> int:
        """Fill a buffer as `read` does; return the number of bytes."""
        if Console.reader is not None and self.timeout is None:
            view, at = memoryview(buf), 0
            while at < len(view):
                # The reader waits for at least one byte, and raises KeyboardInterrupt at Ctrl-C.
                count = Console.reader.readinto(view[at:])
                if not count:
                    break
                at += count
            return at
        data = self.read(len(buf))
        buf[: len(data)] = data
        return len(data)

    def readline(self, size: int = -1) -> bytes:
        """Return bytes up to a line's end, or fewer as `read` does."""
        line = b""
        while (size < 0 or len(line) < size) and not line.endswith(b"\n"):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return line

    def write(self, buf: Any) -> int:
        """Write bytes; return their number."""
        return Console.send(buf)

    def flush(self) -> None:
        """Do nothing: writing waits for the host."""

    def reset_input_buffer(self) -> None:
        """Discard the bytes that wait."""
        if Console.reader is not None:
            while Console.waiting() and Console.reader.read1():
                pass


console: Serial = object.__new__(Serial)
# boot.py of a real board can enable it.
data: Serial | None = None
