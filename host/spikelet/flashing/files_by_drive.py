"""Accesses the files of a CircuitPython board through its drive, CIRCUITPY.

While a computer has mounted the drive, the code on the board cannot write. So the host writes to the
drive, and the board reads the files again. Source: CircuitPython's documentation, "storage" and
"Workflows".
"""

from __future__ import annotations

import itertools
import os
import re
import string
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from spikelet import installation
from spikelet.boards.answers import ask
from spikelet.boards.virtual import pico_drive
from spikelet.errors import SpikeletError
from spikelet.flashing import upload
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.fingerprint import Fingerprint, fingerprint
from spikelet.flashing.manifest import suffix
from spikelet.flashing.paths import check_removable

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

# CircuitPython writes this file when it starts; it contains the UID of the board.
BOOT_OUT = "boot_out.txt"
MOUNTS = Path("/proc/mounts")
PLACES = ("/media/*", "/media/*/*", "/run/media/*/*", "/mnt/*", "/Volumes/*")


def find_drive(uid: str) -> Path | None:
    """Return the mounted drive of the board with this UID, or None."""
    for folder in (*pico_drive.mounted(), *mounted()):
        try:
            text = (folder / BOOT_OUT).read_text(errors="replace")
        except OSError:
            continue
        match = re.search(r"^UID:\s*([0-9A-Fa-f]+)", text, re.MULTILINE)
        if match and match[1].upper() == uid.upper():
            return folder
    return None


def mounted() -> list[Path]:
    """Return the folders to which drives are mounted."""
    if sys.platform == "win32":
        return [Path(f"{letter}:\\") for letter in string.ascii_uppercase]
    folders = [path for place in PLACES for path in sorted(Path("/").glob(place[1:]))]
    try:
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return folders
    places = [line.split()[1] for line in lines if len(line.split()) > 1]
    decoded = [re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), p) for p in places]
    return [*map(Path, decoded), *folders]


class DriveFiles:
    """The file system of a board as a drive; its REPL checks the written files."""

    @classmethod
    def of(cls, transport: SerialTransport) -> DriveFiles | None:
        """Return the drive of the board at a raw REPL, or None if it is not mounted."""
        transport.exec(installation.board_side("identity"))
        name, uid = ask(transport, "identity", (str, str))
        folder = find_drive(uid) if name == "circuitpython" and uid else None
        return cls(folder, BoardFiles(transport)) if folder else None

    def __init__(self, folder: Path, board: BoardFiles) -> None:
        self.folder = folder
        self._board = board

    def fingerprints(self, paths: Iterable[str]) -> dict[str, Fingerprint | None]:
        """Return {path: fingerprint} of files as the board reads them, None for a missing file."""
        return self._board.fingerprints(paths)

    def read(self, path: str, size: int = 1024) -> bytes | None:
        """Return the first `size` bytes of a file, None if it is missing."""
        try:
            with (self.folder / path).open("rb") as file:
                return file.read(size)
        except OSError:
            return None

    def list(self, folder: str, *, deep: bool = True) -> dict[str, int]:
        """Return {path: bytes} of all entries of a folder; a subfolder is -1, after its content.

        Parameters
        ----------
        folder : str
            Empty for the root.
        deep : bool
            Whether to list the folders in it.
        """
        sizes = {}
        walk = os.walk(self.folder / folder, topdown=not deep)
        for above, folders, names in walk if deep else itertools.islice(walk, 1):
            for name in names:
                path = Path(above, name)
                sizes[self._spelled(path)] = path.lstat().st_size
            sizes |= {self._spelled(Path(above, name)): -1 for name in folders}
        return sizes

    def make(self, folders: Iterable[str]) -> None:
        """Make the missing folders."""
        for path in folders:
            try:
                self._at(path).mkdir(exist_ok=True)
            except OSError as error:
                raise self._refused(f"make {path}", error) from None

    def store(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """Write files under temporary names, and rename each once the board has read it.

        Yields
        ------
        int
            Bytes stored so far.

        Raises
        ------
        SpikeletError
            If the drive is full, or the board reads other bytes.
        """
        check_removable(files)
        stored = 0
        temporary = {path: path + suffix(path, fingerprint(data)) for path, data in files.items()}
        for path, data in files.items():
            try:
                self._write(temporary[path], data)
            except OSError as error:
                raise self._refused(f"store {path} of {len(data)} bytes", error) from None
            stored += len(data)
            yield stored
        found = self.fingerprints(temporary.values())
        for path, data in files.items():
            if found[temporary[path]] != fingerprint(data):
                raise SpikeletError(upload.refusal(path, data, "damaged"))
            self.rename(temporary[path], path)

    def rename(self, old: str, new: str) -> None:
        """Rename a file, and replace the one of that name."""
        try:
            os.replace(self._at(old), self._at(new))
            self._settle(self._at(new))
        except OSError as error:
            raise self._refused(f"rename {old}", error) from None

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files and empty folders in this order; ignore missing ones."""
        for name in paths:
            path = self._at(name)
            try:
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
            except OSError as error:
                raise self._refused(f"remove {name}", error) from None

    def _write(self, path: str, data: bytes) -> None:
        with self._at(path).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    @staticmethod
    def _settle(path: Path) -> None:
        """Flush the folder entry of a file, if the operating system can."""
        if hasattr(os, "O_DIRECTORY"):
            descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _at(self, path: str) -> Path:
        """Return the place of a file to change; raise SpikeletError if it is outside of the drive."""
        check_removable([path])
        return self.folder / path

    def _spelled(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _refused(self, what: str, error: OSError) -> SpikeletError:
        return SpikeletError(
            f"the drive {self.folder} could not {what} ({error.strerror or error}); make room on it, "
            "or mount it anew so that it can be written; the board keeps its old files"
        )
