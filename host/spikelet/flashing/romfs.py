"""Builds ROMFS images, which a board reads and executes in place."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from mpremote.romfs import VfsRomWriter

from spikelet.errors import UsageError


def romfs_image(new: Mapping[str, bytes]) -> bytes:
    """Return a ROMFS image in which the .lif starts at a multiple of 4.

    The format does not align files. Empty files with names of the right length, before and after the
    others, shift them.
    Source: MicroPython's docs/reference/romfs.rst, the format that `mpremote romfs` deploys.

    Parameters
    ----------
    new : mapping of str to bytes
        {path: bytes} of the files.

    Raises
    ------
    SpikeletError
        If several networks cannot all be aligned.
    """
    networks = [data for path, data in new.items() if path.endswith(".lif")]
    for before, behind in itertools.product(range(6), range(3)):
        image = _romfs(new, "<" * before, ">" * behind)
        if all(image.index(data) % 4 == 0 for data in networks):
            return image
    raise UsageError(f"{len(networks)} networks cannot all be aligned; flash one")


def _romfs(new: Mapping[str, bytes], before: str, behind: str) -> bytes:
    writer = VfsRomWriter()
    if before:
        writer.mkfile(before, b"")
    opened: list[str] = []
    for path, data in sorted(new.items()):
        *folders, name = path.split("/")
        while opened != folders[: len(opened)]:
            opened.pop()
            writer.closedir()
        for folder in folders[len(opened) :]:
            opened.append(folder)
            writer.opendir(folder)
        writer.mkfile(name, data)
    for _ in opened:
        writer.closedir()
    if behind:
        writer.mkfile(behind, b"")
    return bytes(writer.finalise())
