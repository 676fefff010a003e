"""Read analogue pins on CircuitPython."""

from analogio import AnalogIn

from spikert.hardware.pins_circuit import find


class Input:
    """An analogue pin; see the package's docstring."""

    def __init__(self, pin):
        gpio = find(pin)
        try:
            self.pin = AnalogIn(gpio)
        # The pin is in use, or has no converter.
        except (ValueError, RuntimeError) as error:
            raise ValueError("pin %r measures no voltage: %s" % (pin, error))

    def read(self):
        """Return 0..65535."""
        return self.pin.value

    def close(self):
        """Release the pin."""
        self.pin.deinit()
