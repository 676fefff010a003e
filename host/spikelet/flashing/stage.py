"""Stages, activates and cleans files on a board, safe against power cuts.

    look        list the board's files, tell Spikelet's from the user's, choose free paths
    stage       write the manifest, and new files beside those in use: temporary name, check, rename
    (try)       the board loads the network from the staged files; see flash.py
    activate    replace one file, `active`: before that the old files are in use, afterwards the new ones
    clean       remove Spikelet's files that are no longer in use

Staging leaves the files in use unchanged, and after `activate` the board needs only the new ones. After
a power cut, the next flash uses the staged files again if they are equal, or removes them.

The manifest names each file before it is written, so a cut leaves no file of Spikelet's unknown. A file
of the user is neither replaced nor removed. If it has a name that Spikelet needs, a staged file gets
another name, an entry point stays the user's, and a list of Spikelet's lets it be renamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spikelet import installation
from spikelet.boards.start_code import ACTIVE, FOLDER
from spikelet.errors import SpikeletError
from spikelet.flashing import inventory as inventories
from spikelet.flashing import manifest
from spikelet.flashing.files_by_drive import DriveFiles
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.fingerprint import Fingerprint, fingerprint
from spikelet.flashing.inventory import Files, Inventory
from spikelet.flashing.layout import Layout, parent_folders, parse_listing
from spikelet.flashing.manifest import MANIFEST, NEW, Written
from spikelet.flashing.romfs import romfs_image

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

    from spikelet.boards.port import Port

# The suffix of a user's file that was renamed.
BACKUP = ".bak"


@dataclass(frozen=True)
class Look:
    """A board before a flash, and the changes to make.

    Attributes
    ----------
    inventory : Inventory
    layout : Layout
        The new files, under paths that no file of the user has.
    written : Written
        The files that Spikelet wrote before.
    strays : dict of str to int
        {path: bytes} of Spikelet's files to remove first; -1 for a folder.
    missing : dict of str to bytes
        {path: content} to store.
    backups : dict of str to str
        {path: new path} of the user's files to rename.
    own : tuple of str
        Entry points that the user wrote; they stay.
    manifest : bytes
        The manifest to write first; empty if the board's names all files.
    """

    inventory: Inventory
    layout: Layout
    written: Written
    strays: dict[str, int]
    missing: dict[str, bytes]
    backups: dict[str, str]
    own: tuple[str, ...]
    manifest: bytes


@dataclass(frozen=True)
class UserFiles:
    """The user's files after a flash.

    Attributes
    ----------
    own : tuple of str
        Entry points that the user wrote; they stay.
    others : tuple of str
        All files and folders that Spikelet did not write; they stay.
    backups : dict of str to str
        {path: new path} of the user's files that were renamed.
    """

    own: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    backups: dict[str, str] = field(default_factory=dict)


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
    others : tuple of str
        All files and folders that Spikelet did not write; they stay.
    backups : dict of str to str
        {path: new path} of the user's files that would be renamed.
    """

    send: dict[str, int]
    keep: dict[str, int]
    remove: dict[str, int]
    own: tuple[str, ...]
    others: tuple[str, ...]
    backups: dict[str, str]


def files_of(transport: SerialTransport, *, everywhere: bool = False) -> Files:
    """Return the file system of the board at a raw REPL: its drive if mounted, else over the REPL.

    Parameters
    ----------
    transport : SerialTransport
    everywhere : bool
        Whether files outside Spikelet's folders may be changed.
    """
    return DriveFiles.of(transport) or BoardFiles(transport, everywhere=everywhere)


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
        yield from install_files(files_of(transport), new)


def install_files(files: Files, new: Mapping[str, bytes]) -> Iterator[tuple[int, int]]:
    """Stage, activate and clean without a trial; yield (bytes done, bytes in all)."""
    look = look_at(files, Layout.variants(new))
    yield from stage(files, look)
    conclude(files, look.layout)


def look_at(files: Files, layouts: Iterable[Layout]) -> Look:
    """Return the changes that a flash would make first; change nothing.

    Parameters
    ----------
    files : Files
    layouts : iterable of Layout
        Layouts of the same files. The first one is used whose paths are free.

    Raises
    ------
    SpikeletError
        If the user has a file with the name of Spikelet's folder.
    """
    inventory = Inventory.take(files)
    if inventory.root.get(FOLDER, -1) >= 0:
        raise SpikeletError(
            f"the board has a file {FOLDER!r}, where Spikelet needs a folder of that name; rename "
            "it, and flash again"
        )
    layout, found = _free_layout(files, inventory, layouts)
    own, entries = inventories.own_entries(files, inventory, layout.entries)
    kept = {*layout.staged, *inventory.belonging(), ACTIVE, MANIFEST}
    present = {path for path, content in found.items() if content is not None}
    written = (inventory.written or frozenset()) | inventories.earlier_files(
        files, inventory, present
    )
    strays = inventories.removable(files, inventory, written, kept)
    needed = _contents({path: data for path, data in _new(layout, own).items() if path != ACTIVE})
    named = {
        (path, content)
        for path, content in written
        if (path in inventory.inside and path not in strays) or content == entries.get(path)
    }
    complete = inventory.written is not None and needed <= inventory.written
    return Look(
        inventory=inventory,
        layout=layout,
        written=written,
        strays=strays,
        missing={path: data for path, data in layout.staged.items() if path not in present},
        backups=_backups(inventory),
        own=own,
        manifest=b"" if complete else manifest.to_bytes(needed | named),
    )


def stage(files: Files, look: Look) -> Iterator[tuple[int, int]]:
    """Write new files beside those in use; yield (bytes done, bytes in all)."""
    for old, new in look.backups.items():
        files.rename(old, new)
    _settle(files, look)
    # A manifest must name the strays until they are gone; without one, write it first.
    if look.manifest and look.inventory.written is None:
        _store_manifest(files, look)
    files.remove(look.strays)
    if look.manifest and look.inventory.written is not None:
        _store_manifest(files, look)
    total = sum(len(data) for data in look.layout.staged.values())
    done = total - sum(len(data) for data in look.missing.values())
    yield done, total
    if look.missing:
        files.make(parent_folders(look.missing))
        for stored in files.store(look.missing):
            yield done + stored, total


def conclude(files: Files, layout: Layout) -> UserFiles:
    """Activate the staged files, and remove those of Spikelet's that are no longer in use."""
    inventory = Inventory.take(files)
    own = activate(files, inventory, layout)
    ours = {*layout.staged, ACTIVE, MANIFEST, *(set(layout.entries) - set(own))}
    going = _unused(files, inventory, layout, inventory.written or frozenset())
    files.remove(going)
    return UserFiles(own, tuple(inventory.others({*ours, *going})))


def activate(files: Files, inventory: Inventory, layout: Layout) -> tuple[str, ...]:
    """Activate the staged files; return the entry points that the user wrote, which stay."""
    if files.read(ACTIVE) != layout.active:
        _all(files.store({ACTIVE: layout.active}))
    own, contents = inventories.own_entries(files, inventory, layout.entries)
    for path, data in layout.entries.items():
        if path not in own and contents[path] != fingerprint(data):
            _all(files.store({path: data}))
    return own


def plan_changes(files: Files, layouts: Iterable[Layout]) -> Plan:
    """Return the changes that flashing would make; change nothing."""
    look = look_at(files, layouts)
    inventory, new = look.inventory, _new(look.layout, look.own)
    contents = files.fingerprints(path for path in new if path not in look.layout.staged)
    send = {
        path: data
        for path, data in new.items()
        if path in look.missing or (path in contents and contents[path] != fingerprint(data))
    }
    unused = _unused(files, inventory, look.layout, look.written)
    manifests = {MANIFEST: len(look.manifest)} if look.manifest else {}
    kept = {} if look.manifest else {MANIFEST: inventory.inside.get(MANIFEST, 0)}
    ours = {*new, MANIFEST, *unused, *look.strays, *look.backups}
    return Plan(
        manifests | {path: len(data) for path, data in send.items()},
        kept | {path: len(data) for path, data in new.items() if path not in send},
        {path: size for path, size in {**look.strays, **unused}.items() if size >= 0},
        look.own,
        tuple(inventory.others(ours)),
        look.backups,
    )


def _new(layout: Layout, own: tuple[str, ...]) -> dict[str, bytes]:
    """Return {path: content} of the files of Spikelet's after a flash, without the manifest."""
    entries = {path: data for path, data in layout.entries.items() if path not in own}
    return {**layout.staged, **entries, ACTIVE: layout.active}


def _free_layout(
    files: Files, inventory: Inventory, layouts: Iterable[Layout]
) -> tuple[Layout, dict[str, Fingerprint | None]]:
    """Return the first layout whose paths are free or have its files, and the files found there."""
    for layout in layouts:
        found = files.fingerprints(layout.staged)
        folders = parent_folders(layout.staged)
        if (
            all(found[path] in (None, fingerprint(data)) for path, data in layout.staged.items())
            and not any(inventory.inside.get(path) == -1 for path in layout.staged)
            and not any(inventory.inside.get(folder, -1) >= 0 for folder in folders)
        ):
            return layout, found
    raise SpikeletError(
        f"your own files in the folder {FOLDER} of the board have all names that Spikelet tries for "
        "its files; rename that folder, and flash again"
    )


def _backups(inventory: Inventory) -> dict[str, str]:
    """Return {path: new path} of the user's files that have the name of one of Spikelet's lists."""
    return {
        path: next(
            name
            for number in range(1, len(inventory.inside) + 2)
            if (name := path + BACKUP + (str(number) if number > 1 else "")) not in inventory.inside
        )
        for path in inventory.strangers()
    }


def _settle(files: Files, look: Look) -> None:
    """Finish replacing a list if a power cut came between the removal and the rename."""
    lists = look.inventory.lists
    for path, parse in ((ACTIVE, parse_listing), (MANIFEST, manifest.parse)):
        if parse(lists.get(path)) is None and parse(lists.get(path + NEW)) is not None:
            files.rename(path + NEW, path)


def _store_manifest(files: Files, look: Look) -> None:
    files.make([FOLDER])
    _all(files.store({MANIFEST: look.manifest}))


def _unused(files: Files, inventory: Inventory, layout: Layout, written: Written) -> dict[str, int]:
    """Return Spikelet's files that are not in use with this layout."""
    kept = {*layout.staged, ACTIVE, MANIFEST}
    unused = inventories.removable(files, inventory, written, kept)
    return unused | {
        path: len(data) for path, data in inventory.lists.items() if path.endswith(NEW)
    }


def _contents(files: Mapping[str, bytes]) -> Written:
    return frozenset((path, fingerprint(data)) for path, data in files.items())


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
