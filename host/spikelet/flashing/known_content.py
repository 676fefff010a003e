"""Recognises by its content what factories wrote, and Spikelet before it had a manifest.

A file is known only by its whole content. Earlier versions named files after their SHA-256, so such a
name proves the content. All others are the user's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from spikelet.boards.start_code import ENDINGS, FOLDER
from spikelet.flashing.fingerprint import Fingerprint, fingerprint
from spikelet.flashing.layout import digest

# Each main.py and code.py that a version of Spikelet wrote to boards, the newest last. Add that of a
# changed firmware/main.py, so that later versions may replace it.
ENTRIES = (
    Fingerprint(130, 0x6777084F),
    Fingerprint(132, 0x8B84E3DE),
    Fingerprint(1672, 0x3E164CFE),
    Fingerprint(1666, 0x6D6E812B),
    Fingerprint(1699, 0x9C6180E2),
    Fingerprint(1707, 0x60859365),
    Fingerprint(1757, 0xE7A57593),
    Fingerprint(1687, 0x312DA572),
    Fingerprint(1696, 0x02B71A67),
)

# Each main.py and code.py that an interpreter writes to a new board.
# Source: CircuitPython's supervisor/shared/filesystem.c; MicroPython's ports/stm32/factoryreset.c.
FACTORY_ENTRIES = frozenset(
    map(
        fingerprint,
        (
            b"",
            b'print("Hello World!")\n',
            b"print('Hello World!')\n",
            b'print("Hello World!")\r\n',
            b"# main.py -- put your code here!\r\n",
            b"# main.py -- put your code here!\n",
        ),
    )
)

# The file in which the runtime counts crashes: a number, and the text of the last error.
COUNT = re.compile(rb"\d{1,3}(\n[^\0]{0,500})?")

_NETWORK_FILE = re.compile(rf"{FOLDER}/([0-9a-f]{{8}})(\.\w+)")
_RUNTIME_FILE = re.compile(rf"({FOLDER}/r([0-9a-f]{{8}}))/(.+)")
# Bytes of the longest file that is read to prove its name.
LONGEST = 1 << 24


class Readable(Protocol):
    """The file system of a board, to read from."""

    def read(self, path: str, size: int = 1024) -> bytes | None:
        """Return the first `size` bytes of a file, None if it is missing."""


def proven(files: Readable, inside: Mapping[str, int]) -> Iterator[tuple[str, Fingerprint]]:
    """Yield (path, fingerprint) of the files in Spikelet's folder whose names prove their content.

    Parameters
    ----------
    files : Readable
    inside : mapping of str to int
        {path: bytes} in Spikelet's folder.
    """
    runtimes: dict[str, dict[str, bytes]] = {}
    names = {ending: name for name, ending in ENDINGS.items()}
    for path, size in inside.items():
        runtime, other = _RUNTIME_FILE.fullmatch(path), _NETWORK_FILE.fullmatch(path)
        # A cut flash of an earlier version left a temporary file, which is no part of the runtime.
        if size < 0 or path.endswith(".new") or not (runtime or other):
            continue
        data = files.read(path, LONGEST) or b""
        if runtime:
            runtimes.setdefault(runtime[1], {})[runtime[3]] = data
        elif other and other[2] in names and digest({names[other[2]]: data}) == other[1]:
            yield path, fingerprint(data)
    for folder, contents in runtimes.items():
        if f"{FOLDER}/r{digest(dict(sorted(contents.items())))}" == folder:
            for name, data in contents.items():
                yield f"{folder}/{name}", fingerprint(data)
