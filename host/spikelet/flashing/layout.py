"""Chooses the paths of Spikelet's files on a board.

    spikelet/r1a2b3c4d/spikert/...          a runtime, in a folder named by its hash
    spikelet/5e6f7a8b.lif, .bin, .json      network, recording, sensor settings, named by their hashes
    spikelet/active                         the paths in use, with a CRC-32
    main.py, code.py                        entry points of MicroPython and CircuitPython

So new files never overwrite a file that is in use, and one rename of `active` activates them.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from spikelet import installation
from spikelet.boards.start_code import ENDINGS, FOLDER, RUNTIME
from spikert.session import NETWORK, RECORDING

PACKAGE = "spikert/"

# Earlier versions wrote these to the root, beside a folder `spikert`.
OLD_FILES = (NETWORK, RECORDING)

# First lines of each main.py and code.py that Spikelet has written to boards, now or earlier.
OURS = (
    b'"""Spikelet starts here.',
    b'"""MicroPython starts here: serve the host until it says goodbye',
    b'"""CircuitPython starts here: serve the host until it says goodbye',
    # CircuitPython writes this one on a new board.
    b'print("Hello World!")',
)


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
    def of_files(cls, files: Mapping[str, bytes]) -> Layout:
        """Return the layout of files.

        Parameters
        ----------
        files : mapping of str to bytes
            {name: bytes}: spikert/..., network.lif, samples.bin, sensor.json, main.py, code.py.
        """
        layout = cls(
            entries={name: files[name] for name in installation.ENTRY_POINTS if name in files}
        )
        runtime = {name: data for name, data in sorted(files.items()) if name.startswith(PACKAGE)}
        if runtime:
            folder = f"{FOLDER}/r{_digest(runtime)}"
            layout.paths[RUNTIME] = folder
            layout.staged.update({f"{folder}/{name}": data for name, data in runtime.items()})
        for name, ending in ENDINGS.items():
            if name in files:
                path = f"{FOLDER}/{_digest({name: files[name]})}{ending}"
                layout.paths[name] = path
                layout.staged[path] = files[name]
        return layout


def listing(paths: Mapping[str, str]) -> bytes:
    """Return the content of `active` for these paths, with its CRC-32."""
    text = "".join(f"{name} {path}\n" for name, path in paths.items())
    return f"{text}crc {zlib.crc32(text.encode()):08x}".encode()


def parse_listing(data: bytes | None) -> dict[str, str] | None:
    """Return {name: path} in the content of `active`, or None if it is missing or damaged."""
    if data is None:
        return None
    text, mark, crc = data.decode(errors="replace").partition("crc ")
    if not mark or crc != f"{zlib.crc32(text.encode()):08x}":
        return None
    return dict(line.split(" ", 1) for line in text.splitlines())


def is_ours(entry: bytes) -> bool:
    """Return whether Spikelet may replace this main.py or code.py: it is empty or has a line of OURS."""
    return not entry.strip() or entry.startswith(OURS)


def parent_folders(paths: Mapping[str, object]) -> list[str]:
    """Return the folders of files, parents first."""
    folders: set[str] = set()
    for path in paths:
        parts = path.split("/")[:-1]
        folders.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    return sorted(folders)


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(f"{name} {len(data)} ".encode() + data)
    return digest.hexdigest()[:8]
