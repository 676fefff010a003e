"""A sensor's raw readings to the x, 0..255, that encoders take."""

import struct
from array import array


class Scaling:
    """x = min(255, max(0, ((raw - offset) * scale) >> shift)), for each channel.

    Made from tables.Tables that hold at least one scale.
    """

    def __init__(self, tables):
        data, at, count = tables.data, tables.scaling, tables.scales
        each = [0 for _ in range(tables.channels)] if count == 1 else range(count)
        self.offset = array("i", [_i32(data, at + 4 * i) for i in each])
        self.scale = array("i", [_i32(data, at + 4 * (count + i)) for i in each])
        self.shift = tables.shift

    def apply(self, readings, x):
        """Put the x of readings, integers[channels], into x u8[channels]."""
        offset, scale, shift = self.offset, self.scale, self.shift
        for i in range(len(x)):
            x[i] = min(255, max(0, ((readings[i] - offset[i]) * scale[i]) >> shift))


def _i32(data, at):
    return struct.unpack_from("<i", data, at)[0]
