"""Microphones, of MicroPython."""

from array import array

from machine import I2S as Controller  # type: ignore[import-not-found]

from spikert.hardware.pins_machine import find
from spikert.sensors import whole

RATE = 16000  # hertz
BITS = 32  # of a sample on the wire; the upper 16 are kept
LEAST_BUFFER = (
    2048  # bytes, 32 ms: some chips (RP2040) fill it by 256, and wait for ever if it is smaller
)


class I2S:
    """An I2S microphone; see the package's docstring."""

    def __init__(self, settings, samples):
        pins = {}
        for name in ("sck", "ws", "sd"):
            if name not in settings:
                raise ValueError("i2s needs the pins sck, ws and sd; there is no %s" % name)
            pins[name] = find(settings[name])
        self.samples = array("h", bytes(4 * samples))  # the lower half of each, then the upper one
        try:
            self.microphone = Controller(
                whole(settings, "id", 0, 0, 3),
                mode=Controller.RX,
                bits=BITS,
                format=Controller.MONO,
                rate=RATE,
                ibuf=max(8 * samples, LEAST_BUFFER),
                **pins,
            )
        except (ValueError, TypeError) as error:
            raise ValueError("no I2S on these pins: %s" % error)

    def record(self, block):
        """Fill array('h')."""
        samples = self.samples
        self.microphone.readinto(samples)
        for i in range(len(block)):
            block[i] = samples[2 * i + 1]

    def close(self):
        """Give the pins back."""
        self.microphone.deinit()
