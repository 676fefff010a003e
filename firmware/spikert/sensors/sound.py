"""Read the sound level of a microphone.

    samples    1..1024 sound samples of a reading, 64 by default: 4 ms at 16 kHz

pdm, of CircuitPython (audiobusio.PDMIn):
    clock      pin, board.MICROPHONE_CLOCK by default
    data       pin, board.MICROPHONE_DATA by default

i2s, of MicroPython (machine.I2S), microphones of 24 bits in 32, such as INMP441 or ICS-43434:
    sck, ws, sd    pins: bit clock, word select, data
    id             int, one of the chip's controllers, 0 by default

A reading is the mean distance of a block's samples, i16, from their mean: 0 in silence, about 20,860
for a sine of full scale. It waits for the block. If fewer samples are read than the microphone makes, an
I2S block is up to 32 ms old.
"""

from array import array

from spikert import compat
from spikert.compat import const
from spikert.sensors import Nonsense, whole

SETTINGS = ("samples", "clock", "data", "sck", "ws", "sd", "id")
OF_PDM = ("clock", "data")
# Samples of a block without the setting; the host imports it.
SAMPLES = const(64)
# Blocks in a row without a change; the noise of a working microphone always changes.
FLAT = 64


class Sensor:
    """A microphone's level; see the package's docstring."""

    channels = 1
    names = ("level",)

    def __init__(self, settings):
        kind = settings["sensor"]
        for key in settings:
            if key in SETTINGS[1:] and (key in OF_PDM) != (kind == "pdm"):
                raise ValueError("%s knows no setting %r" % (kind, key))
        self.block = array("h", bytes(2 * whole(settings, "samples", SAMPLES, 1, 1024)))
        microphone = compat.hardware("microphone")
        if not hasattr(microphone, kind.upper()):
            raise ValueError("%s has no %s" % (compat.runtime_name(), kind))
        self.microphone = getattr(microphone, kind.upper())(settings, len(self.block))
        self.flat = 0

    def read(self, buffer):
        """Write the level of the next block into array('h')[1].

        Raises
        ------
        Nonsense
            If all samples were equal in FLAT blocks in a row, as of a line that no chip drives.
        """
        block = self.block
        self.microphone.record(block)
        total = 0
        for sample in block:
            total += sample
        mean = total // len(block)
        total = changes = 0
        for sample in block:
            total += abs(sample - mean)
            changes |= sample ^ block[0]
        buffer[0] = min(total // len(block), 32767)
        self.flat = 0 if changes else self.flat + 1
        if self.flat >= FLAT:
            raise Nonsense("%d blocks of sound in a row without a change" % self.flat)

    def close(self):
        """Release the pins."""
        self.microphone.close()
