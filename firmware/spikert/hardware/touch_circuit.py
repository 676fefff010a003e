"""Touch pads, of CircuitPython."""

from touchio import TouchIn

from spikert.hardware.pins_circuit import find


class Pad:
    """A touch pad; see the package's docstring."""

    def __init__(self, pin):
        found = find(pin)
        try:
            self.pad = TouchIn(found)
        except (ValueError, RuntimeError) as error:  # in use; no pull-down resistor
            raise ValueError("pin %r feels no touch: %s" % (pin, error))

    def read(self):
        """Return what is measured; more when touched."""
        return self.pad.raw_value

    def close(self):
        """Give the pin back."""
        self.pad.deinit()
