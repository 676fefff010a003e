"""Sound: how loud a microphone is.

    samples    1..1024 sound samples that a reading is made of, 64 if not given: 4 ms at 16 kHz

pdm, of CircuitPython (audiobusio.PDMIn):
    clock      pin, board.MICROPHONE_CLOCK if not given
    data       pin, board.MICROPHONE_DATA if not given

i2s, of MicroPython (machine.I2S), microphones of 24 bits in 32, such as INMP441 or ICS-43434:
    sck, ws, sd    pins: bit clock, word select, data
    id             int, which of the chip's controllers, 0 if not given

A reading is the mean distance of a block's samples, i16, from their mean: 0 in silence, about 20,860
for a sine of full scale. It waits for the block. Where fewer samples are read than there are, an I2S
block is up to 32 ms old.
"""

from array import array

from spikert import compat
from spikert.sensors import Nonsense, whole

SETTINGS = ("samples", "clock", "data", "sck", "ws", "sd", "id")
OF_PDM = ("clock", "data")
FLAT = 64  # blocks in a row without a change; a microphone that works is never so still


class Sensor:
    """A microphone's level; see the package's docstring."""

    channels = 1
    names = ("level",)

    def __init__(self, settings):
        kind = settings["sensor"]
        for key in settings:
            if key in SETTINGS[1:] and (key in OF_PDM) != (kind == "pdm"):
                raise ValueError("%s knows no setting %r" % (kind, key))
        self.block = array("h", bytes(2 * whole(settings, "samples", 64, 1, 1024)))
        microphone = compat.hardware("microphone")
        if not hasattr(microphone, kind.upper()):
            raise ValueError("%s has no %s" % (compat.runtime_name(), kind))
        self.microphone = getattr(microphone, kind.upper())(settings, len(self.block))
        self.flat = 0

    def read(self, buffer):
        """Put the level of the next block into array('h')[1].

        Raises Nonsense when FLAT blocks in a row had samples that were all the same, as of a line that
        nothing drives.
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
        """Give the pins back."""
        self.microphone.close()
