"""What differs between the interpreters; no other module asks which one is running.

const        compile-time constants, where the interpreter has them
np, ULAB     ulab's numpy and its version, or None and ""
viper, addressof   the native emitter's decorator and the address of a buffer, or None
ticks_us, ticks_diff, sleep_ms    time, which the first counts modulo some power of two
CLOCK        whether there is any
hardware     the modules that reach pins and buses
pending      what tells that a stream has something to read
console      the bytes that come from the host and go to it
"""

import gc
import sys

try:
    import time
except ImportError:  # emulated boards have no clock
    time = None  # type: ignore[assignment]
CLOCK = time is not None

try:
    from micropython import const
except ImportError:  # the host, outside a board

    def const(value):  # type: ignore[misc]
        """Return `value`; on a board its name costs nothing."""
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
        """Return the microseconds since some moment."""
        return time.monotonic_ns() // 1000

    def ticks_diff(later, earlier):
        """Return the microseconds from one of ticks_us to another."""
        return later - earlier


def sleep_ms(ms, unheard=False):
    """Do nothing for so many milliseconds.

    unheard    bool, whether no host listens: then the board may stop its clocks, and with them USB,
               which on some chips (RP2040) does not come back by itself
    """
    if unheard and lightsleep is not None:
        lightsleep(ms)
    elif hasattr(time, "sleep_ms"):
        time.sleep_ms(ms)
    else:
        time.sleep(ms / 1000)


def mapped(file):
    """Return a view on an open file's bytes where they lie in memory, 4-byte aligned, else None.

    MicroPython's read-only file system (ROMFS) maps its files; others do not.
    """
    try:
        view = memoryview(file)
    except TypeError:
        return None
    return None if addressof is None or addressof(view) & 3 else view


def memory_free():
    """Return the bytes of heap that are free after a collection; 0 where nothing tells."""
    gc.collect()
    return gc.mem_free() if hasattr(gc, "mem_free") else 0


def runtime_name():
    """Return the interpreter and its version, such as `micropython 1.25.0`."""
    implementation = sys.implementation
    version = ".".join([str(part) for part in implementation.version[:3]])
    return "%s %s" % (implementation.name, version)


def machine_name():
    """Return what the interpreter calls its board, such as `mps2 with cortex-m3`."""
    return getattr(sys.implementation, "_machine", sys.platform)


def pending(stream):
    """Return a function that says whether there is something to read, None where nothing tells."""
    if hasattr(stream, "in_waiting"):  # CircuitPython's serial ports
        return lambda: stream.in_waiting > 0
    try:
        from select import POLLIN, poll

        waiting = poll()
        waiting.register(stream, POLLIN)
    except (ImportError, TypeError, OSError):
        return None
    return lambda: bool(waiting.poll(0))


def hardware(name):
    """Return the module of spikert.hardware for pins and buses of this kind, such as "i2c".

    Raises ValueError where the interpreter has none.
    """
    kind = "machine" if sys.implementation.name == "micropython" else "circuit"
    path = "spikert.hardware.%s_%s" % (name, kind)
    try:
        __import__(path)
    except ImportError as error:
        raise ValueError("%s has no %s: %s" % (machine_name(), name, error))
    return sys.modules[path]


def console():
    """Return the stream that reads what the host sends and the one that writes to it.

    Both are the console, where the host's raw REPL is too; bytes pass through them unchanged.
    """
    try:
        import usb_cdc
    except ImportError:
        return sys.stdin.buffer, sys.stdout.buffer
    return usb_cdc.console, usb_cdc.console
