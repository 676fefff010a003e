"""Scale a sensor's readings to x, in MicroPython's native emitter."""

import micropython

from spikert.loops import SIGN


@micropython.viper
def scale(x: ptr8, readings: ptr16, offset: ptr32, factor: ptr32, shift: int, channels: int):
    """Write the scaled readings into x."""
    i = 0
    while i < channels:
        value = (((readings[i] ^ SIGN) - SIGN - offset[i]) * factor[i]) >> shift
        if value < 0:
            value = 0
        elif value > 255:
            value = 255
        x[i] = value
        i += 1
