"""Removing what was put on a board."""

from __future__ import annotations

from collections.abc import Mapping

from spikelet import installation
from spikelet.boards.start_code import ACTIVE, FOLDER
from spikelet.errors import SpikeletError
from spikelet.flashing import layout
from spikelet.flashing.stage import HEAD, NEW, Files, old_layout

# Other file systems in the root; and on a drive, what CircuitPython or a computer put there.
NOT_OURS = (
    "rom",
    "remote",
    "sd",
    "boot_out.txt",
    "System Volume Information",
    ".fseventsd",
    ".metadata_never_index",
    ".Trashes",
)


def ours(files: Files) -> dict[str, int]:
    """Return {path: bytes} of all that Spikelet has put on a board, in an order to remove it."""
    entries = {path: files.read(path, HEAD) for path in installation.ENTRY_POINTS}
    found = {
        path: len(data)
        for path, data in entries.items()
        if data is not None and layout.is_ours(data)
    }
    inside = files.list(FOLDER)
    found |= {path: inside[path] for path in (ACTIVE, ACTIVE + NEW) if path in inside}
    if inside:
        found |= inside | {FOLDER: -1}
    return found | old_layout(files)


def everything(files: Files) -> dict[str, int]:
    """Return {path: bytes} of all files of a board, Spikelet's first, in an order to remove them."""
    found = files.list("")
    return ours(files) | {
        path: size for path, size in found.items() if path.split("/")[0] not in NOT_OURS
    }


def erase(files: Files, found: Mapping[str, int]) -> None:
    """Remove files in the order given.

    Raises SpikeletError if some are still there.
    """
    files.remove(found)
    held = files.hashes(path for path, size in found.items() if size >= 0)
    left = [path for path, digest in held.items() if digest is not None]
    if left:
        raise SpikeletError(f"the board still has {', '.join(left)}; reset it, and erase again")
