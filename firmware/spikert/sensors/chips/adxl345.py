"""Analog Devices' ADXL345, and the ADXL343: acceleration.

A g is 256 units (3.9 mg each) in all ranges.

Source: Analog Devices ADXL345, Rev. G, "Specifications", "Register Map" and "Register Definitions".
"""

from spikert import sensors
from spikert.compat import const
from spikert.sensors import chips

ADDRESSES = (0x53, 0x1D)  # pin ALT ADDRESS low or high
IDENTITY = 0x00  # DEVID
IDENTITIES = (0xE5,)
BLOCK = 0x30  # INT_SOURCE, then DATA_FORMAT, from DATAX0 on acceleration
READY = 0x80  # DATA_READY
PLACES = (2, 4, 6)
BIG_ENDIAN = False

BW_RATE = const(0x2C)
POWER_CTL = const(0x2D)
DATA_FORMAT = const(0x31)
FULL_RES = const(0x08)
MEASURE = const(0x08)
# The limit of I2C at 400 kHz.
FASTEST = const(800)
RATES = ((100, 0x0A), (200, 0x0B), (400, 0x0C), (FASTEST, 0x0D))


def setup(settings, g, dps):
    """Return the registers to write; see the package's docstring."""
    return (
        (DATA_FORMAT, FULL_RES | (2, 4, 8, 16).index(g)),
        (BW_RATE, chips.bits(sensors.rate(settings, FASTEST), RATES)),
        (POWER_CTL, MEASURE),
    )
