"""Hide the differences between the interpreters.

No other module tests which one is running.

Attributes
----------
const : function for compile-time constants, if the interpreter has them
np, ULAB : ulab's numpy and its version, or None and ""
addressof : function that returns the address of a buffer, or None
ticks_us, ticks_diff, sleep_ms : time; ticks_us counts modulo a power of two
CLOCK : bool, whether the interpreter has a clock
"""

import gc
import sys

try:
    import time
# Emulated boards have no clock.
except ImportError:
    time = None  # type: ignore[assignment]
CLOCK = time is not None

try:
    from micropython import const
# CPython on the host.
except ImportError:

    def const(value):  # type: ignore[misc]
        """Return `value`; on a board the compiler inlines it."""
        return value


try:
    import ulab
    from ulab import numpy as np

    ULAB = ulab.__version__  # type: ignore[attr-defined]
except ImportError:
    np, ULAB = None, ""  # type: ignore[assignment]

try:
    from uctypes import addressof  # type: ignore[import-not-found]
except ImportError:
    addressof = None

try:
    from machine import lightsleep  # type: ignore[import-not-found]
except ImportError:
    lightsleep = None

try:
    from time import ticks_diff, ticks_us  # type: ignore[attr-defined]
except ImportError:

    def ticks_us():
        """Return the microseconds since an arbitrary moment."""
        return time.monotonic_ns() // 1000

    def ticks_diff(later, earlier):
        """Return the microseconds from `earlier` to `later`, two values of ticks_us."""
        return later - earlier


def sleep_ms(ms, unheard=False):
    """Sleep.

    Parameters
    ----------
    ms : int, milliseconds
    unheard : bool
        Whether no host listens. Then the board may stop its clocks, and USB with them. On some chips
        (RP2040) USB does not come back by itself.
    """
    if unheard and lightsleep is not None:
        lightsleep(ms)
    elif hasattr(time, "sleep_ms"):
        time.sleep_ms(ms)
    else:
        time.sleep(ms / 1000)


def mapped(file):
    """Return a view on an open file in memory if it is mapped and 4-byte aligned, else None.

    MicroPython's read-only file system (ROMFS) maps its files; others do not.
    """
    try:
        view = memoryview(file)
    except TypeError:
        return None
    return None if addressof is None or addressof(view) & 3 else view


def _clear_stack(depth, *values):
    """Overwrite the part of the stack that earlier calls used.

    A conservative collection keeps each object whose address is still there. CircuitPython has a stack
    of its own for frames, of 2 KiB, which this would exhaust.
    """
    if depth:
        _clear_stack(depth - 1, 0, 0, 0, *values)


def memory_free():
    """Return the free bytes of heap after a collection; 0 if the interpreter cannot report them."""
    if sys.implementation.name == "micropython":
        _clear_stack(12)
    gc.collect()
    return gc.mem_free() if hasattr(gc, "mem_free") else 0


def runtime_name():
    """Return the interpreter and its version, such as `micropython 1.25.0`."""
    implementation = sys.implementation
    version = ".".join([str(part) for part in implementation.version[:3]])
    return "%s %s" % (implementation.name, version)


def machine_name():
    """Return the interpreter's name for its board, such as `mps2 with cortex-m3`."""
    return getattr(sys.implementation, "_machine", sys.platform)


def pending(stream):
    """Return a function that reports whether the stream has input, or None if it cannot be checked."""
    # CircuitPython's serial ports.
    if hasattr(stream, "in_waiting"):
        return lambda: stream.in_waiting > 0
    try:
        from select import POLLIN, poll

        waiting = poll()
        waiting.register(stream, POLLIN)
    except (ImportError, TypeError, OSError):
        return None
    return lambda: bool(waiting.poll(0))


def hardware(name):
    """Return the module of spikert.hardware for this kind of pins and buses, such as "i2c".

    Raises
    ------
    ValueError
        If the interpreter has none.
    """
    kind = "machine" if sys.implementation.name == "micropython" else "circuit"
    path = "spikert.hardware.%s_%s" % (name, kind)
    try:
        __import__(path)
    except ImportError as error:
        raise ValueError("%s has no %s: %s" % (machine_name(), name, error))
    return sys.modules[path]


def title_bar(shown):
    """Show or hide CircuitPython's title bar on the console; return whether it was shown.

    It would come between frames and lines.
    """
    try:
        from supervisor import status_bar
    except ImportError:
        return False
    before = status_bar.console
    status_bar.console = shown
    return before


def console():
    """Return the stream that the host writes to and the stream that it reads from.

    Both are the console of the raw REPL; bytes pass through them unchanged.
    """
    try:
        import usb_cdc
    except ImportError:
        return sys.stdin.buffer, sys.stdout.buffer
    return usb_cdc.console, usb_cdc.console
