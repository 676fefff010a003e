"""Spikelet starts here. `spikelet flash` replaces this file, unless it begins otherwise."""

import sys

ACTIVE = "spikelet/active"  # what is in use: a name and a path a line, and last the CRC-32 of these


def listed(path):
    """Return {name: path} as a list says it, or None where it is missing or torn."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        text, crc = data.decode().split("crc ")
        if int(crc, 16) != crc32(text.encode()):
            return None
    except (OSError, ValueError):
        return None
    return dict([line.split(" ", 1) for line in text.split("\n") if line])


def crc32(data):
    """Return the CRC-32 of some bytes, also where no module has it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def active():
    """Return {name: path} of what is in use, and have its runtime imported; {} where nothing is.

    The second name is for file systems that cannot rename over a file (FAT), and a cut between.
    """
    paths = listed(ACTIVE) or listed(ACTIVE + ".new") or {}
    for entry in list(sys.path):
        if entry.startswith("spikelet/") or entry == paths.get("runtime"):
            sys.path.remove(entry)
    if "runtime" in paths:
        sys.path.insert(0, paths["runtime"])
    return paths


def start():
    """Start what is in use."""
    paths = active()
    if "runtime" not in paths:
        print("Spikelet: nothing was flashed; run spikelet flash")
        return
    from spikert.session import boot

    boot.start(paths)


if __name__ == "__main__":
    start()
