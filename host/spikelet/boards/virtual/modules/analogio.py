"""CircuitPython's module `analogio`, as far as the firmware asks: analogue pins that `wiring` feeds."""

import pins_in_use
from microcontroller import Pin
from wiring import wired


class AnalogIn:
    """A pin, one of A0 to A5, with a converter of 12 bits."""

    def __init__(self, pin: Pin) -> None:
        if not pins_in_use.name(pin).startswith("A"):
            raise ValueError("Invalid pin")
        pins_in_use.take(pin)
        self._pin: Pin | None = pin

    def deinit(self) -> None:
        """Give the pin back."""
        if self._pin is not None:
            pins_in_use.give_back(self._pin)
        self._pin = None

    @property
    def value(self) -> int:
        """The next reading, 16 bits, of which a converter of 12 bits repeats the upper ones."""
        if self._pin is None:
            raise ValueError(pins_in_use.GONE)
        value = wired.sample("analogue", pins_in_use.name(self._pin)) & 0xFFF
        return value << 4 | value >> 8

    @property
    def reference_voltage(self) -> float:
        """What the full scale is, in volts."""
        return 3.3
