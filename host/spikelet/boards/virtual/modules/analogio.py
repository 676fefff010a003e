"""Replace the part of CircuitPython's `analogio` that the firmware uses.

Analogue pins take their readings from `wiring`.
"""

import pins_in_use
from microcontroller import Pin
from wiring import wired


class AnalogIn:
    """One of the pins A0 to A5 with a 12-bit converter."""

    def __init__(self, pin: Pin) -> None:
        if not pins_in_use.name(pin).startswith("A"):
            raise ValueError("Invalid pin")
        pins_in_use.take(pin)
        self._pin: Pin | None = pin

    def deinit(self) -> None:
        """Release the pin."""
        if self._pin is not None:
            pins_in_use.give_back(self._pin)
        self._pin = None

    @property
    def value(self) -> int:
        """The next reading in 16 bits; a 12-bit converter repeats the upper bits below."""
        if self._pin is None:
            raise ValueError(pins_in_use.GONE)
        value = wired.sample("analogue", pins_in_use.name(self._pin)) & 0xFFF
        return value << 4 | value >> 8

    @property
    def reference_voltage(self) -> float:
        """The full scale in volts."""
        return 3.3
