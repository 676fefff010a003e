"""Checks the paths of files on a board before anything is written or removed there.

A board's listing, its manifest and its list of active files are texts from outside. A board can be a
folder of this computer, so a path that climbs out of the board's folders would reach other files.
firmware/board_side/files.py makes the same checks on the board.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from spikelet import installation
from spikelet.boards.start_code import FOLDER
from spikelet.errors import SpikeletError

# Folders of other file systems in the root of a board.
OTHER_FILE_SYSTEMS = ("rom", "remote", "sd")
# Files that CircuitPython or a computer wrote to the root.
SYSTEM_FILES = (
    "boot_out.txt",
    "System Volume Information",
    ".fseventsd",
    ".metadata_never_index",
    ".Trashes",
)


_CONTROL = re.compile("[\\\\\x00-\x1f\x7f-\x9f]")


def is_relative(path: str) -> bool:
    """Return whether a path leads downwards from a board's root, without any way out of it."""
    # A drive letter of Windows leads elsewhere, too.
    return not (_CONTROL.search(path) or path[1:2] == ":" or _climbs(path))


def is_spikelets(path: str) -> bool:
    """Return whether Spikelet may write a file of this path: in its folder, or an entry point."""
    return is_relative(path) and (
        path in installation.ENTRY_POINTS or path.startswith(f"{FOLDER}/")
    )


def check_listed(folder: str, paths: Iterable[str]) -> None:
    """Raise SpikeletError for a path that is not inside the folder that the board listed."""
    base = f"{folder}/" if folder else ""
    for path in paths:
        if _climbs(path) or not path.startswith(base):
            raise SpikeletError(
                f"the board lists {path!r} in its folder {folder or '/'!r}, outside of it, so its "
                "list of files cannot be trusted; reset the board, and try again"
            )


def check_removable(paths: Iterable[str]) -> None:
    """Raise SpikeletError for a path that must not be changed, because it can lead elsewhere."""
    for path in paths:
        if not is_relative(path):
            raise SpikeletError(
                f"{path!r} is no path of a file in the board's folders, and stays; rename or remove "
                "it on the board itself"
            )


def _climbs(path: str) -> bool:
    """Return whether a path is absolute, leads upwards, or has an empty part."""
    return not {"", ".", ".."}.isdisjoint(path.split("/"))
