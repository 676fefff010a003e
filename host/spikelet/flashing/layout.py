"""Chooses the paths of Spikelet's files on a board.

    spikelet/r1a2b3c4d/spikert/...          a runtime, in a folder named by its hash
    spikelet/5e6f7a8b.lif, .bin, .json      network, recording, sensor settings, named by their hashes
    spikelet/active                         the paths in use, with a CRC-32
    spikelet/manifest                       all files that Spikelet wrote, see manifest.py
    main.py, code.py                        entry points of MicroPython and CircuitPython

So new files never overwrite a file that is in use, and one rename of `active` activates them.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from spikelet import installation
from spikelet.boards.start_code import ENDINGS, FOLDER, RUNTIME
from spikelet.flashing import paths

PACKAGE = "spikert/"

# Variants of the names, for a board on which a user has a file of such a name.
VARIANTS = 100


@dataclass(frozen=True)
class Layout:
    """Files for a board, by path.

    Attributes
    ----------
    staged : dict of str to bytes
        {path: bytes} of the runtime, the network and its files.
    entries : dict of str to bytes
        {path: bytes} of the entry points.
    paths : dict of str to str
        {name: path} to activate.
    """

    staged: dict[str, bytes] = field(default_factory=dict)
    entries: dict[str, bytes] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    @property
    def active(self) -> bytes:
        """The content of `active` that firmware/main.py reads."""
        return listing(self.paths)

    @classmethod
    def of_files(cls, files: Mapping[str, bytes], variant: int = 0) -> Layout:
        """Return the layout of files.

        Parameters
        ----------
        files : mapping of str to bytes
            {name: bytes}: spikert/..., network.lif, samples.bin, sensor.json, main.py, code.py.
        variant : int
            Each variant has other paths for the same files.
        """
        salt = f"variant {variant} ".encode() if variant else b""
        layout = cls(
            entries={name: files[name] for name in installation.ENTRY_POINTS if name in files}
        )
        runtime = {name: data for name, data in sorted(files.items()) if name.startswith(PACKAGE)}
        if runtime:
            folder = f"{FOLDER}/r{digest(runtime, salt)}"
            layout.paths[RUNTIME] = folder
            layout.staged.update({f"{folder}/{name}": data for name, data in runtime.items()})
        for name, ending in ENDINGS.items():
            if name in files:
                path = f"{FOLDER}/{digest({name: files[name]}, salt)}{ending}"
                layout.paths[name] = path
                layout.staged[path] = files[name]
        return layout

    @classmethod
    def variants(cls, files: Mapping[str, bytes]) -> Iterator[Layout]:
        """Yield layouts of the same files with other paths, the usual one first."""
        return (cls.of_files(files, variant) for variant in range(VARIANTS))


def listing(paths: Mapping[str, str]) -> bytes:
    """Return the content of `active` for these paths, with its CRC-32."""
    text = "".join(f"{name} {path}\n" for name, path in paths.items())
    return f"{text}crc {zlib.crc32(text.encode()):08x}".encode()


def parse_listing(data: bytes | None) -> dict[str, str] | None:
    """Return {name: path} in the content of `active`, or None if it is missing, damaged or not one."""
    if data is None:
        return None
    text, mark, crc = data.decode(errors="replace").partition("crc ")
    lines = [line.partition(" ") for line in text.splitlines()]
    if not mark or crc != f"{zlib.crc32(text.encode()):08x}" or not all(map(_is_entry, lines)):
        return None
    return {name: path for name, _, path in lines}


def _is_entry(line: tuple[str, str, str]) -> bool:
    """Return whether Spikelet writes this (name, " ", path) to `active`."""
    name, _, path = line
    in_rom = path == "/rom" or paths.is_relative(path.removeprefix("/rom/"))
    return name in (RUNTIME, *ENDINGS) and (
        paths.is_spikelets(path) or (path.startswith("/rom") and in_rom)
    )


def parent_folders(paths: Mapping[str, object]) -> list[str]:
    """Return the folders of files, parents first."""
    folders: set[str] = set()
    for path in paths:
        parts = path.split("/")[:-1]
        folders.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    return sorted(folders)


def digest(files: Mapping[str, bytes], salt: bytes = b"") -> str:
    """Return the 8 hexadecimal characters that name files after their content."""
    sha256 = hashlib.sha256(salt)
    for name, data in files.items():
        sha256.update(f"{name} {len(data)} ".encode() + data)
    return sha256.hexdigest()[:8]
