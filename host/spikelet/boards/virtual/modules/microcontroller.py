"""Replace the part of CircuitPython's `microcontroller` that the firmware uses."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any, NoReturn

from kept import Kept
from nvm import memory  # type: ignore[attr-defined]

UID_SIZE = 8


class Pin:
    """A pin of the virtual board; a program cannot make one."""

    _name: str

    def __init__(self) -> None:
        raise TypeError("cannot create 'Pin' instances")

    def __repr__(self) -> str:
        return f"board.{self._name}"


class ResetReason:
    """The reason why the chip started."""

    POWER_ON: object
    BROWNOUT: object
    SOFTWARE: object
    DEEP_SLEEP_ALARM: object
    RESET_PIN: object
    WATCHDOG: object
    UNKNOWN: object
    RESCUE_DEBUG: object

    _name = ""

    def __repr__(self) -> str:
        return f"microcontroller.ResetReason.{self._name}"


for _name in ResetReason.__annotations__:
    _reason = ResetReason()
    _reason._name = _name
    setattr(ResetReason, _name, _reason)


class Processor:
    """The chip; a program cannot make one."""

    def __init__(self) -> None:
        raise TypeError("cannot create 'Processor' instances")

    @property
    def reset_reason(self) -> object:
        """The reason of this start: power, unless the program called `reset`."""
        return getattr(ResetReason, Kept.reason, ResetReason.UNKNOWN)

    @property
    def uid(self) -> bytearray:
        """The chip's identity, made from the board's folder."""
        return bytearray(hashlib.sha256(os.getcwd().encode()).digest()[:UID_SIZE])


cpu: Processor = object.__new__(Processor)
nvm: Any = memory


def delay_us(delay: int) -> None:
    """Wait for microseconds."""
    time.sleep(delay / 1_000_000)


def reset() -> NoReturn:
    """Reset the chip: the process ends, and the next connection starts it again."""
    Kept.reset("SOFTWARE")
    os._exit(0)
