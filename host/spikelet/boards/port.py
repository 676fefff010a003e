"""A port: a place where a board can be reached.

Every board, real or emulated, is reached through mpremote's raw REPL; the runtime started there
then speaks in frames on the same stream.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport

from spikelet import installation
from spikelet.boards import raw_repl, start_code
from spikelet.boards.start_code import import_session
from spikelet.errors import SpikeletError


class SerialStream(Protocol):
    """A serial port with a timeout of 0, or what behaves like one."""

    def read(self, size: int) -> bytes:
        """Return what has come, up to `size` bytes, without waiting."""

    def write(self, data: bytes) -> int | None:
        """Write all of `data`."""


class Port(Protocol):
    """A place where a board can be reached.

    name       as `--port` spells it
    prelude     code that makes the runtime importable, and `_paths`, {name: path} of what is in use
    in_place    whether files are read and run where they lie, in a ROMFS
    """

    @property
    def name(self) -> str:
        """How messages call it."""

    @property
    def prelude(self) -> str:
        """Code that makes the runtime importable, and `_paths`."""

    @property
    def in_place(self) -> bool:
        """Whether files are read and run where they lie."""

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the board's raw REPL, and close what had to be opened when done."""

    def session(
        self, paths: Mapping[str, str] | None = None
    ) -> contextlib.AbstractContextManager[SerialStream]:
        """Start the runtime, and give the stream on which it speaks.

        paths    {name: path} to use instead of what is in use
        """

    def write_image(self, image: bytes) -> None:
        """Write a ROMFS image to a board whose files are read in place.

        Raises SpikeletError if it does not fit.
        """


class ReplPort:
    """A place with a REPL, in which the runtime is started; the attributes are those of Port."""

    name: str
    prelude: str
    in_place: bool

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the board's raw REPL."""
        raise NotImplementedError

    def write_image(self, image: bytes) -> None:
        """Write a ROMFS image, if files are read in place."""
        raise NotImplementedError

    @contextmanager
    def session(self, paths: Mapping[str, str] | None = None) -> Iterator[SerialStream]:
        """Start the runtime; raises SpikeletError if there is no board, or no runtime on it."""
        prelude = self.prelude
        if paths is not None:
            prelude = installation.board_side("choose", _paths=dict(paths))
        with self.connect() as transport:
            try:
                transport.exec(import_session(prelude))
            except TransportExecError as error:
                reason = raw_repl.last_line(error.error_output)
                raise SpikeletError(
                    f"{self.name} has no Spikelet runtime that starts ({reason}); run spikelet flash"
                ) from None
            transport.exec_raw_no_follow("session.main(_paths)")
            transport.serial.timeout = 0
            yield transport.serial


class FilePort(ReplPort):
    """A board whose files are in a file system that its REPL reaches."""

    prelude = start_code.CHOOSE_ACTIVE
    in_place = False
