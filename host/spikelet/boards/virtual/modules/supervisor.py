"""Replace the part of CircuitPython's `supervisor` that concerns the console and the start."""

from __future__ import annotations

import time

from console import Console

# CircuitPython counts milliseconds modulo this, from near its end, so that programs meet the wrap early.
TICKS = 1 << 29
BEFORE_WRAP = 65_536


class StatusBar:
    """The title bar, which the virtual board does not draw; a program cannot make one."""

    console = True
    display = True

    def __init__(self) -> None:
        raise TypeError("cannot create 'StatusBar' instances")


class RunReason:
    """The reason why the program runs."""

    STARTUP: object = "supervisor.RunReason.STARTUP"


class SafeModeReason:
    """The reason for safe mode."""

    NONE: object = "supervisor.SafeModeReason.NONE"


class Runtime:
    """The state of the console and of the start; a program cannot make one."""

    run_reason: object = RunReason.STARTUP
    safe_mode_reason: object = SafeModeReason.NONE
    # The virtual board does not watch its files.
    autoreload = False

    def __init__(self) -> None:
        raise TypeError("cannot create 'Runtime' instances")

    @property
    def usb_connected(self) -> bool:
        """Whether a host is connected."""
        return Console.connection is not None

    @property
    def serial_connected(self) -> bool:
        """Whether a host has opened the console."""
        return Console.connection is not None

    @property
    def serial_bytes_available(self) -> int:
        """The bytes that the console can read at once."""
        return Console.waiting()


runtime: Runtime = object.__new__(Runtime)
status_bar: StatusBar = object.__new__(StatusBar)
_started = time.monotonic_ns()


def ticks_ms() -> int:
    """Return milliseconds modulo 2**29; the first wrap comes after 65 s."""
    return (time.monotonic_ns() - _started) // 1_000_000 + TICKS - BEFORE_WRAP & TICKS - 1


def get_previous_traceback() -> str | None:
    """Return None: the virtual board runs no program at its start."""
    return None
