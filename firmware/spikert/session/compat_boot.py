"""What differs between the interpreters at power-up: the part of compat.py that nothing else needs."""

import os
import sys

from spikert.compat import console, const

KEPT_MARK = const(0x5B)  # says that the byte behind it is keep_number's


def ports():
    """Return the streams on which a host is served at power-up, to read from and to write to.

    CircuitPython has a second serial port where boot.py enabled it; else it is the console.
    """
    try:
        from usb_cdc import data
    except ImportError:
        data = None
    return (data, data) if data else console()


def exists(path):
    """Return whether there is a file."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def print_error(error):
    """Print the traceback of an exception."""
    if hasattr(sys, "print_exception"):
        sys.print_exception(error)
    else:
        import traceback

        # CircuitPython's stub requires a value too, which its own text calls optional.
        traceback.print_exception(error)  # type: ignore[call-arg]


def kept_number():
    """Return the number that keep_number was given last, 0 where there is none."""
    try:
        from microcontroller import nvm  # type: ignore[import-not-found]
    except ImportError:
        return 0
    return nvm[1] if nvm and nvm[0] == KEPT_MARK else 0


def keep_number(number):
    """Keep a number below 256 without a file, where the chip has memory for it."""
    try:
        from microcontroller import nvm
    except ImportError:
        return
    if nvm:
        nvm[0:2] = bytes((KEPT_MARK, number))
