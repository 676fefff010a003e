"""Spikelet starts here. Edit this file and it is yours: `spikelet flash` keeps it then."""

import sys

# The files in use: a name and a path a line, then a CRC-32 of them.
ACTIVE = "spikelet/active"


def listed(path):
    """Return {name: path} of a list file, or None if the file is missing or torn."""
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
    """Return the CRC-32 of bytes, without a module that some boards lack."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def active():
    """Return {name: path} of the files in use, {} if none, and make their runtime importable.

    FAT cannot rename over a file, so a power cut can leave only the second name.
    """
    paths = listed(ACTIVE) or listed(ACTIVE + ".new") or {}
    for entry in list(sys.path):
        if entry.startswith("spikelet/") or entry == paths.get("runtime"):
            sys.path.remove(entry)
    if "runtime" in paths:
        sys.path.insert(0, paths["runtime"])
    return paths


def start():
    """Start the network in use."""
    paths = active()
    if "runtime" not in paths:
        print("Spikelet: no runtime was flashed; run spikelet flash")
        return
    from spikert.session import boot

    boot.start(paths)


if __name__ == "__main__":
    start()
