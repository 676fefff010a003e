"""Give the reason that a port cannot be opened, and the names that are near to a wrong one."""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections.abc import Iterable

# Spellings of boards without hardware, beside those of QEMU.
WITHOUT_HARDWARE = ("virtual", "unix", "pico", "auto")
# Least likeness 0..1 of a name that is suggested.
NEAR = 0.6
# How pyserial and the system write the number of an error.
_NUMBERED = re.compile(r"\[(?:Errno|WinError) (\d+)\] ?([^\[\]]*)")


def reason(error: Exception) -> str:
    """Return the reason of an error of pyserial in words, without its number and the port's name."""
    numbered = _NUMBERED.findall(str(error))
    number = int(numbered[-1][0]) if numbered else getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "FileNotFound" in str(error):
        return "there is no such port"
    if number in (errno.ENOTTY, errno.EINVAL, errno.EISDIR) or isinstance(error, ValueError):
        return "it is no serial port"
    if number is None:
        return " ".join(str(error).split()) or "the system gave no reason"
    return os.strerror(number).lower()


def near(name: str, boards: Iterable[str], attached: Iterable[str] = ()) -> str:
    """Return the end of a sentence that names ports near to a wrong one.

    Parameters
    ----------
    name : str
        The wrong name.
    boards : iterable of str
        Names of the emulated boards of QEMU, such as qemu:m3.
    attached : iterable of str
        Devices of attached boards.
    """
    known = {each.lower(): each for each in (*WITHOUT_HARDWARE, *boards, *attached)}
    alike = difflib.get_close_matches(name.lower().strip(), known, n=3, cutoff=NEAR)
    if alike:
        return f"near to it: {', '.join(known[each] for each in alike)}"
    devices = ", ".join(attached) or "none"
    return f"attached boards: {devices}; without hardware: virtual; spikelet doctor shows all"
