"""A CircuitPython board's drive, CIRCUITPY: its file system as a folder of this computer.

While a computer has the drive, the board's own code cannot write; so files go through the drive, and are
hashed by the board. Source: CircuitPython's documentation, "storage" and "Workflows".
"""

from __future__ import annotations

import hashlib
import os
import re
import string
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from spikelet import installation
from spikelet.errors import SpikeletError
from spikelet.flashing import upload
from spikelet.flashing.files_by_repl import BoardFiles

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

BOOT_OUT = "boot_out.txt"  # which CircuitPython writes when it starts; it has the board's UID
MOUNTS = Path("/proc/mounts")
PLACES = ("/media/*", "/media/*/*", "/run/media/*/*", "/mnt/*", "/Volumes/*")


def find_drive(uid: str) -> Path | None:
    """Return the folder where the drive of the board with this UID is mounted, if it is."""
    for folder in mounted():
        try:
            said = (folder / BOOT_OUT).read_text(errors="replace")
        except OSError:
            continue
        found = re.search(r"^UID:\s*([0-9A-Fa-f]+)", said, re.MULTILINE)
        if found and found[1].upper() == uid.upper():
            return folder
    return None


def mounted() -> list[Path]:
    """Return the folders where drives are mounted."""
    if sys.platform == "win32":
        return [Path(f"{letter}:\\") for letter in string.ascii_uppercase]
    found = [path for place in PLACES for path in sorted(Path("/").glob(place[1:]))]
    try:
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return found
    places = [line.split()[1] for line in lines if len(line.split()) > 1]
    decoded = [re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), p) for p in places]
    return [*map(Path, decoded), *found]


class DriveFiles:
    """The drive of a board, and the REPL that tells whether what was written arrived."""

    @classmethod
    def of(cls, transport: SerialTransport) -> DriveFiles | None:
        """Return the drive of the board at the end of a raw REPL; None where it is not mounted here."""
        transport.exec(installation.board_side("identity"))
        name, uid = transport.eval("identity")
        folder = find_drive(uid) if name == "circuitpython" and uid else None
        return cls(folder, BoardFiles(transport)) if folder else None

    def __init__(self, folder: Path, board: BoardFiles) -> None:
        self.folder = folder
        self._board = board

    def hashes(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Return the sha256 of each file, None where there is none."""
        return self._board.hashes(paths)

    def read(self, path: str, size: int = 1024) -> bytes | None:
        """Return the first bytes of a file, None where there is none."""
        try:
            with (self.folder / path).open("rb") as file:
                return file.read(size)
        except OSError:
            return None

    def list(self, folder: str) -> dict[str, int]:
        """Return {path: bytes} of all that is in a folder; a folder has -1, and comes after its own."""
        found = {}
        for above, folders, names in os.walk(self.folder / folder, topdown=False):
            for name in names:
                path = Path(above, name)
                found[self._spelled(path)] = path.stat().st_size
            found |= {self._spelled(Path(above, name)): -1 for name in folders}
        return found

    def make(self, folders: Iterable[str]) -> None:
        """Make the folders that are not there."""
        for path in folders:
            try:
                (self.folder / path).mkdir(exist_ok=True)
            except OSError as error:
                raise self._refused(f"make {path}", error) from None

    def store(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """Put files in their places, each once it is whole; yield the bytes stored so far.

        Raises SpikeletError if the drive is full, or the board reads something else.
        """
        done, temporary = 0, {path: f"{path}.new" for path in files}
        for path, data in files.items():
            try:
                self._write(temporary[path], data)
            except OSError as error:
                raise self._refused(f"store {path} of {len(data)} bytes", error) from None
            done += len(data)
            yield done
        held = self._board.hashes(temporary.values())
        for path, data in files.items():
            if held[temporary[path]] != hashlib.sha256(data).hexdigest():
                raise SpikeletError(upload.refusal(path, data, "damaged"))
            self.rename(temporary[path], path)

    def rename(self, old: str, new: str) -> None:
        """Have a file take another's place."""
        try:
            os.replace(self.folder / old, self.folder / new)
            self._settle(self.folder / new)
        except OSError as error:
            raise self._refused(f"rename {old}", error) from None

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files and empty folders, those that are there, in this order."""
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
        """Have what the folder says of a file written as well, where the system can."""
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
            "or mount it anew so that it can be written; the board goes on with what it had"
        )
