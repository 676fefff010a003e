"""InvenSense's MPU-6050, MPU-6500 and MPU-6886, and chips with the same registers.

    g      2      4     8     16          dps   250   500   1000  2000
    units  16384  8192  4096  2048 a g          131   65.5  32.8  16.4 a degree a second

Source: InvenSense RM-MPU-6000A-00, MPU-6000 and MPU-6050 Register Map, registers 25 to 28, 56, 58 to 72,
107 and 117; RM-MPU-6500A-00, the same and register 29; TDK DS-000193, MPU-6886, the same.
"""

from spikert import sensors
from spikert.compat import const

ADDRESSES = (0x68, 0x69)  # pin AD0 low or high
IDENTITY = 0x75  # WHO_AM_I
# MPU-6050, MPU-6500, MPU-9250, MPU-9255, MPU-6886, and clones that are sold as MPU-6050.
IDENTITIES = (0x68, 0x70, 0x71, 0x73, 0x19, 0x98)
BLOCK = 0x3A  # INT_STATUS; from ACCEL_XOUT_H on acceleration, temperature and turning
READY = 1  # DATA_RDY_INT
PLACES = (1, 3, 5, 9, 11, 13)
BIG_ENDIAN = True

SMPLRT_DIV = const(0x19)
CONFIG = const(0x1A)
GYRO_CONFIG = const(0x1B)
ACCEL_CONFIG = const(0x1C)
ACCEL_CONFIG2 = const(0x1D)  # the MPU-6050 reserves it, and has one filter for both
INT_ENABLE = const(0x38)
PWR_MGMT_1 = const(0x6B)
FASTEST = const(1000)  # samples a second, with a filter
FILTERS = ((20, 6), (42, 5), (88, 4), (188, 3), (368, 2))  # samples a second, DLPF_CFG


def setup(settings, g, dps):
    """Return the registers to write; see the package's docstring."""
    rate = sensors.rate(settings, FASTEST)
    filtered = 1
    # The widest band below half the rate.
    for most, value in FILTERS:
        if rate < most:
            filtered = value
            break
    return (
        (PWR_MGMT_1, 1),  # awake, on the clock of the gyroscope
        (SMPLRT_DIV, int(FASTEST // max(rate, 100)) - 1),
        (CONFIG, filtered),
        (GYRO_CONFIG, (250, 500, 1000, 2000).index(dps or 250) << 3),
        (ACCEL_CONFIG, (2, 4, 8, 16).index(g) << 3),
        (ACCEL_CONFIG2, filtered),
        (INT_ENABLE, READY),
    )
