"""Scale a sensor's raw readings to the x, 0..255, of encoders."""

import struct
import sys
from array import array

from spikert.emitters import fastest_form

# The range of a reading.
RAW = (-0x8000, 0x7FFF)
MOST = 0x7FFFFFFF


class Scaling:
    """Computes x = min(255, max(0, ((raw - offset) * scale) >> shift)) for each channel.

    Parameters
    ----------
    tables : tables.Tables with at least one scale
    """

    def __init__(self, tables):
        data, at, count = tables.data, tables.scaling, tables.scales
        each = [0 for _ in range(tables.channels)] if count == 1 else range(count)
        self.channels = tables.channels
        self.offset = array("i", [_i32(data, at + 4 * i) for i in each])
        self.scale = array("i", [_i32(data, at + 4 * (count + i)) for i in each])
        self.shift = tables.shift
        if self._fits():
            self.loop = fastest_form("loops.scaling").scale
        # Products that may exceed 32 bits need Python's integers.
        else:
            from spikert.loops import scaling_plain

            self.loop = scaling_plain.scale

    def apply(self, readings, x):
        """Write the x of readings, the bytes of i16[channels], into x u8[channels]."""
        self.loop(x, readings, self.offset, self.scale, self.shift, self.channels)

    def _fits(self):
        """Return whether all products fit in 32 bits."""
        # Viper's 32-bit loads have no sign if words are longer.
        if sys.maxsize > MOST:
            return False
        for i in range(self.channels):
            for raw in RAW:
                above = raw - self.offset[i]
                if max(abs(above), abs(above * self.scale[i])) > MOST:
                    return False
        return True


def _i32(data, at):
    return struct.unpack_from("<i", data, at)[0]
