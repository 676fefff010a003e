"""The files of a board, through its raw REPL."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mpremote.transport import TransportExecError

from spikelet.errors import SpikeletError
from spikelet.flashing import receiver, upload

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

AT_ONCE = 24  # paths in one command: a board with little memory has to hold it

# MicroPython looks for such modules among the files first, each time they are imported: it takes long.
MODULES = """
import sys
_places = sys.path[:]
try:
    if sys.implementation.name == "micropython":
        sys.path[:] = []
    import binascii, hashlib, os
finally:
    sys.path[:] = _places
"""

# The board's side, function by function: what is not needed is not sent.
ON_BOARD = {
    "_sha256": """
def _sha256(path):
    digest, part = hashlib.sha256(), bytearray(1024)
    try:
        with open(path, "rb") as file:
            size = file.readinto(part)
            while size:
                digest.update(part if size == len(part) else part[:size])
                size = file.readinto(part)
    except OSError:
        return None
    return binascii.hexlify(digest.digest()).decode()
""",
    "_read": """
def _read(path, size):
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError:
        return None
""",
    "_write": """
def _write(path, mode, data):
    with open(path, mode) as file:
        file.write(data)
""",
    "_replace": """
def _replace(old, new):
    os.stat(old)
    try:
        os.rename(old, new)
    except OSError:
        os.remove(new)
        os.rename(old, new)
    if hasattr(os, "sync"):
        os.sync()
""",  # FAT has no renaming over a file
    "_make": """
def _make(folder):
    try:
        os.mkdir(folder)
    except OSError as error:
        try:
            os.stat(folder)
        except OSError:
            raise error
""",
    "_remove": """
def _remove(path):
    try:
        folder = os.stat(path)[0] & 0x4000
    except OSError:
        return
    (os.rmdir if folder else os.remove)(path)
""",
    "_list": """
def _list(folder):
    base = folder + "/" if folder else ""
    try:
        if hasattr(os, "ilistdir"):
            found = list(os.ilistdir(folder or os.getcwd()))
        else:
            found = [(name, 0) for name in os.listdir(folder or os.getcwd())]
    except OSError:
        return
    for entry in found:
        path, kind, size = base + entry[0], entry[1], entry[-1]
        if len(entry) < 4:
            kind, size = os.stat(path)[0], os.stat(path)[6]
        if kind & 0x4000:
            _list(path)
        print(repr((path, -1 if kind & 0x4000 else size)))
""",
}


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
                with upload.Receiver(self._transport) as receiver:
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
            code = "" if self._there else MODULES
            code += "".join(ON_BOARD[name] for name in missing)
            self._transport.exec(receiver.compact(code))
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


def last_line(text: str) -> str:
    """Return the last line of a traceback, which says what went wrong."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
