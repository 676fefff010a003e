"""ST's LIS3DH, and the accelerometer of an LSM303AGR, with the same registers.

    g            2  4  8  16
    16 units are 1  2  4  12 mg; 12 bits are measured, and the lowest 4 of 16 are 0

Source: ST DocID17530, LIS3DH, "Mechanical characteristics", "I2C operation", "Register description";
DocID027765, LSM303AGR, the same registers with the suffix _A.
"""

from spikert import sensors
from spikert.compat import const
from spikert.sensors import chips

ADDRESSES = (0x18, 0x19)  # pin SA0 low or high
IDENTITY = 0x0F  # WHO_AM_I
IDENTITIES = (0x33,)
BLOCK = 0xA7  # STATUS_REG, 0x27; the upper bit reads on from register to register. Then OUT_X_L
READY = 0x08  # ZYXDA
PLACES = (1, 3, 5)
BIG_ENDIAN = False

CTRL_REG1 = const(0x20)
CTRL_REG4 = const(0x23)
AXES = const(0x07)
FASTEST = const(1344)
RATES = ((100, 0x50), (200, 0x60), (400, 0x70), (FASTEST, 0x90))  # ODR
# BDU: the bytes of a measurement belong together; HR: 12 bits.
HIGH_RESOLUTION = const(0x88)


def setup(settings, g, dps):
    """Return the registers to write; see the package's docstring."""
    return (
        (CTRL_REG4, HIGH_RESOLUTION | (2, 4, 8, 16).index(g) << 4),
        (CTRL_REG1, chips.bits(sensors.rate(settings, FASTEST), RATES) | AXES),
    )
