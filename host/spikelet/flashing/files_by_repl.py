"""Accesses the files of a board over its raw REPL."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mpremote.transport import TransportError, TransportExecError

from spikelet import installation, minify
from spikelet.boards.answers import ask
from spikelet.boards.raw_repl import last_line
from spikelet.errors import BoardError, SpikeletError
from spikelet.flashing import upload
from spikelet.flashing.fingerprint import Fingerprint
from spikelet.flashing.paths import check_listed
from spikelet.printable import quoted

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

# Paths in one command, which has to fit into the memory of a small board.
AT_ONCE = 24

# The answer of `_list`, and the depth of folders that it follows.
ENTRIES = [(str, range(-1, 1 << 50))]
MOST_DEPTH = 16
# Bytes of a file in one answer of the board.
READ_CHUNK = 1024
# Lets the functions change all files of the board.
ANYWHERE = "\n_roots = ('',)\n"

# The functions for the board by name; "" is the code that all of them need.
ON_BOARD = minify.functions(installation.board_side("files"))


class BoardFiles:
    """The file system of a board at a raw REPL.

    Parameters
    ----------
    transport : SerialTransport
    fast : bool
        The first value of `is_fast`.
    everywhere : bool
        Whether files outside Spikelet's folders may be changed; else the board refuses.

    Attributes
    ----------
    is_fast : bool
        Whether to send files to a receiver on the board. If the receiver fails, each part of a file is a
        command for the REPL.
    """

    def __init__(
        self, transport: SerialTransport, *, fast: bool = True, everywhere: bool = False
    ) -> None:
        self._transport = transport
        self.is_fast = fast
        self._everywhere = everywhere
        self._there: set[str] = set()

    def fingerprints(self, paths: Iterable[str]) -> dict[str, Fingerprint | None]:
        """Return {path: fingerprint} of files, None for a missing file."""
        self._need("_fingerprint")
        all_paths = list(paths)
        found: dict[str, Fingerprint | None] = {}
        for first in range(0, len(all_paths), AT_ONCE):
            some = all_paths[first : first + AT_ONCE]
            shape = ({(range(1 << 50), range(1 << 32)), None},) * len(some)
            pairs = self._ask(f"[_fingerprint(path) for path in {some!r}]", shape)
            for path, pair in zip(some, pairs, strict=True):
                found[path] = None if pair is None else Fingerprint(*pair)
        return found

    def read(self, path: str, size: int = 1024) -> bytes | None:
        """Return the first `size` bytes of a file, None if it is missing."""
        self._need("_read")
        data = b""
        while len(data) < size:
            asked = min(READ_CHUNK, size - len(data))
            part = self._ask(f"_read({path!r}, {len(data)}, {asked})", {bytes, None})
            if part is None:
                return None
            if len(part) > asked:
                raise BoardError(
                    f"the board sent {len(part)} bytes of {path}, above the {asked} that were "
                    "requested; reset the board and try again"
                )
            data += part
            if len(part) < asked:
                break
        return data

    def list(self, folder: str, *, deep: bool = True) -> dict[str, int]:
        """Return {path: bytes} of all entries of a folder; a subfolder is -1, after its content.

        Parameters
        ----------
        folder : str
            Empty for the root.
        deep : bool
            Whether to list the folders in it.

        Raises
        ------
        SpikeletError
            If the board lists a path that is not in this folder.
        """
        self._need("_list")
        return self._listed(folder, MOST_DEPTH if deep else 0)

    def _listed(self, folder: str, depth: int) -> dict[str, int]:
        """Return the entries of a folder, and those of its folders down to a depth."""
        sizes: dict[str, int] = {}
        for name, size in self._ask(f"_list({folder!r})", ENTRIES):
            if not name or "/" in name or "\0" in name or name in (".", ".."):
                raise SpikeletError(
                    f"the board lists {quoted(name)} in its folder {folder or '/'!r}, outside of it, so "
                    "its list of files cannot be trusted; reset the board, and try again"
                )
            path = f"{folder}/{name}" if folder else name
            if size < 0 and depth:
                sizes |= self._listed(path, depth - 1)
            sizes[path] = size
        check_listed(folder, sizes)
        return sizes

    def make(self, folders: Iterable[str]) -> None:
        """Make the missing folders."""
        self._need("_make")
        self._run(f"for folder in {list(folders)!r}: _make(folder)", "make its folders")

    def store(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """Write files; each gets its name once it is complete.

        Yields
        ------
        int
            Bytes stored so far.

        Raises
        ------
        SpikeletError
            If the board is full, or stores other bytes than were sent.
        """
        self._need("_fingerprint", "_replace")
        left, done = dict(files), 0
        if self.is_fast:
            try:
                with upload.Receiver(self._transport, sent="_receive" in self._there) as receiver:
                    self._there.add("_receive")
                    for path, data in files.items():
                        for stored in receiver.store(path, data):
                            yield done + stored
                        done += len(left.pop(path))
            except (upload.Stalled, TransportError, struct.error):
                self.is_fast = False
        if left:
            self._need("_write")
        for path, data in left.items():
            for stored in upload.in_chunks(self._transport, path, data):
                yield done + stored
            done += len(data)

    def rename(self, old: str, new: str) -> None:
        """Rename a file, and replace the one of that name."""
        self._need("_replace")
        self._run(f"_replace({old!r}, {new!r})", f"rename {old}")

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files and empty folders in this order; ignore missing ones."""
        self._need("_remove")
        all_paths = list(paths)
        for first in range(0, len(all_paths), AT_ONCE):
            some = all_paths[first : first + AT_ONCE]
            self._run(f"for path in {some!r}: _remove(path)", f"remove {some[0]}")

    def _need(self, *names: str) -> None:
        """Define functions on the board, unless it has them."""
        if missing := [name for name in names if name not in self._there]:
            if "_own" not in self._there and any("_own(" in ON_BOARD[name] for name in missing):
                missing.insert(0, "_own")
            if not self._there:
                missing.insert(0, "")
            code = "".join(ON_BOARD[name] for name in missing)
            if not self._there and self._everywhere:
                code += ANYWHERE
            with upload.no_reset():
                self._transport.exec(code)
            self._there.update(missing)

    def _ask(self, expression: str, shape: Any) -> Any:
        with upload.no_reset():
            return ask(self._transport, expression, shape)

    def _run(self, code: str, what: str) -> None:
        try:
            with upload.no_reset():
                self._transport.exec(code)
        except TransportExecError as error:
            reason = last_line(error.error_output)
            if upload.is_read_only(reason):
                raise SpikeletError(upload.READ_ONLY.format(what=what)) from None
            raise SpikeletError(
                f"the board could not {what} ({reason}); it keeps its old files"
            ) from None
