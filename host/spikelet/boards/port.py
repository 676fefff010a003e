"""Define ports: the access to a board through its REPL and the frames of the runtime.

mpremote's raw REPL reaches every board, real or emulated. The runtime that it starts then sends frames
on the same stream.
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
    """A serial port with a timeout of 0, or an object that behaves like one."""

    def read(self, size: int) -> bytes:
        """Return the bytes received so far, up to `size`, without waiting."""

    def write(self, data: bytes) -> int | None:
        """Write all of `data`."""


class Port(Protocol):
    """The access to one board.

    Attributes
    ----------
    name : str
        Spelling of `--port`.
    prelude : str
        Code that makes the runtime importable and sets `_paths`, {name: path} of the files in use.
    in_place : bool
        Whether the board reads and runs files in a ROMFS, without a copy.
    """

    @property
    def name(self) -> str:
        """Its name in messages."""

    @property
    def prelude(self) -> str:
        """Code that makes the runtime importable and sets `_paths`."""

    @property
    def in_place(self) -> bool:
        """Whether the board reads and runs files in a ROMFS."""

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the board's raw REPL; close it and release the board at the end."""

    def session(
        self, paths: Mapping[str, str] | None = None
    ) -> contextlib.AbstractContextManager[SerialStream]:
        """Start the runtime and yield the stream of its frames.

        Parameters
        ----------
        paths : mapping of str to str, optional
            {name: path} to use instead of the files in use.
        """

    def write_image(self, image: bytes) -> None:
        """Write a ROMFS image to a board that reads its files in place.

        Raises
        ------
        SpikeletError
            If the image does not fit.
        """


class ReplPort:
    """A port with a REPL that starts the runtime; see Port for the attributes."""

    name: str
    prelude: str
    in_place: bool

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the board's raw REPL."""
        raise NotImplementedError

    def write_image(self, image: bytes) -> None:
        """Write a ROMFS image, if the board reads files in place."""
        raise NotImplementedError

    @contextmanager
    def session(self, paths: Mapping[str, str] | None = None) -> Iterator[SerialStream]:
        """Start the runtime and yield the stream of its frames.

        Raises
        ------
        SpikeletError
            If there is no board, or no runtime on it.
        """
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
    """A port to a board whose REPL can write its file system."""

    prelude = start_code.CHOOSE_ACTIVE
    in_place = False
