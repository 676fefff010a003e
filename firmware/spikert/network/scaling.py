"""A sensor's raw readings to the x, 0..255, that encoders take."""

import struct
import sys
from array import array

from spikert.emitters import fastest_form

RAW = (-0x8000, 0x7FFF)  # the range of a reading
MOST = 0x7FFFFFFF


class Scaling:
    """x = min(255, max(0, ((raw - offset) * scale) >> shift)), for each channel.

    Made from tables.Tables that hold at least one scale.
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
        else:  # what is not sure to fit 32 bits takes Python's integers
            from spikert.loops import scaling_plain

            self.loop = scaling_plain.scale

    def apply(self, readings, x):
        """Put the x of readings, the bytes of i16[channels], into x u8[channels]."""
        self.loop(x, readings, self.offset, self.scale, self.shift, self.channels)

    def _fits(self):
        if sys.maxsize > MOST:  # viper's 32-bit loads have no sign where words are longer
            return False
        for i in range(self.channels):
            for raw in RAW:
                above = raw - self.offset[i]
                if max(abs(above), abs(above * self.scale[i])) > MOST:
                    return False
        return True


def _i32(data, at):
    return struct.unpack_from("<i", data, at)[0]
