"""Removes Spikelet's files, or all files, from a board."""

from __future__ import annotations

from collections.abc import Mapping

from spikelet import installation
from spikelet.boards.start_code import ACTIVE, FOLDER
from spikelet.errors import SpikeletError
from spikelet.flashing import layout
from spikelet.flashing.stage import HEAD, NEW, Files, old_layout

# Other file systems in the root, and files that CircuitPython or a computer wrote to the drive.
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


def own_files(files: Files) -> dict[str, int]:
    """Return Spikelet's files on a board, in an order to remove them.

    Entry points come first and folders after their content, so a cut leaves a board that starts with
    the network or with none.

    Returns
    -------
    dict of str to int
        {path: bytes}; -1 for a folder.
    """
    entries = {path: files.read(path, HEAD) for path in installation.ENTRY_POINTS}
    own = {
        path: len(data)
        for path, data in entries.items()
        if data is not None and layout.is_ours(data)
    }
    inside = files.list(FOLDER)
    own |= {path: inside[path] for path in (ACTIVE, ACTIVE + NEW) if path in inside}
    if inside:
        own |= inside | {FOLDER: -1}
    return own | old_layout(files)


def everything(files: Files) -> dict[str, int]:
    """Return all files of a board, Spikelet's first, in an order to remove them.

    Returns
    -------
    dict of str to int
        {path: bytes}; -1 for a folder.
    """
    paths = files.list("")
    return own_files(files) | {
        path: size for path, size in paths.items() if path.split("/")[0] not in NOT_OURS
    }


def erase(files: Files, paths: Mapping[str, int]) -> None:
    """Remove files, in their order.

    Parameters
    ----------
    files : Files
    paths : mapping of str to int
        {path: bytes}, from `own_files` or `everything`.

    Raises
    ------
    SpikeletError
        If the board still has some of them.
    """
    files.remove(paths)
    found = files.fingerprints(path for path, size in paths.items() if size >= 0)
    left = [path for path, file in found.items() if file is not None]
    if left:
        raise SpikeletError(f"the board still has {', '.join(left)}; reset it, and erase again")
