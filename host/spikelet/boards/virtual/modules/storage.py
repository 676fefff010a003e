"""Replace the part of CircuitPython's `storage` that makes the drive read-only or writable."""

from __future__ import annotations

import errno

from drive import Drive


class VfsFat:
    """The file system of the drive."""

    label = "CIRCUITPY"

    @property
    def readonly(self) -> bool:
        """Whether code on the board cannot write."""
        return Drive.readonly


def getmount(mount_path: str) -> VfsFat:
    """Return the file system at "/"."""
    _check(mount_path)
    return VfsFat()


def remount(
    mount_path: str, readonly: bool = False, *, disable_concurrent_write_protection: bool = False
) -> None:
    """Make the drive read-only or writable until the board's next start."""
    _check(mount_path)
    Drive.readonly = readonly


def _check(mount_path: str) -> None:
    if mount_path != "/":
        raise OSError(errno.EINVAL, "Invalid argument")
