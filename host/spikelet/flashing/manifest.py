"""The manifest: the paths, sizes and checksums of all files that Spikelet wrote to a board.

    spikelet files 1
    spikelet/ra9773232/spikert/wire/         a folder, for the files below it
    frames.mpy 2f1 1a2b3c4d                  name, bytes and CRC-32, the numbers in hexadecimal
    /                                        the root
    main.py 697 312da572
    crc 89abcdef                             CRC-32 of the text above

It is written before the files that it names. So after a power cut it names every file of Spikelet.
A file is Spikelet's only if its content is as the manifest says: a file that a user edited is the
user's. A path can have several lines while its file is replaced.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator

from spikelet.boards.start_code import ACTIVE, FOLDER
from spikelet.flashing import paths
from spikelet.flashing.fingerprint import Fingerprint

MANIFEST = f"{FOLDER}/manifest"
# The suffix of temporary names of `active` and the manifest; a board reads active.new, too.
NEW = ".new"
FIRST_LINE = b"spikelet files 1\n"
# A manifest of 1,000 files is shorter.
LONGEST = 1 << 16

_LINES = rb"(?:(?:[\w.-]+/)*/?\n|[\w.-]+ [0-9a-f]+ [0-9a-f]{8}\n)*"
_WHOLE = re.compile(FIRST_LINE + _LINES + rb"crc [0-9a-f]{8}")
_TORN = re.compile(FIRST_LINE + _LINES + rb"[\w./ -]{0,99}")

Written = frozenset[tuple[str, Fingerprint]]
"""The (path, fingerprint) of each file that Spikelet wrote."""


def suffix(path: str, content: Fingerprint) -> str:
    """Return the suffix of the temporary name of a file while it is written.

    The name contains the checksum, so it belongs to a file of the manifest, and no user has such a file.
    """
    return NEW if path in (ACTIVE, MANIFEST) else f".{content.crc32:08x}"


def to_bytes(written: Written) -> bytes:
    """Return the content of a manifest."""
    text, folder = FIRST_LINE.decode(), None
    for path, content in sorted(written, key=lambda file: (*file[0].rpartition("/")[::2], file[1])):
        above, _, name = path.rpartition("/")
        if above != folder:
            folder = above
            text += f"{above}/\n"
        text += f"{name} {content.size:x} {content.crc32:08x}\n"
    return f"{text}crc {zlib.crc32(text.encode()):08x}".encode()


def parse(data: bytes | None) -> Written | None:
    """Return the files in the content of a manifest, or None if it is missing, damaged or not one."""
    if data is None or not _WHOLE.fullmatch(data):
        return None
    text, _, crc = data.rpartition(b"crc ")
    if int(crc, 16) != zlib.crc32(text):
        return None
    written = frozenset(_files(text.decode().splitlines()[1:]))
    # Spikelet writes no other paths, so this is another program's file.
    return written if all(paths.is_spikelets(path) for path, _ in written) else None


def is_beginning(data: bytes) -> bool:
    """Return whether this is the content of a manifest whose writing was cut."""
    return FIRST_LINE.startswith(data) or _TORN.fullmatch(data) is not None


def temporaries(sizes: Iterable[tuple[str, int]], written: Written) -> list[str]:
    """Return the paths of (path, bytes) that are temporary files of the manifest."""
    names = {f"{path}{suffix(path, content)}": content.size for path, content in written}
    return [path for path, size in sizes if 0 <= size <= names.get(path, -1)]


def _files(lines: Iterable[str]) -> Iterator[tuple[str, Fingerprint]]:
    folder = ""
    for line in lines:
        if line.endswith("/"):
            folder = line.removeprefix("/")
        else:
            name, size, crc = line.split(" ")
            yield folder + name, Fingerprint(int(size, 16), int(crc, 16))
