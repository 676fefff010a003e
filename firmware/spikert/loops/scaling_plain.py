"""Scale a sensor's readings to x, in plain Python."""

from spikert.loops import SIGN


def scale(x, readings, offset, factor, shift, channels):
    """Write the scaled readings into x."""
    for i in range(channels):
        reading = readings[2 * i] | readings[2 * i + 1] << 8
        reading = (reading ^ SIGN) - SIGN
        x[i] = min(255, max(0, ((reading - offset[i]) * factor[i]) >> shift))
