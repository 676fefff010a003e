"""Accesses the files of a CircuitPython board through its drive, CIRCUITPY.

While a computer has mounted the drive, the code on the board cannot write. So the host writes to the
drive, and the board reads the files again. Source: CircuitPython's documentation, "storage" and
"Workflows".
"""

from __future__ import annotations

import os
import re
import string
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from spikelet import installation
from spikelet.boards.virtual import drive
from spikelet.errors import SpikeletError
from spikelet.flashing import upload
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.fingerprint import Fingerprint, fingerprint

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

# CircuitPython writes this file when it starts; it contains the UID of the board.
BOOT_OUT = "boot_out.txt"
MOUNTS = Path("/proc/mounts")
PLACES = ("/media/*", "/media/*/*", "/run/media/*/*", "/mnt/*", "/Volumes/*")


def find_drive(uid: str) -> Path | None:
    """Return the mounted drive of the board with this UID, or None."""
    for folder in (*drive.mounted(), *mounted()):
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
        name, uid = transport.eval("identity")
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

    def list(self, folder: str) -> dict[str, int]:
        """Return {path: bytes} of all files in a folder; a subfolder is -1, after its content."""
        sizes = {}
        for above, folders, names in os.walk(self.folder / folder, topdown=False):
            for name in names:
                path = Path(above, name)
                sizes[self._spelled(path)] = path.stat().st_size
            sizes |= {self._spelled(Path(above, name)): -1 for name in folders}
        return sizes

    def make(self, folders: Iterable[str]) -> None:
        """Make the missing folders."""
        for path in folders:
            try:
                (self.folder / path).mkdir(exist_ok=True)
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
        stored, temporary = 0, {path: f"{path}.new" for path in files}
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
            os.replace(self.folder / old, self.folder / new)
            self._settle(self.folder / new)
        except OSError as error:
            raise self._refused(f"rename {old}", error) from None

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files and empty folders in this order; ignore missing ones."""
        for name in paths:
            path = self.folder / name
            try:
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
            except OSError as error:
                raise self._refused(f"remove {name}", error) from None

    def _write(self, path: str, data: bytes) -> None:
        with (self.folder / path).open("wb") as file:
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

    def _spelled(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _refused(self, what: str, error: OSError) -> SpikeletError:
        return SpikeletError(
            f"the drive {self.folder} could not {what} ({error.strerror or error}); make room on it, "
            "or mount it anew so that it can be written; the board keeps its old files"
        )
