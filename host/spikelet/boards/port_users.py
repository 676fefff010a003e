"""Finds other programs that have a serial port open, which may read the answers of its board."""

from __future__ import annotations

import os
from pathlib import Path

SUSPICION = (
    "another program may be reading from this port: close terminals, editors and monitors that use it"
)


def suspicion(device: str) -> str:
    """Return a clause about the programs that have a device open; a general one if none is known."""
    names = _others(device)
    if not names:
        return SUSPICION
    return f"{' and '.join(names)} has this port open too: close that program"


def _others(device: str) -> list[str]:
    """Return name and number of each other process with the device open; empty if unknown."""
    own, target, found = os.getpid(), os.path.realpath(device), []
    # Only Linux lists the files of processes, and only those of the same user.
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == own:
            continue
        try:
            opened = {os.readlink(entry) for entry in (process / "fd").iterdir()}
            if target in opened:
                name = (process / "comm").read_text().strip()
                found.append(f"{name} (process {process.name})")
        except OSError:
            continue
    return found
