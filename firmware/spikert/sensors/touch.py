"""Read touch pads on pins.

    pins     list of 1..16 pins, as the interpreter spells them
    shift    0..15: readings are shifted right by it, 0 by default

A reading is the measurement of the board's hardware, 0..32767; larger ones are 32767. It has no unit,
and differs from chip to chip. On CircuitPython it grows at a touch, on an ESP32 with MicroPython it
falls. On an ESP32-S2 or -S3 it is so large that it needs a shift of 4. Other chips with MicroPython
measure how long a pin stays high while a resistor of 1 megohm, from the pin to ground, discharges it.
Source: CircuitPython's class TouchIn, raw_value; MicroPython's class TouchPad, read.
"""

from spikert import compat
from spikert.sensors import whole

SETTINGS = ("pins", "shift")
LARGEST = 32767


class Sensor:
    """Touch pads, a channel each; see the package's docstring."""

    def __init__(self, settings):
        pins = settings.get("pins")
        if not isinstance(pins, (list, tuple)) or not 1 <= len(pins) <= 16:
            raise ValueError('pins is %r; it must be a list such as ["A0"], of 1 to 16' % (pins,))
        self.shift = whole(settings, "shift", 0, 0, 15)
        self.channels = len(pins)
        self.names = tuple([str(pin) for pin in pins])
        self.pads = []
        touch = compat.hardware("touch")
        try:
            for pin in pins:
                self.pads.append(touch.Pad(pin))
        except BaseException:
            self.close()
            raise

    def read(self, buffer):
        """Write a reading of each pad into array('h')[channels]."""
        i = 0
        for pad in self.pads:
            buffer[i] = min(pad.read() >> self.shift, LARGEST)
            i += 1

    def close(self):
        """Release the pins."""
        while self.pads:
            self.pads.pop().close()
