"""Removes Spikelet's files, or all files, from a board."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from spikelet.boards.start_code import ACTIVE, FOLDER
from spikelet.errors import SpikeletError
from spikelet.flashing import inventory as inventories
from spikelet.flashing import manifest
from spikelet.flashing.inventory import Files, Inventory
from spikelet.flashing.manifest import MANIFEST, NEW, Written
from spikelet.flashing.paths import OTHER_FILE_SYSTEMS, SYSTEM_FILES, check_removable


@dataclass(frozen=True)
class Erasure:
    """The files to remove from a board.

    Attributes
    ----------
    paths : mapping of str to int
        {path: bytes} in an order to remove them; -1 for a folder.
    others : tuple of str
        Files and folders that Spikelet did not write, and that stay.
    unnamed : Written
        Files of Spikelet's on a board without a manifest.
    """

    paths: Mapping[str, int]
    others: tuple[str, ...]
    unnamed: Written = frozenset()


def own_files(files: Files) -> Erasure:
    """Return Spikelet's files on a board.

    Entry points come first and folders after their content, so a cut leaves a board that starts with
    the network or with none. The manifest comes last, so no cut leaves a file that it does not name.
    """
    inventory = Inventory.take(files)
    unnamed = inventories.earlier_files(files, inventory)
    written = (inventory.written or frozenset()) | unnamed
    entries = inventories.spikelets_entries(files, inventory)
    lists = {path: len(data) for path, data in inventory.lists.items()}
    ours = inventories.removable(files, inventory, written, ())
    manifests = {path: lists.pop(path) for path in (MANIFEST, MANIFEST + NEW) if path in lists}
    actives = {path: lists[path] for path in (ACTIVE, ACTIVE + NEW) if path in lists}
    paths = {**entries, **actives, **ours, **lists, **manifests}
    if paths and not inventory.inside.keys() - paths.keys() and FOLDER in inventory.root:
        paths[FOLDER] = -1
    return Erasure(paths, tuple(inventory.others(paths)), unnamed)


def everything(files: Files) -> Erasure:
    """Return all files of a board, Spikelet's first, in an order to remove them."""
    own = own_files(files)
    other_systems = (*OTHER_FILE_SYSTEMS, *SYSTEM_FILES)
    paths = {
        path: size
        for path, size in files.list("").items()
        if path.split("/")[0] not in other_systems and path not in own.paths
    }
    check_removable(paths)
    return Erasure({**own.paths, **paths}, (), own.unnamed)


def erase(files: Files, erasure: Erasure) -> None:
    """Remove files, in their order.

    Parameters
    ----------
    files : Files
    erasure : Erasure
        From `own_files` or `everything`.

    Raises
    ------
    SpikeletError
        If the board still has some of them.
    """
    paths = dict(erasure.paths)
    if erasure.unnamed:
        # After a cut, the rest of a runtime would no longer prove its name.
        with suppress(SpikeletError):
            for _ in files.store({MANIFEST: manifest.to_bytes(erasure.unnamed)}):
                pass
            folder = {FOLDER: paths.pop(FOLDER)} if FOLDER in paths else {}
            paths |= {MANIFEST: 0, **folder}
    files.remove(paths)
    found = files.fingerprints(path for path, size in paths.items() if size >= 0)
    left = [path for path, file in found.items() if file is not None]
    if left:
        raise SpikeletError(f"the board still has {', '.join(left)}; reset it, and erase again")
