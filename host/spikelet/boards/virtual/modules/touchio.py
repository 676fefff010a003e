"""Replace CircuitPython's `touchio`: touch pads with readings from `wiring`."""

import digitalio
import pins_in_use
from microcontroller import Pin
from wiring import wired

# Distance of the threshold from the first reading.
MARGIN = 100


class TouchIn:
    """A touch pad on a pin."""

    def __init__(self, pin: Pin, pull: digitalio.Pull | None = None) -> None:
        pins_in_use.take(pin)
        self._pin: Pin | None = pin
        self.threshold = self.raw_value + MARGIN

    def deinit(self) -> None:
        """Release the pin."""
        if self._pin is not None:
            pins_in_use.give_back(self._pin)
        self._pin = None

    @property
    def raw_value(self) -> int:
        """The next reading in 16 bits."""
        if self._pin is None:
            raise ValueError(pins_in_use.GONE)
        return wired.sample("touch", pins_in_use.name(self._pin)) & 0xFFFF

    @property
    def value(self) -> bool:
        """Whether the next reading exceeds the threshold."""
        return self.raw_value > self.threshold
