"""Read voltages: light, sound level, potentiometers, or any other analogue part.

    pins    list of 1..16 pins, as the interpreter spells them, such as ["GP26", "GP27"]

A reading is 0..4095, of the converter's full scale (its reference voltage, 3.3 V on most boards): the
upper 12 bits of the 16 that both interpreters scale every converter to. A reading does not show whether
a pin is wired.
Source: MicroPython's class ADC, read_u16; CircuitPython's class AnalogIn, value.
"""

from spikert import compat

SETTINGS = ("pins",)


class Sensor:
    """Analogue pins, a channel each; see the package's docstring."""

    def __init__(self, settings):
        pins = settings.get("pins")
        if not isinstance(pins, (list, tuple)) or not 1 <= len(pins) <= 16:
            raise ValueError('pins is %r; it must be a list such as ["A0"], of 1 to 16' % (pins,))
        self.channels = len(pins)
        self.names = tuple(map(str, pins))
        self.inputs = []
        analogue = compat.hardware("analogue")
        try:
            for pin in pins:
                self.inputs.append(analogue.Input(pin))
        except BaseException:
            self.close()
            raise

    def read(self, buffer):
        """Write a reading of each pin, 0..4095, into array('h')[channels]."""
        i = 0
        for pin in self.inputs:
            # The upper 12 of 16 bits.
            buffer[i] = pin.read() >> 4
            i += 1

    def close(self):
        """Release the pins."""
        while self.inputs:
            self.inputs.pop().close()
