"""Analogue pins, of MicroPython."""

from machine import ADC  # type: ignore[import-not-found]

from spikert.hardware.pins_machine import find


class Input:
    """An analogue pin; see the package's docstring."""

    def __init__(self, pin):
        found = find(pin)
        try:
            self.read = ADC(found).read_u16  # bound once: a reading takes no memory
        except (ValueError, TypeError) as error:
            raise ValueError("pin %r measures no voltage: %s" % (pin, error))

    def close(self):
        """Nothing needs to be given back."""
