"""CircuitPython's module `touchio`: pads that `wiring` feeds."""

import digitalio
import pins_in_use
from microcontroller import Pin
from wiring import wired

MARGIN = 100  # above the first reading


class TouchIn:
    """A pad on a pin."""

    def __init__(self, pin: Pin, pull: digitalio.Pull | None = None) -> None:
        pins_in_use.take(pin)
        self._pin: Pin | None = pin
        self.threshold = self.raw_value + MARGIN

    def deinit(self) -> None:
        """Give the pin back."""
        if self._pin is not None:
            pins_in_use.give_back(self._pin)
        self._pin = None

    @property
    def raw_value(self) -> int:
        """The next reading, 16 bits."""
        if self._pin is None:
            raise ValueError(pins_in_use.GONE)
        return wired.sample("touch", pins_in_use.name(self._pin)) & 0xFFFF

    @property
    def value(self) -> bool:
        """Whether it is touched."""
        return self.raw_value > self.threshold
