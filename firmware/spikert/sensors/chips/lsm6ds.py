"""ST's LSM6DS family: acceleration and rotation.

LSM6DS3, LSM6DSL, LSM6DSM, LSM6DSO, LSM6DSOX, LSM6DS33, LSM6DS3TR-C and ISM330DHCX.

    g      2      4      8      16        dps   250   500   1000  2000
    a unit 0.061  0.122  0.244  0.488 mg        8.75  17.5  35    70 thousandths of a degree a second

Source: ST DocID026899, LSM6DS3, "Mechanical characteristics" and "Register description"; DS12814,
LSM6DSOX, the same registers.
"""

from spikert import sensors
from spikert.compat import const
from spikert.sensors import chips

ADDRESSES = (0x6A, 0x6B)  # pin SA0 low or high
IDENTITY = 0x0F  # WHO_AM_I
IDENTITIES = (0x69, 0x6A, 0x6B, 0x6C)
BLOCK = 0x1E  # STATUS_REG; from OUTX_L_G, 0x22, on turning, from OUTX_L_XL, 0x28, acceleration
READY = 1  # XLDA
PLACES = (10, 12, 14, 4, 6, 8)
BIG_ENDIAN = False

CTRL1_XL = const(0x10)
CTRL2_G = const(0x11)
CTRL3_C = const(0x12)
FASTEST = const(1660)
RATES = ((104, 0x40), (208, 0x50), (416, 0x60), (833, 0x70), (FASTEST, 0x80))  # ODR_XL, ODR_G
SCALES = (2, 16, 4, 8)  # FS_XL


def setup(settings, g, dps):
    """Return the registers to write; see the package's docstring."""
    often = chips.bits(sensors.rate(settings, FASTEST), RATES)
    turning = often | (250, 500, 1000, 2000).index(dps) << 2 if dps else 0
    return (
        # BDU: the bytes of a measurement belong together; IF_INC: read many in one go.
        (CTRL3_C, 0x44),
        (CTRL1_XL, often | SCALES.index(g) << 2),
        (CTRL2_G, turning),
    )
