"""Where Spikelet's files stand in a board's file system.

    spikelet/r1a2b3c4d/spikert/...          a runtime, in a folder called after its content
    spikelet/5e6f7a8b.lif, .bin, .json      network, recording, sensor's settings, called after theirs
    spikelet/active                         which of these are in use, with a CRC-32
    main.py, code.py                        what MicroPython and CircuitPython start with

What is new therefore never takes a name that is in use, and one rename of `active` puts it to use.
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

OLD_FILES = (NETWORK, RECORDING)  # where they stood before, beside a folder `spikert`

OURS = (  # how each main.py and code.py begins that Spikelet put on a board
    b'"""Spikelet starts here.',
    b'"""MicroPython starts here: serve the host until it says goodbye',
    b'"""CircuitPython starts here: serve the host until it says goodbye',
    b'print("Hello World!")',  # CircuitPython's own, on a new board
)


@dataclass(frozen=True)
class Layout:
    """What is to be put on a board.

    staged     {path: bytes} beside what is in use
    entries    {path: bytes} of what the interpreter starts with
    paths      {name: path} of what is to be in use
    """

    staged: dict[str, bytes] = field(default_factory=dict)
    entries: dict[str, bytes] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    @property
    def active(self) -> bytes:
        """The content of `active`, as firmware/main.py reads it."""
        return listing(self.paths)


def of(files: Mapping[str, bytes]) -> Layout:
    """Return where files are to be put.

    files    {name: bytes}: spikert/..., network.lif, samples.bin, sensor.json, main.py, code.py
    """
    made = Layout(
        entries={name: files[name] for name in installation.ENTRY_POINTS if name in files}
    )
    runtime = {name: data for name, data in sorted(files.items()) if name.startswith(PACKAGE)}
    if runtime:
        folder = f"{FOLDER}/r{_digest(runtime)}"
        made.paths[RUNTIME] = folder
        made.staged.update({f"{folder}/{name}": data for name, data in runtime.items()})
    for name, ending in ENDINGS.items():
        if name in files:
            path = f"{FOLDER}/{_digest({name: files[name]})}{ending}"
            made.paths[name] = path
            made.staged[path] = files[name]
    return made


def listing(paths: Mapping[str, str]) -> bytes:
    """Return the content of an `active` that names these paths."""
    text = "".join(f"{name} {path}\n" for name, path in paths.items())
    return f"{text}crc {zlib.crc32(text.encode()):08x}".encode()


def listed(data: bytes | None) -> dict[str, str] | None:
    """Return the paths that an `active` names, or None if it is missing or torn."""
    if data is None:
        return None
    text, found, crc = data.decode(errors="replace").partition("crc ")
    if not found or crc != f"{zlib.crc32(text.encode()):08x}":
        return None
    return dict(line.split(" ", 1) for line in text.splitlines())


def is_ours(entry: bytes) -> bool:
    """Return whether a main.py or code.py is one that Spikelet may replace."""
    return not entry.strip() or entry.startswith(OURS)


def folders(paths: Mapping[str, object]) -> list[str]:
    """Return the folders that files need, parents first."""
    found: set[str] = set()
    for path in paths:
        parts = path.split("/")[:-1]
        found.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    return sorted(found)


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(f"{name} {len(data)} ".encode() + data)
    return digest.hexdigest()[:8]
