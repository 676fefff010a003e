"""ST's LSM9DS1: acceleration and rotation, without the compass.

    g      2      4      8      16        dps   250 (245)  500   2000
    a unit 0.061  0.122  0.244  0.732 mg        8.75       17.5  70 thousandths of a degree a second

Source: ST DocID025715, LSM9DS1, "Sensor characteristics" and "Accelerometer and gyroscope register
description".
"""

from spikert import sensors
from spikert.compat import const
from spikert.sensors import chips

ADDRESSES = (0x6B, 0x6A)  # pin SDO_A/G high or low
IDENTITY = 0x0F  # WHO_AM_I
IDENTITIES = (0x68,)
BLOCK = 0x17  # STATUS_REG; from OUT_X_G on turning, from OUT_X_XL, 0x28, acceleration
READY = 1  # XLDA
PLACES = (17, 19, 21, 1, 3, 5)
BIG_ENDIAN = False

CTRL_REG1_G = const(0x10)
CTRL_REG6_XL = const(0x20)
CTRL_REG8 = const(0x22)
FASTEST = const(952)
RATES = ((119, 0x60), (238, 0x80), (476, 0xA0), (FASTEST, 0xC0))  # ODR_XL, ODR_G
SCALES = (2, 16, 4, 8)  # FS_XL
TURNS = {250: 0x00, 500: 0x08, 2000: 0x18}  # FS_G


def setup(settings, g, dps):
    """Return the registers to write; see the package's docstring.

    Raises
    ------
    ValueError
        For 1000 degrees a second.
    """
    if dps == 1000:
        raise ValueError("dps is 1000; lsm9ds1 has 250, 500, 2000")
    often = chips.bits(sensors.rate(settings, FASTEST), RATES)
    return (
        # BDU: the bytes of a measurement belong together; IF_ADD_INC: read on.
        (CTRL_REG8, 0x44),
        (CTRL_REG6_XL, often | SCALES.index(g) << 3),
        (CTRL_REG1_G, often | TURNS[dps] if dps else 0),
    )
