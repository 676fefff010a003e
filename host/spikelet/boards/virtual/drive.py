"""Mount the drive of CircuitPython on the emulated Pico as a folder of this computer.

The folder is there while the board is on, like the drive of a board at a cable. `EmulatedDrive.sync`
compares it with the FAT volume and writes the sectors that differ over USB mass storage.
Source: CircuitPython's supervisor/flash.c, whose drive has a partition from its second sector on.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from spikelet.errors import BoardError, SpikeletError

LABEL = "CIRCUITPY"
SECTOR = 512
# First sector of the partition on the drive, and its place in the flash.
PARTITION = 1
IN_FLASH = 0x100000

Ask = Callable[..., dict[str, Any]]

_folders: list[Path] = []


def mounted() -> list[Path]:
    """Return the folders of the drives of emulated boards that are on."""
    return list(_folders)


@dataclass(frozen=True)
class _Seen:
    """A file of the folder as it was at the last comparison; `inode` follows it when it is renamed."""

    inode: int
    changed: int
    size: int


class EmulatedDrive:
    """The folder, and a copy of the volume that the board has."""

    def __init__(self, name: str, folder: Path, ask: Ask, volume: bytes) -> None:
        self._package = _package(name)
        self.folder = folder
        self._failure = self._package.FatFSException
        self._name = name
        self._ask = ask
        self._written = volume
        self._copy = bytearray(volume)
        self._mount()
        try:
            self._fill()
        except BaseException:
            self.release()
            raise
        self._seen, self._folders = self._look()

    def sync(self) -> None:
        """Write the changes of the folder to the board.

        Raises
        ------
        SpikeletError
            If the volume is full, or the board refuses a sector.
        """
        files, folders = self._look()
        if (files, folders) == (self._seen, self._folders):
            return
        try:
            self._follow(files, folders)
        except (OSError, self._failure) as error:
            self.release()
            self._copy[:] = self._written
            self._mount()
            raise SpikeletError(
                f"the drive of {self._name} could not be written ({error}); make room on it"
            ) from None
        self._seen, self._folders = files, folders
        self._send()

    def close(self) -> None:
        """Write the last changes, and let the board write its cached sectors to its flash."""
        self.sync()
        _flush(self._ask)

    def release(self) -> None:
        """Give the copy of the volume back to the package, which holds ten at a time."""
        self._partition.unmount()

    def _mount(self) -> None:
        disk = self._package.RamDisk(self._copy, sector_size=SECTOR)
        self._partition = self._package.Partition(disk)
        self._partition.mount()
        self._volume = self._package.PartitionExtended(self._partition)

    def _fill(self) -> None:
        for above, folders, names in self._volume.walk("/"):
            here = self.folder / above.strip("/")
            for name in folders:
                (here / name).mkdir()
            for name in names:
                path = f"{above.rstrip('/')}/{name}"
                try:
                    (here / name).write_bytes(self._volume.read_file(path))
                except (OSError, self._failure):
                    raise BoardError(
                        f"the volume of {self._name} is damaged at {path}; delete "
                        f"{self.folder.parent.parent / 'flash.bin'} to begin with an empty flash"
                    ) from None

    def _look(self) -> tuple[dict[str, _Seen], list[str]]:
        """Return the files and the subfolders of the folder by their path on the volume."""
        files, found = {}, []
        for above, folders, names in os.walk(self.folder):
            start = Path("/", os.path.relpath(above, self.folder))
            found += [(start / name).as_posix() for name in folders]
            for name in names:
                # A file may be renamed or removed meanwhile.
                with contextlib.suppress(FileNotFoundError):
                    facts = os.stat(os.path.join(above, name))
                    seen = _Seen(facts.st_ino, facts.st_mtime_ns, facts.st_size)
                    files[(start / name).as_posix()] = seen
        return files, sorted(found)

    def _follow(self, files: dict[str, _Seen], folders: list[str]) -> None:
        """Change the copy of the volume as the folder has changed since the last look."""
        for path in folders:
            if path not in self._folders:
                self._volume.makedirs(path)
        present = self._move(files)
        for path in sorted(present.keys() - files.keys()):
            self._volume.remove(path)
        for path, seen in files.items():
            if present.get(path) != seen:
                self._store(path, (self.folder / path[1:]).read_bytes())
        for path in reversed(self._folders):
            if path not in folders:
                self._volume.rmdir(path)

    def _store(self, path: str, data: bytes) -> None:
        """Write a file; the package reports no error when the volume is full."""
        self._volume.write_file(path, data)
        stored = self._volume.stat(path)["size"]
        if stored != len(data):
            raise OSError(f"{path} of {len(data)} bytes does not fit, only {stored} do")

    def _move(self, files: dict[str, _Seen]) -> dict[str, _Seen]:
        """Rename the files that the folder has renamed; return the files that the copy then has."""
        present = dict(self._seen)
        new = {seen: path for path, seen in files.items() if present.get(path) != seen}
        for old, seen in self._seen.items():
            path = new.get(seen)
            if path is None or files.get(old) == seen:
                continue
            if path in present:
                self._volume.remove(path)
            self._volume.rename(old, path)
            present[path] = present.pop(old)
        return present

    def _send(self) -> None:
        copy = bytes(self._copy)
        starts = range(0, len(copy), SECTOR)
        different = [
            at // SECTOR
            for at in starts
            if copy[at : at + SECTOR] != self._written[at : at + SECTOR]
        ]
        for first, count in _runs(different):
            data = copy[first * SECTOR : (first + count) * SECTOR]
            sent = base64.b64encode(data).decode()
            if not self._ask(drive={"sector": PARTITION + first, "data": sent})["done"]:
                raise BoardError(
                    f"{self._name} refused {count} sectors of its drive from {PARTITION + first} on; "
                    "its boot.py may have made the drive read-only"
                )
        self._written = copy


@contextmanager
def attached(name: str, above: Path, ask: Ask) -> Iterator[EmulatedDrive | None]:
    """Mount the drive of a board that is on, if it has one that can be written.

    Parameters
    ----------
    name : str
        Name of the board in messages.
    above : Path
        Folder for the mounted folder.
    ask : callable
        Sends a command to the emulator and returns its answer.

    Raises
    ------
    BoardError
        If the package that reads FAT volumes is missing.
    """
    if not ask(wait_for_usb=1)["drive"]:
        yield None
        return
    _flush(ask)
    volume = base64.b64decode(ask(flash={"start": IN_FLASH})["flash"])
    with tempfile.TemporaryDirectory(dir=above, prefix="drive-") as temporary:
        folder = Path(temporary, LABEL)
        folder.mkdir()
        drive = EmulatedDrive(name, folder, ask, volume)
        _folders.append(folder)
        try:
            yield drive
        except BaseException:
            # An end in the middle of its cached sectors would damage the volume, as a power cut does.
            with contextlib.suppress(SpikeletError):
                drive.close()
            raise
        else:
            drive.close()
        finally:
            _folders.remove(folder)
            drive.release()


@contextmanager
def following(stream: Any, drive: EmulatedDrive | None) -> Iterator[None]:
    """Write the changes of the folder to the board before each write to its console."""
    if drive is None:
        yield
        return
    write = stream.write

    def synced(data: bytes) -> int | None:
        drive.sync()
        return write(data)

    stream.write = synced
    yield
    leave(stream)


def leave(stream: Any) -> None:
    """Let writes to a console pass without a look at the folder."""
    vars(stream).pop("write", None)


def _package(name: str) -> ModuleType:
    """Return the package that reads and writes FAT volumes."""
    try:
        return importlib.import_module("fatfs")
    except ImportError:
        raise BoardError(
            f"{name} has a drive, which needs a package here; run pip install 'spikelet[drive]'"
        ) from None


def _flush(ask: Ask) -> None:
    """Read a sector of the partition, at which the board stores the sectors that it has cached."""
    ask(drive={"sector": PARTITION, "count": 1})


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Yield (first, count) of the runs in ascending numbers."""
    while numbers:
        count = 1
        while count < len(numbers) and numbers[count] == numbers[0] + count:
            count += 1
        yield numbers[0], count
        numbers = numbers[count:]
