"""Simulate a CircuitPython board's drive: a FAT volume in the process's current folder.

No path leads out of the folder. Errors have the numbers of CircuitPython's FAT (extmod/vfs_fat.c and
oofatfs), which differ from those of a computer's file systems.
"""

from __future__ import annotations

import builtins
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

# Characters that a long file name of FAT cannot have.
FORBIDDEN = frozenset('"*:<>?|\x7f') | frozenset(map(chr, range(32)))
FOLDER, FILE = 0x4000, 0x8000
MODES = frozenset("rwaxbt+")


class Drive:
    """The state of the drive.

    Attributes
    ----------
    current : str
        The current folder, below the root; empty for the root.
    readonly : bool
        Whether code on the board cannot write, as while a computer uses the drive.
    """

    current = ""
    readonly = False


def place(path: str) -> str:
    """Return the path on the computer of a path on the board, relative to the current folder."""
    if not isinstance(path, str):
        raise TypeError(f"can't convert '{type(path).__name__}' object to str implicitly")
    path = path.replace("\\", "/")
    parts: list[str] = []
    for part in (path if path.startswith("/") else f"{Drive.current}/{path}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            if not FORBIDDEN.isdisjoint(part):
                raise OSError(errno.EINVAL, "Invalid argument", path)
            parts.append(part)
    return "/".join(parts) or "."


def check_writable() -> None:
    """Raise OSError(EROFS) if code on the board cannot write."""
    if Drive.readonly:
        raise OSError(errno.EROFS, "Read-only filesystem")


@contextmanager
def fat_errors() -> Iterator[None]:
    """Raise the errors of a computer's file system with the numbers of FAT."""
    numbers = {errno.ENOTEMPTY: errno.EACCES}
    try:
        yield
    except OSError as error:
        if error.errno in numbers:
            raise OSError(numbers[error.errno], error.strerror, error.filename) from None
        raise


def open_file(file: str, mode: str = "r", buffering: int = -1, encoding: str = "utf-8") -> IO[Any]:
    """Open a file on the drive; text has no translation of line ends, as on a board."""
    if not MODES.issuperset(mode):
        raise ValueError("Invalid mode")
    path = place(file)
    writes = not set(mode).isdisjoint("wax+")
    if writes:
        check_writable()
    if os.path.isdir(path):
        raise OSError(errno.EACCES if writes else errno.ENOENT, "No such file", file)
    if "b" in mode:
        return builtins.open(path, mode)
    return builtins.open(path, mode, encoding="utf-8", newline="\n")
