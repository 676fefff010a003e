"""Hide the differences between the interpreters at power-up.

Only boot needs this part of compat.py."""

import os
import sys

from spikert.compat import console, const, time

# Marks the byte behind it as one of keep_number.
KEPT_MARK = const(0x5B)


def ports():
    """Return the streams that serve a host at power-up, to read from and to write to.

    CircuitPython has a second serial port if boot.py enabled it; otherwise it is the console.
    """
    try:
        from usb_cdc import data
    except ImportError:
        data = None
    return (data, data) if data else console()


def tell_host(text):
    """Write a line to the second serial port if a host has it open.

    A host that does not read delays this for a second at most.
    """
    try:
        from usb_cdc import data
    except ImportError:
        return
    if data and data.connected:
        patience, data.write_timeout = data.write_timeout, 1
        data.write(("\0" + text + "\r\n\0").encode())
        data.write_timeout = patience


def exists(path):
    """Return whether a file exists."""
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


def ticks_ms():
    """Return the milliseconds since an arbitrary moment, for compat.ticks_diff."""
    return time.ticks_ms() if hasattr(time, "ticks_ms") else time.monotonic_ns() // 1_000_000


def crashed():
    """Return whether a watchdog reset the chip, or a program did.

    MicroPython's RP2040 reports both alike. A power cut and the reset button give another reason.
    """
    try:
        import machine  # type: ignore[import-not-found]

        return machine.reset_cause() == machine.WDT_RESET
    except (ImportError, AttributeError):
        pass
    try:
        from microcontroller import ResetReason, cpu

        return cpu.reset_reason == ResetReason.WATCHDOG
    except ImportError:
        return False


def kept_number():
    """Return the number that keep_number stored last, or 0."""
    try:
        from microcontroller import nvm  # type: ignore[import-not-found]
    except ImportError:
        return 0
    return nvm[1] if nvm and nvm[0] == KEPT_MARK else 0


def keep_number(number):
    """Store a number below 256 in the chip's own memory, if it has one, instead of a file."""
    try:
        from microcontroller import nvm
    except ImportError:
        return
    if nvm:
        nvm[0:2] = bytes((KEPT_MARK, number))
