"""Read, write, fingerprint and list the files of a board.

The host sends the part before the functions, and the functions that it calls.
"""

import sys

# MicroPython searches the file system for these modules at each import, which is slow.
_places = sys.path[:]
try:
    if sys.implementation.name == "micropython":
        sys.path[:] = []
    import os

    try:
        from binascii import crc32 as _crc32
    # Builds for little flash lack it.
    except ImportError:

        def _crc32(data, crc=0):  # type: ignore[misc]
            crc ^= 0xFFFFFFFF
            for byte in data:
                crc ^= byte
                for _ in range(8):
                    crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
            return crc ^ 0xFFFFFFFF
finally:
    sys.path[:] = _places


# Beginnings of the paths, each with a slash behind it, that may be written and removed here.
_roots = ("spikelet/", "main.py/", "main.py.", "code.py/", "code.py.")


def _own(path):
    """Return the path; raise ValueError if it leads out of the board's folders or of `_roots`."""
    if (
        [part for part in path.split("/") if part in ("", ".", "..")]
        or "\\" in path
        or path[1:2] == ":"
        or [letter for letter in path if not " " <= letter != "\x7f"]
        or not [root for root in _roots if (path + "/").startswith(root)]
    ):
        raise ValueError("not a path of Spikelet: " + repr(path))
    return path


def _fingerprint(path):
    """Return (bytes, CRC-32) of a file, or None if it cannot be read.

    Every interpreter can compute a CRC-32; hashlib is missing on many boards and differs on the others.
    """
    part = bytearray(1024)
    view = memoryview(part)
    size = crc = 0
    try:
        with open(path, "rb") as file:
            count = file.readinto(part)
            while count:
                size += count
                crc = _crc32(view[:count], crc)
                count = file.readinto(part)
    except OSError:
        return None
    return size, crc


def _read(path, start, size):
    """Return `size` bytes of a file from `start` on, or None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            file.seek(start)
            return file.read(size)
    except OSError:
        return None


def _write(path, mode, data):
    """Write data to a file, with the mode "wb" or "ab"."""
    with open(_own(path), mode) as file:
        file.write(data)


def _replace(old, new):
    """Rename a file over another; FAT cannot, so there remove the other one first."""
    os.stat(_own(old))
    try:
        os.rename(old, _own(new))
    except OSError:
        os.remove(new)
        os.rename(old, new)
    if hasattr(os, "sync"):
        os.sync()


def _make(folder):
    """Make a folder unless it exists."""
    try:
        os.mkdir(_own(folder))
    except OSError as error:
        try:
            os.stat(folder)
        except OSError:
            raise error


def _remove(path):
    """Remove a file or an empty folder if it exists."""
    try:
        folder = os.stat(_own(path))[0] & 0x4000
    except OSError:
        return
    (os.rmdir if folder else os.remove)(path)


def _list(folder, deep=True):
    """Print (path, bytes) of all entries of a folder; a folder has -1 and follows its content.

    Parameters
    ----------
    folder : str, empty for the root
    deep : bool, whether to list the folders in it
    """
    base = folder + "/" if folder else ""
    try:
        if hasattr(os, "ilistdir"):
            items = list(os.ilistdir(folder or os.getcwd()))
        else:
            items = [(name, 0) for name in os.listdir(folder or os.getcwd())]
    except OSError:
        return
    for entry in items:
        path, kind, size = base + entry[0], entry[1], entry[-1]
        if len(entry) < 4:
            kind, size = os.stat(path)[0], os.stat(path)[6]
        if kind & 0x4000 and deep:
            _list(path)
        print(repr((path, -1 if kind & 0x4000 else size)))
