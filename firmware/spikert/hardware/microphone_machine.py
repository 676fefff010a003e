"""Record microphones on MicroPython."""

from array import array

from machine import I2S as Controller  # type: ignore[import-not-found]

from spikert.hardware.pins_machine import find
from spikert.sensors import whole

# Hertz.
RATE = 16000
# Bits of a sample on the wire; record keeps the upper 16.
BITS = 32
LEAST_BUFFER = (
    # Bytes, 32 ms. Some chips (RP2040) fill it 256 bytes at a time, and wait for ever if it is smaller.
    2048
)


class I2S:
    """An I2S microphone; see the package's docstring."""

    def __init__(self, settings, samples):
        pins = {}
        for name in ("sck", "ws", "sd"):
            if name not in settings:
                raise ValueError("i2s needs the pins sck, ws and sd; there is no %s" % name)
            pins[name] = find(settings[name])
        # The lower half of each sample, then the upper one.
        self.samples = array("h", bytes(4 * samples))
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
        """Release the pins."""
        self.microphone.deinit()
