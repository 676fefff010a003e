"""Read analogue pins on MicroPython."""

from machine import ADC  # type: ignore[import-not-found]

from spikert.hardware.pins_machine import find


class Input:
    """An analogue pin; see the package's docstring."""

    def __init__(self, pin):
        gpio = find(pin)
        try:
            # Bound once, so that a reading allocates no memory.
            self.read = ADC(gpio).read_u16
        except (ValueError, TypeError) as error:
            raise ValueError("pin %r measures no voltage: %s" % (pin, error))

    def close(self):
        """No resource to release."""
