"""Analogue pins, of CircuitPython."""

from analogio import AnalogIn

from spikert.hardware.pins_circuit import find


class Input:
    """An analogue pin; see the package's docstring."""

    def __init__(self, pin):
        found = find(pin)
        try:
            self.pin = AnalogIn(found)
        except (ValueError, RuntimeError) as error:  # in use; no converter on it
            raise ValueError("pin %r measures no voltage: %s" % (pin, error))

    def read(self):
        """Return 0..65535."""
        return self.pin.value

    def close(self):
        """Give the pin back."""
        self.pin.deinit()
