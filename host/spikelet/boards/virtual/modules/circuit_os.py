"""Replace CircuitPython's `os`: the board's drive, with the errors of FAT."""

import errno
import os
import shutil

from drive import FILE, FOLDER, Drive, check_writable, fat_errors, place

BLOCK = 512
LONGEST_NAME = 255

sep = "/"
urandom = os.urandom
if hasattr(os, "uname"):
    uname = os.uname


def getcwd() -> str:
    """Return the current folder."""
    return "/" + Drive.current


def chdir(path: str) -> None:
    """Set the current folder; the process stays in the root, where the stand-ins have their files."""
    found = place(path)
    if not os.path.isdir(found):
        raise OSError(errno.ENOENT, "No such file/directory", path)
    Drive.current = "" if found == "." else found


def listdir(dir: str = "") -> list[str]:
    """Return the names in a folder."""
    path = place(dir)
    if not os.path.isdir(path):
        raise OSError(errno.ENOENT, "No such file/directory", dir)
    return sorted(os.listdir(path))


def mkdir(path: str) -> None:
    """Make a folder."""
    check_writable()
    if place(path) == ".":
        raise OSError(errno.EINVAL, "Invalid argument", path)
    os.mkdir(place(path))


def remove(path: str) -> None:
    """Remove a file; EISDIR for a folder."""
    check_writable()
    found = place(path)
    if os.path.isdir(found):
        raise OSError(errno.EISDIR, "Is a directory", path)
    os.remove(found)


unlink = remove


def rmdir(path: str) -> None:
    """Remove an empty folder; EACCES for a full one, ENOTDIR for a file."""
    check_writable()
    found = place(path)
    if found == ".":
        raise OSError(errno.EINVAL, "Invalid argument", path)
    if os.path.isfile(found):
        raise OSError(errno.ENOTDIR, "Not a directory", path)
    with fat_errors():
        os.rmdir(found)


def rename(old_path: str, new_path: str) -> None:
    """Rename; a file with the new name is replaced, a folder is EISDIR."""
    check_writable()
    old, new = place(old_path), place(new_path)
    if not os.path.exists(old):
        raise OSError(errno.ENOENT, "No such file/directory", old_path)
    if old == new:
        return
    if os.path.isdir(new):
        raise OSError(errno.EISDIR, "Is a directory", new_path)
    if os.path.isdir(old) and os.path.isfile(new):
        os.remove(new)
    os.replace(old, new)


def stat(path: str) -> tuple[int, ...]:
    """Return a plain tuple of 10 numbers: kind, 5 zeros, size, 3 times."""
    found = os.stat(place(path))
    if os.path.isdir(place(path)):
        return (FOLDER, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    times = (int(found.st_atime), int(found.st_mtime), int(found.st_ctime))
    return (FILE, 0, 0, 0, 0, 0, found.st_size, *times)


def statvfs(path: str) -> tuple[int, ...]:
    """Return a plain tuple of 10 numbers, with the computer's free space in blocks of 512 bytes."""
    usage = shutil.disk_usage(place(path))
    total, free = usage.total // BLOCK, usage.free // BLOCK
    return (BLOCK, BLOCK, total, free, free, 0, 0, 0, 0, LONGEST_NAME)


def sync() -> None:
    """Do nothing: the computer stores a closed file."""


def utime(path: str, times: tuple[int, int] | None = None) -> None:
    """Set the times of a file."""
    check_writable()
    os.utime(place(path), times)
