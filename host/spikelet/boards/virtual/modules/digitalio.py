"""Replace CircuitPython's `digitalio`: inputs, with levels from `wiring`."""

import pins_in_use
from microcontroller import Pin
from wiring import wired


class Pull:
    """Direction of a pull resistor."""

    UP: "Pull"
    DOWN: "Pull"


Pull.UP, Pull.DOWN = Pull(), Pull()


class DigitalInOut:
    """A digital input on a pin."""

    def __init__(self, pin: Pin) -> None:
        pins_in_use.take(pin)
        self._pin: Pin | None = pin
        self._pull: Pull | None = None

    def deinit(self) -> None:
        """Release the pin."""
        if self._pin is not None:
            pins_in_use.give_back(self._pin)
        self._pin = None

    def switch_to_input(self, pull: Pull | None = None) -> None:
        """Read the pin, with a resistor to one of the levels."""
        if self._pin is None:
            raise ValueError(pins_in_use.GONE)
        self._pull = pull

    @property
    def value(self) -> bool:
        """The level at the pin; the resistor's if nothing is wired to it."""
        if self._pin is None:
            raise ValueError(pins_in_use.GONE)
        return wired.level(pins_in_use.name(self._pin), self._pull is Pull.UP)
