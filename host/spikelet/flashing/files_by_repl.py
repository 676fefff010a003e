"""The files of a board, through its raw REPL."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mpremote.transport import TransportExecError

from spikelet import installation, minify
from spikelet.boards.raw_repl import last_line
from spikelet.errors import SpikeletError
from spikelet.flashing import upload

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

AT_ONCE = 24  # paths in one command: a board with little memory has to hold it

# The board's side, function by function; "" is what they all need.
ON_BOARD = minify.functions(installation.board_side("files"))


class BoardFiles:
    """The file system of a board at the end of a raw REPL.

    is_fast    bool, whether a receiver on the board takes the files; where it does not work, each part
               of a file is a command for the REPL
    """

    def __init__(self, transport: SerialTransport, *, fast: bool = True) -> None:
        self._transport = transport
        self.is_fast = fast
        self._there: set[str] = set()

    def hashes(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Return the sha256 of each file, None where there is none."""
        self._need("_sha256")
        wanted = list(paths)
        found: dict[str, str | None] = {}
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            digests = self._transport.eval(f"[_sha256(path) for path in {some!r}]")
            found.update(zip(some, digests, strict=True))
        return found

    def read(self, path: str, size: int = 1024) -> bytes | None:
        """Return the first bytes of a file, None where there is none."""
        self._need("_read")
        return self._transport.eval(f"_read({path!r}, {size})")

    def list(self, folder: str) -> dict[str, int]:
        """Return {path: bytes} of all that is in a folder; a folder has -1, and comes after its own."""
        self._need("_list")
        lines = self._transport.exec(f"_list({folder!r})").decode().splitlines()
        return dict(ast.literal_eval(line) for line in lines)

    def make(self, folders: Iterable[str]) -> None:
        """Make the folders that are not there."""
        self._need("_make")
        self._run(f"for folder in {list(folders)!r}: _make(folder)", "make its folders")

    def store(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """Put files in their places, each once it is whole; yield the bytes stored so far.

        Raises SpikeletError if the board is full, or holds something else than was sent.
        """
        self._need("_sha256", "_replace")
        left, done = dict(files), 0
        if self.is_fast:
            try:
                with upload.Receiver(self._transport, sent="_receive" in self._there) as receiver:
                    self._there.add("_receive")
                    for path, data in files.items():
                        for stored in receiver.store(path, data):
                            yield done + stored
                        done += len(left.pop(path))
            except (upload.Stalled, TransportExecError):
                self.is_fast = False
        if left:
            self._need("_write")
        for path, data in left.items():
            for stored in upload.in_chunks(self._transport, path, data):
                yield done + stored
            done += len(data)

    def rename(self, old: str, new: str) -> None:
        """Have a file take another's place."""
        self._need("_replace")
        self._run(f"_replace({old!r}, {new!r})", f"rename {old}")

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files and empty folders, those that are there, in this order."""
        self._need("_remove")
        wanted = list(paths)
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            self._run(f"for path in {some!r}: _remove(path)", f"remove {some[0]}")

    def _need(self, *names: str) -> None:
        """Have these functions on the board."""
        if missing := [name for name in names if name not in self._there]:
            if not self._there:
                missing.insert(0, "")
            self._transport.exec("".join(ON_BOARD[name] for name in missing))
            self._there.update(missing)

    def _run(self, code: str, what: str) -> None:
        try:
            self._transport.exec(code)
        except TransportExecError as error:
            reason = last_line(error.error_output)
            if upload.is_read_only(reason):
                raise SpikeletError(upload.READ_ONLY.format(what=what)) from None
            raise SpikeletError(
                f"the board could not {what} ({reason}); it goes on with what it had"
            ) from None
