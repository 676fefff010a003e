"""Connect the virtual board's console to its socket, for `usb_cdc` and `sys`."""

from __future__ import annotations

import io
import select
import socket
import sys
from typing import Any


class Console:
    """The socket, with one buffer that all readers share.

    Attributes
    ----------
    reader : BufferedReader or None
        None without a connection, as in tests of single modules.
    """

    reader: io.BufferedReader | None = None
    connection: socket.socket | None = None

    @classmethod
    def connect(cls, connection: socket.socket, reader: io.BufferedReader) -> None:
        """Use a connection and its buffered reader."""
        cls.connection, cls.reader = connection, reader

    @classmethod
    def waiting(cls, timeout: float | None = 0) -> int:
        """Return how many bytes can be read at once, after at most `timeout` seconds.

        An ended connection counts as a byte, so that the reader notices its end.
        """
        if cls.connection is None or cls.reader is None:
            return 0
        cls.connection.setblocking(False)
        try:
            buffered = len(cls.reader.peek(1))
        finally:
            cls.connection.setblocking(True)
        if buffered:
            return buffered
        if not select.select([cls.connection], [], [], timeout)[0]:
            return 0
        return len(cls.reader.peek(1)) or 1

    @classmethod
    def send(cls, data: Any) -> int:
        """Send all bytes; return their number."""
        if cls.connection is not None:
            cls.connection.sendall(data)
        return len(data)


class TextInput:
    """The console as `sys.stdin`: it returns text and has no `buffer`."""

    def read(self, size: int = -1) -> str:
        """Return `size` characters of ASCII, or all until the end."""
        return _reader().read(size).decode()

    def readline(self, size: int = -1) -> str:
        """Return a line with its end."""
        return _reader().readline(size).decode()

    def readlines(self) -> list[str]:
        """Return all lines until the end."""
        return [line.decode() for line in _reader().readlines()]


class TextOutput:
    """The console as `sys.stdout`."""

    def write(self, text: str) -> int:
        """Write text; return its length."""
        sys.stdout.write(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: the console has no buffer."""


def _reader() -> io.BufferedReader:
    if Console.reader is None:
        raise EOFError("the console is not connected")
    return Console.reader


text_input, text_output = TextInput(), TextOutput()


def ask(prompt: str = "") -> str:
    """Replace `input`: print a prompt and return the next line."""
    text_output.write(prompt)
    line = text_input.readline()
    if not line:
        raise EOFError
    return line.rstrip("\r\n")
