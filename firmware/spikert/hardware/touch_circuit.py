"""Read touch pads on CircuitPython."""

from touchio import TouchIn

from spikert.hardware.pins_circuit import find


class Pad:
    """A touch pad; see the package's docstring."""

    def __init__(self, pin):
        gpio = find(pin)
        try:
            self.pad = TouchIn(gpio)
        # The pin is in use, or has no pull-down resistor.
        except (ValueError, RuntimeError) as error:
            raise ValueError("pin %r feels no touch: %s" % (pin, error))

    def read(self):
        """Return the raw measurement, larger at a touch."""
        return self.pad.raw_value

    def close(self):
        """Release the pin."""
        self.pad.deinit()
