"""Lists the files of a board, and tells those of Spikelet from those of the user.

Spikelet's are the files with a content that the manifest names, and its own lists. Without a manifest,
an earlier version flashed the board: then known_content.py decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from spikelet import installation
from spikelet.boards.start_code import ACTIVE, FOLDER
from spikelet.flashing import known_content, manifest
from spikelet.flashing.fingerprint import Fingerprint
from spikelet.flashing.layout import parent_folders, parse_listing
from spikelet.flashing.manifest import LONGEST, MANIFEST, NEW, Written
from spikelet.flashing.paths import OTHER_FILE_SYSTEMS, SYSTEM_FILES
from spikert.session.crash_count import CrashCount

# The beginning of an `active` whose writing was cut.
_FIRST = b"runtime spikelet/r"
_TORN = re.compile(
    rb"runtime (?:spikelet/r[0-9a-f]{1,8}|/rom)(?:\n(?:[a-z]+\.[a-z]+ [\w./]+\n)*[\w./ ]{0,60})?"
)


class Files(Protocol):
    """The file system of a board; see files_by_repl.BoardFiles and files_by_drive.DriveFiles."""

    def fingerprints(self, paths: Iterable[str]) -> dict[str, Fingerprint | None]:
        """Return {path: fingerprint} of files, None for a missing file."""

    def read(self, path: str, size: int = 1024) -> bytes | None:
        """Return the first `size` bytes of a file, None if it is missing."""

    def list(self, folder: str, *, deep: bool = True) -> dict[str, int]:
        """Return {path: bytes} of all entries of a folder; a subfolder is -1, after its content."""

    def make(self, folders: Iterable[str]) -> None:
        """Make the missing folders."""

    def store(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """Write files, each under its name once it is complete; yield the bytes stored so far."""

    def rename(self, old: str, new: str) -> None:
        """Rename a file, and replace the one of that name."""

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files and empty folders in this order; ignore missing ones."""


@dataclass(frozen=True)
class Inventory:
    """The files of a board.

    Attributes
    ----------
    root : mapping of str to int
        {name: bytes} in the root; -1 for a folder.
    inside : mapping of str to int
        {path: bytes} in Spikelet's folder, in an order to remove them; -1 for a folder.
    written : Written or None
        The files of the manifest; None without one.
    in_use : mapping of str to str
        {name: path} of the files in use.
    lists : mapping of str to bytes
        {path: content} of Spikelet's own lists, also of those whose writing was cut.
    """

    root: Mapping[str, int]
    inside: Mapping[str, int]
    written: Written | None
    in_use: Mapping[str, str]
    lists: Mapping[str, bytes]

    @classmethod
    def take(cls, files: Files) -> Inventory:
        """Return the inventory of a board; change nothing."""
        inside = files.list(FOLDER)
        contents = {path: files.read(path, LONGEST) for path in _LISTS if inside.get(path, -1) >= 0}
        lists = {path: data for path, data in contents.items() if data is not None}
        actives = (parse_listing(lists.get(path)) for path in (ACTIVE, ACTIVE + NEW))
        manifests = (manifest.parse(lists.get(path)) for path in (MANIFEST, MANIFEST + NEW))
        return cls(
            root=files.list("", deep=False),
            inside=inside,
            written=next((written for written in manifests if written is not None), None),
            in_use=next((paths for paths in actives if paths is not None), {}),
            lists={path: data for path, data in lists.items() if _LISTS[path](data)},
        )

    def belonging(self) -> set[str]:
        """Return the paths in Spikelet's folder that belong to the files in use."""
        used = tuple(self.in_use.values())
        return {
            path
            for path in self.inside
            if path in used or any(path.startswith(f"{folder}/") for folder in used)
        }

    def strangers(self) -> list[str]:
        """Return the user's files and folders that have the name of a list of Spikelet's."""
        return [path for path in _LISTS if path in self.inside and path not in self.lists]

    def others(self, ours: Collection[str]) -> list[str]:
        """Return the files and folders that are not among Spikelet's, folders with a slash.

        Parameters
        ----------
        ours : collection of str
            Paths of Spikelet's files.
        """
        known = {*ours, *self.lists, *parent_folders(dict.fromkeys(ours)), FOLDER}
        hidden = {*known, *SYSTEM_FILES, *OTHER_FILE_SYSTEMS}
        root = [_spelled(name, size) for name, size in self.root.items() if name not in hidden]
        files = [path for path, size in self.inside.items() if size >= 0 and path not in known]
        full = {*parent_folders(dict.fromkeys(files)), *known}
        empty = [f"{path}/" for path, size in self.inside.items() if size < 0 and path not in full]
        return sorted(root) + sorted([*files, *empty])


# {path of a list of Spikelet's: whether this is its content, whole or cut}
_LISTS: dict[str, Callable[[bytes], bool]] = {
    ACTIVE: lambda data: not data or parse_listing(data) is not None,
    ACTIVE + NEW: lambda data: _is_torn(data) or parse_listing(data) is not None,
    MANIFEST: lambda data: not data or manifest.parse(data) is not None,
    MANIFEST + NEW: lambda data: manifest.is_beginning(data) or manifest.parse(data) is not None,
    CrashCount.path: lambda data: known_content.COUNT.fullmatch(data) is not None,
}


def earlier_files(files: Files, inventory: Inventory, known: Collection[str] = ()) -> Written:
    """Return the files that a version without a manifest wrote, without those known already."""
    if inventory.written is not None:
        return frozenset()
    unknown = {path: size for path, size in inventory.inside.items() if path not in known}
    return frozenset(known_content.proven(files, unknown))


def removable(
    files: Files, inventory: Inventory, written: Written, kept: Collection[str]
) -> dict[str, int]:
    """Return Spikelet's files that may be removed, in an order to remove them.

    Parameters
    ----------
    files : Files
    inventory : Inventory
    written : Written
        The files that Spikelet wrote.
    kept : collection of str
        Paths of files that stay.

    Returns
    -------
    dict of str to int
        {path: bytes}; -1 for a folder that is empty then.
    """
    everything = {**inventory.root, **inventory.inside}
    names = {(path, content.size) for path, content in written}
    candidates = [
        path
        for path, size in inventory.inside.items()
        if path not in kept and (path, size) in names
    ]
    contents = files.fingerprints(candidates)
    going = {path for path in candidates if (path, contents[path]) in written}
    going |= {*manifest.temporaries(everything.items(), written)}
    if CrashCount.path in inventory.lists:
        going.add(CrashCount.path)
    ours = {*parent_folders({path: 0 for path, _ in written}), FOLDER}
    staying = parent_folders(dict.fromkeys(kept))
    for path, size in inventory.inside.items():
        left = any(
            other.startswith(f"{path}/") and other not in going for other in inventory.inside
        )
        if size < 0 and path in ours and path not in staying and not left:
            going.add(path)
    return {path: size for path, size in everything.items() if path in going}


def own_entries(
    files: Files, inventory: Inventory, entries: Iterable[str]
) -> tuple[tuple[str, ...], dict[str, Fingerprint | None]]:
    """Return the entry points that the user wrote, and the contents of all of them.

    Returns
    -------
    own : tuple of str
        Paths of the user's entry points.
    contents : dict of str to Fingerprint
        {path: fingerprint}; None for a missing file.
    """
    contents = files.fingerprints(entries)
    own = tuple(
        path
        for path, content in contents.items()
        if inventory.root.get(path) == -1
        or (content is not None and not _is_replaceable(files, inventory, path, content))
    )
    return own, contents


def spikelets_entries(files: Files, inventory: Inventory) -> dict[str, int]:
    """Return {path: bytes} of the entry points that Spikelet wrote."""
    contents = files.fingerprints(installation.ENTRY_POINTS)
    return {
        path: content.size
        for path, content in contents.items()
        if content is not None and _is_spikelets(inventory, path, content)
    }


def _is_replaceable(files: Files, inventory: Inventory, path: str, content: Fingerprint) -> bool:
    """Return whether an entry point is Spikelet's, a factory's, or blank."""
    if _is_spikelets(inventory, path, content) or content in known_content.FACTORY_ENTRIES:
        return True
    return content.size < 100 and not (files.read(path) or b"").strip()


def _is_spikelets(inventory: Inventory, path: str, content: Fingerprint) -> bool:
    return content in known_content.ENTRIES or (path, content) in (inventory.written or ())


def _is_torn(data: bytes) -> bool:
    """Return whether this is the content of an `active` whose writing was cut."""
    return _FIRST.startswith(data) or _TORN.fullmatch(data) is not None


def _spelled(path: str, size: int) -> str:
    return path if size >= 0 else f"{path}/"
