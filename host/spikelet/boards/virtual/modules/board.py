"""Replace CircuitPython's `board` for a board with six analogue pins and one I2C bus."""

from typing import Any

import busio
import pins_in_use
from microcontroller import Pin

board_id = "spikelet_virtual"

A0, A1, A2, A3, A4, A5 = (pins_in_use.make(f"A{number}") for number in range(6))
D0, D1, D2, D3 = (pins_in_use.make(f"D{number}") for number in range(4))
SCL, SDA = pins_in_use.make("SCL"), pins_in_use.make("SDA")
MICROPHONE_CLOCK, MICROPHONE_DATA = (
    pins_in_use.make("MICROPHONE_CLOCK"),
    pins_in_use.make("MICROPHONE_DATA"),
)
# The names of the pins, which differ between boards.
PINS = frozenset(name for name, value in list(vars().items()) if isinstance(value, Pin))

_i2c: Any = None


def I2C() -> busio.I2C:
    """Return the bus on SCL and SDA, the same object until its `deinit`."""
    global _i2c  # noqa: PLW0603 - a board has one
    if _i2c is None or _i2c.deinited:
        _i2c = busio.I2C(SCL, SDA)
    return _i2c
