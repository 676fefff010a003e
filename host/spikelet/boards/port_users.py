"""Finds other programs that have a serial port open, which may read the answers of its board."""

from __future__ import annotations

import os
from pathlib import Path

from spikelet.printable import printable

SUSPICION = "another program may be reading from this port: close terminals and editors that use it"


def sentence(name: str, device: str) -> str:
    """Return a sentence about other programs that have a device open; empty if none is known.

    Parameters
    ----------
    name : str
        Name of the board.
    device : str
    """
    programs = _others(device)
    if not programs:
        return ""
    return (
        f"{name} answers only in part, because another program has this port open and reads from it: "
        f"{', '.join(programs)}; close it and try again"
    )


def _others(device: str) -> list[str]:
    """Return name and number of each other process with the device open; empty if unknown."""
    own, target = os.getpid(), os.path.realpath(device)
    programs = []
    # Only Linux lists the files of processes, and only those of the same user.
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == own:
            continue
        try:
            opened = {os.readlink(entry) for entry in (process / "fd").iterdir()}
            if target in opened:
                program = (process / "comm").read_text().strip()
                programs.append(f"{printable(program)} (process {process.name})")
        except OSError:
            continue
    return programs
