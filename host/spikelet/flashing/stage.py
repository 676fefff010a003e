"""Stages, activates and cleans files on a board, safe against power cuts.

    stage       write new files beside those in use: under a temporary name, check, rename
    (try)       the board loads the network from the staged files; see flash.py
    activate    replace one file, `active`: before that the old files are in use, afterwards the new ones
    clean       remove files that are no longer in use

Staging leaves the files in use unchanged, and after `activate` the board needs only the new ones. After
a power cut, the next flash uses the staged files again if they are equal, or removes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from spikelet import installation
from spikelet.boards.start_code import ACTIVE, FOLDER
from spikelet.flashing.files_by_drive import DriveFiles
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.fingerprint import Fingerprint, fingerprint
from spikelet.flashing.layout import OLD_FILES, Layout, is_ours, parent_folders, parse_listing
from spikelet.flashing.romfs import romfs_image

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

    from spikelet.boards.port import Port

# The suffix of temporary names.
NEW = ".new"
# Bytes of an entry point that show whether Spikelet wrote it.
HEAD = 100


class Files(Protocol):
    """The file system of a board; see files_by_repl.BoardFiles and files_by_drive.DriveFiles."""

    def fingerprints(self, paths: Iterable[str]) -> dict[str, Fingerprint | None]:
        """Return {path: fingerprint} of files, None for a missing file."""

    def read(self, path: str, size: int = 1024) -> bytes | None:
        """Return the first `size` bytes of a file, None if it is missing."""

    def list(self, folder: str) -> dict[str, int]:
        """Return {path: bytes} of all files in a folder; a subfolder is -1, after its content."""

    def make(self, folders: Iterable[str]) -> None:
        """Make the missing folders."""

    def store(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """Write files, each under its name once it is complete; yield the bytes stored so far."""

    def rename(self, old: str, new: str) -> None:
        """Rename a file, and replace the one of that name."""

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files and empty folders in this order; ignore missing ones."""


@dataclass(frozen=True)
class Plan:
    """The changes that a flash would make.

    Attributes
    ----------
    send : dict of str to int
        {path: bytes} of files that the board lacks, or that differ there.
    keep : dict of str to int
        {path: bytes} of files that the board already has.
    remove : dict of str to int
        {path: bytes} of files that would no longer be in use.
    own : tuple of str
        Entry points that the user wrote; they stay.
    """

    send: dict[str, int]
    keep: dict[str, int]
    remove: dict[str, int]
    own: tuple[str, ...]


def files_of(transport: SerialTransport) -> Files:
    """Return the file system of the board at a raw REPL: its drive if mounted, else over the REPL."""

    return DriveFiles.of(transport) or BoardFiles(transport)


def install_payload(port: Port, new: Mapping[str, bytes]) -> Iterator[tuple[int, int]]:
    """Write files to a board and activate them, without a trial.

    Parameters
    ----------
    port : Port
    new : mapping of str to bytes
        {name: bytes}, as for `Layout.of_files`.

    Yields
    ------
    tuple of int
        (bytes done, bytes in all).
    """
    if port.in_place:
        image = romfs_image(new)
        port.write_image(image)
        yield len(image), len(image)
        return
    with port.connect() as transport:
        yield from install_files(files_of(transport), Layout.of_files(new))


def install_files(files: Files, layout: Layout) -> Iterator[tuple[int, int]]:
    """Stage, activate and clean without a trial; yield (bytes done, bytes in all)."""
    yield from stage(files, layout)
    activate(files, layout)
    clean(files, layout)


def stage(files: Files, layout: Layout) -> Iterator[tuple[int, int]]:
    """Write new files beside those in use; yield (bytes done, bytes in all)."""
    _settle(files)
    strays, missing = staging(files, layout)
    files.remove(strays)
    total = sum(len(data) for data in layout.staged.values())
    done = total - sum(len(data) for data in missing.values())
    yield done, total
    if missing:
        files.make(parent_folders(missing))
        for stored in files.store(missing):
            yield done + stored, total


def staging(files: Files, layout: Layout) -> tuple[dict[str, int], dict[str, bytes]]:
    """Return the files that `stage` would remove and store; change nothing.

    Returns
    -------
    strays : dict of str to int
        {path: bytes} to remove first; -1 for a folder.
    missing : dict of str to bytes
        {path: content} to store.
    """
    inside, paths = files.list(FOLDER), in_use(files) or {}
    strays = _strays(inside, [*layout.staged, *_belonging(inside, paths)])
    return strays, _missing(files, layout.staged)


def activate(files: Files, layout: Layout) -> tuple[str, ...]:
    """Activate the staged files; return the entry points that the user wrote, which stay."""
    if files.read(ACTIVE) != layout.active:
        _all(files.store({ACTIVE: layout.active}))
    own = _own_entries(files, layout.entries)
    entries = {path: data for path, data in layout.entries.items() if path not in own}
    for path, data in _missing(files, entries).items():
        _all(files.store({path: data}))
    return own


def clean(files: Files, layout: Layout) -> None:
    """Remove the files that are no longer in use after `activate`."""
    files.remove(_unused(files, layout, _own_entries(files, layout.entries)))


def plan_changes(files: Files, layout: Layout) -> Plan:
    """Return the changes that flashing would make; change nothing."""
    own = _own_entries(files, layout.entries)
    active_files = dict(layout.staged)
    active_files |= {path: data for path, data in layout.entries.items() if path not in own}
    active_files[ACTIVE] = layout.active
    send = _missing(files, active_files)
    return Plan(
        {path: len(data) for path, data in send.items()},
        {path: len(data) for path, data in active_files.items() if path not in send},
        {path: size for path, size in _unused(files, layout, own).items() if size >= 0},
        own,
    )


def in_use(files: Files) -> dict[str, str] | None:
    """Return {name: path} of the files in use, or None if the board has no valid `active`."""
    for path in (ACTIVE, ACTIVE + NEW):
        if (paths := parse_listing(files.read(path))) is not None:
            return paths
    return None


def _settle(files: Files) -> None:
    """Finish replacing `active` if a power cut came between the removal and the rename."""
    whole = [parse_listing(files.read(path)) is not None for path in (ACTIVE, ACTIVE + NEW)]
    if whole == [False, True]:
        files.rename(ACTIVE + NEW, ACTIVE)


def _belonging(inside: Mapping[str, int], paths: Mapping[str, str]) -> list[str]:
    """Return the files in Spikelet's folder that are in use, with `active` itself."""
    used = tuple(paths.values())
    return [
        path
        for path in inside
        if path in (ACTIVE, *used) or any(path.startswith(f"{folder}/") for folder in used)
    ]


def _strays(inside: Mapping[str, int], kept: Iterable[str]) -> dict[str, int]:
    """Return {path: bytes} in Spikelet's folder without the kept files and their folders."""
    staying = {*kept, *parent_folders(dict.fromkeys(kept))}
    return {path: size for path, size in inside.items() if path not in staying}


def _unused(files: Files, layout: Layout, own: tuple[str, ...]) -> dict[str, int]:
    """Return unused files of a layout; old ones stay if the user's own entry point may need them."""
    unused = _strays(files.list(FOLDER), [*layout.staged, ACTIVE])
    return unused if own else unused | old_layout(files)


def old_layout(files: Files) -> dict[str, int]:
    """Return files that earlier versions wrote to the root, and temporary files there."""
    package = files.list("spikert")
    temporary = [name + NEW for name in (*installation.ENTRY_POINTS, *OLD_FILES)]
    names = [*OLD_FILES, *temporary] if package else temporary
    sizes = {name: files.read(name, HEAD) for name in names}
    root = {name: len(data) for name, data in sizes.items() if data is not None}
    return root | package | ({"spikert": -1} if package else {})


def _own_entries(files: Files, entries: Mapping[str, bytes]) -> tuple[str, ...]:
    heads = {path: files.read(path, HEAD) for path in entries}
    return tuple(path for path, head in heads.items() if head is not None and not is_ours(head))


def _missing(files: Files, data_of: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files that the board lacks, or that differ there."""
    found = files.fingerprints(data_of)
    return {path: data for path, data in data_of.items() if found[path] != fingerprint(data)}


def _all(steps: Iterator[int]) -> None:
    for _ in steps:
        pass


def own_entries_note(own: tuple[str, ...]) -> str:
    """Return a sentence on how to start Spikelet beside the user's own entry points."""
    other = next((name for name in installation.ENTRY_POINTS if name not in own), None)
    if other is None:
        return (
            f"{' and '.join(own)} are yours, and stay; remove one for Spikelet to start by itself"
        )
    module = other.removesuffix(".py")
    return f"{own[0]} is yours, and stays; to start Spikelet from it: import {module}; {module}.start()"
