"""Putting a runtime and a network on a board so that a cut at any moment cannot hurt.

    stage       new files beside those in use, each to a temporary name, hashed there, renamed
    (try)       the board loads the network from there; see cli/flash.py
    activate    one file, `active`, is replaced: before it the old is in use, after it the new
    clean       what is no longer in use goes

Before `active` is replaced nothing that is in use is touched; after it nothing of the old is needed.
What a cut leaves behind is used again by the next flash where it is the same, or removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from spikelet import installation
from spikelet.boards.start_code import ACTIVE, FOLDER
from spikelet.flashing import layout as board_layout
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.layout import Layout
from spikelet.flashing.romfs import romfs_image

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

    from spikelet.boards.port import Port

NEW = ".new"  # the ending of a temporary name
HEAD = 100  # bytes of an entry point that tell whose it is


class Files(Protocol):
    """A board's file system; see board_files.BoardFiles."""

    def hashes(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Return the sha256 of each file, None where there is none."""

    def read(self, path: str, size: int = 1024) -> bytes | None:
        """Return the first bytes of a file, None where there is none."""

    def list(self, folder: str) -> dict[str, int]:
        """Return {path: bytes} of all that is in a folder; a folder has -1, and comes after its own."""

    def make(self, folders: Iterable[str]) -> None:
        """Make the folders that are not there."""

    def store(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """Put files in their places, each once it is whole; yield the bytes stored so far."""

    def rename(self, old: str, new: str) -> None:
        """Have a file take another's place."""

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files and empty folders, those that are there, in this order."""


@dataclass(frozen=True)
class Plan:
    """What a flash would do.

    send      {path: bytes} of what is not there yet, or differs
    keep      {path: bytes} of what is there already
    remove    {path: bytes} of what would no longer be in use
    own       entry points of the user's, which stay
    """

    send: dict[str, int]
    keep: dict[str, int]
    remove: dict[str, int]
    own: tuple[str, ...]


def of(transport: SerialTransport) -> Files:
    """Return the file system of the board at the end of a raw REPL, through its drive if it has one."""
    from spikelet.flashing import files_by_drive

    return files_by_drive.of(transport) or BoardFiles(transport)


def install(port: Port, new: Mapping[str, bytes]) -> Iterator[tuple[int, int]]:
    """Put files on a board and to use, without a trial; yield (bytes done, bytes in all).

    Parameters
    ----------
    port : Port
    new : mapping of str to bytes
        {name: bytes}, named as for layout.of.
    """
    if port.in_place:
        image = romfs_image(new)
        port.write_image(image)
        yield len(image), len(image)
        return
    with port.connect() as transport:
        yield from install_files(of(transport), board_layout.of(new))


def install_files(files: Files, layout: Layout) -> Iterator[tuple[int, int]]:
    """Do all steps on a file system, without a trial; yield (bytes done, bytes in all)."""
    yield from stage(files, layout)
    activate(files, layout)
    clean(files, layout)


def stage(files: Files, layout: Layout) -> Iterator[tuple[int, int]]:
    """Put what is new beside what is in use; yield (bytes done, of how many)."""
    _settle(files)
    strays, wanted = staging(files, layout)
    files.remove(strays)
    total = sum(len(data) for data in layout.staged.values())
    done = total - sum(len(data) for data in wanted.values())
    yield done, total
    if wanted:
        files.make(board_layout.folders(wanted))
        for stored in files.store(wanted):
            yield done + stored, total


def staging(files: Files, layout: Layout) -> tuple[dict[str, int], dict[str, bytes]]:
    """Return {path: bytes} of what `stage` removes first, and what it then stores; changes nothing."""
    inside, paths = files.list(FOLDER), in_use(files) or {}
    strays = _strays(inside, [*layout.staged, *_belonging(inside, paths)])
    return strays, _missing(files, layout.staged)


def activate(files: Files, layout: Layout) -> tuple[str, ...]:
    """Put what was staged to use; return the entry points that are the user's own, and stay."""
    if files.read(ACTIVE) != layout.active:
        _all(files.store({ACTIVE: layout.active}))
    own = _own_entries(files, layout.entries)
    entries = {path: data for path, data in layout.entries.items() if path not in own}
    for path, data in _missing(files, entries).items():
        _all(files.store({path: data}))
    return own


def clean(files: Files, layout: Layout) -> None:
    """Remove what is no longer in use, once `activate` is done."""
    files.remove(_unused(files, layout, _own_entries(files, layout.entries)))


def plan(files: Files, layout: Layout) -> Plan:
    """Return what flashing would do; changes nothing."""
    own = _own_entries(files, layout.entries)
    wanted = dict(layout.staged)
    wanted |= {path: data for path, data in layout.entries.items() if path not in own}
    wanted[ACTIVE] = layout.active
    send = _missing(files, wanted)
    return Plan(
        {path: len(data) for path, data in send.items()},
        {path: len(data) for path, data in wanted.items() if path not in send},
        {path: size for path, size in _unused(files, layout, own).items() if size >= 0},
        own,
    )


def in_use(files: Files) -> dict[str, str] | None:
    """Return {name: path} of what a board has in use, or None where nothing is."""
    for path in (ACTIVE, ACTIVE + NEW):
        if (paths := board_layout.listed(files.read(path))) is not None:
            return paths
    return None


def _settle(files: Files) -> None:
    """Finish a replacement of `active` that was cut between removing the old and renaming the new."""
    whole = [board_layout.listed(files.read(path)) is not None for path in (ACTIVE, ACTIVE + NEW)]
    if whole == [False, True]:
        files.rename(ACTIVE + NEW, ACTIVE)


def _belonging(inside: Mapping[str, int], paths: Mapping[str, str]) -> list[str]:
    """Return the files in Spikelet's folder that are in use, with what tells so."""
    used = tuple(paths.values())
    return [
        path
        for path in inside
        if path in (ACTIVE, *used) or any(path.startswith(f"{folder}/") for folder in used)
    ]


def _strays(inside: Mapping[str, int], kept: Iterable[str]) -> dict[str, int]:
    """Return what is in Spikelet's folder besides what is kept, and its folders."""
    staying = {*kept, *board_layout.folders(dict.fromkeys(kept))}
    return {path: size for path, size in inside.items() if path not in staying}


def _unused(files: Files, layout: Layout, own: tuple[str, ...]) -> dict[str, int]:
    """Return what is not in use once the layout is; the user's own entry points may use the old one."""
    unused = _strays(files.list(FOLDER), [*layout.staged, ACTIVE])
    return unused if own else unused | old_layout(files)


def old_layout(files: Files) -> dict[str, int]:
    """Return what stood in the root before Spikelet had a folder, and temporary files there."""
    package = files.list("spikert")
    temporary = [name + NEW for name in (*installation.ENTRY_POINTS, *board_layout.OLD_FILES)]
    names = [*board_layout.OLD_FILES, *temporary] if package else temporary
    sizes = {name: files.read(name, HEAD) for name in names}
    found = {name: len(data) for name, data in sizes.items() if data is not None}
    return found | package | ({"spikert": -1} if package else {})


def _own_entries(files: Files, entries: Mapping[str, bytes]) -> tuple[str, ...]:
    heads = {path: files.read(path, HEAD) for path in entries}
    return tuple(
        path for path, head in heads.items() if head is not None and not board_layout.is_ours(head)
    )


def _missing(files: Files, wanted: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those of the files that are not there, or differ."""
    held = files.hashes(wanted)
    return {
        path: data
        for path, data in wanted.items()
        if held[path] != hashlib.sha256(data).hexdigest()
    }


def _all(steps: Iterator[int]) -> None:
    for _ in steps:
        pass


def own_entries_note(own: tuple[str, ...]) -> str:
    """Say how to start Spikelet from a main.py that is the user's own."""
    other = next((name for name in installation.ENTRY_POINTS if name not in own), None)
    if other is None:
        return (
            f"{' and '.join(own)} are yours, and stay; remove one for Spikelet to start by itself"
        )
    module = other.removesuffix(".py")
    return f"{own[0]} is yours, and stays; to start Spikelet from it: import {module}; {module}.start()"
