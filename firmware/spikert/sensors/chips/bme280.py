"""Bosch's BME280 and BMP280: temperature, pressure and, in the first, humidity.

Source: Bosch BST-BME280-DS002, "Trimming parameter readout", "Compensation formulas" in 32-bit integers
and "Register description"; BST-BMP280-DS001, the same without humidity.
"""

import struct

from spikert.compat import const

ADDRESSES = (0x76, 0x77)  # pin SDO low or high
IDENTITY = 0xD0  # id
IDENTITIES = (0x60, 0x58, 0x57, 0x56)  # BME280; BMP280, and samples of it
DATA = 0xF7  # press_msb; pressure and temperature have three bytes each, humidity two
# A converter's value before its first measurement.
SKIPPED = 0x80000

# ctrl_hum counts only after ctrl_meas has been written.
SETUP = (
    (0xF5, 0x00),  # config: a measurement each 0.5 ms, no filter
    (0xF2, 0x01),  # ctrl_hum: humidity once
    (0xF4, 0x27),  # ctrl_meas: temperature and pressure once, normal mode
)
TRIMMING = const(0x88)  # dig_T1 to dig_P9, and dig_H1 at 0xA1
TRIMMING_H = const(0xE1)  # dig_H2 to dig_H6


class Trimming:
    """A chip's calibration, which turns its converters' values into measurements."""

    def __init__(self, bus, address, humid):
        block = bytearray(26)
        bus.read_into(address, TRIMMING, block)
        self.t = struct.unpack_from("<Hhh", block, 0)
        self.p = struct.unpack_from("<Hhhhhhhhh", block, 6)
        self.h = _humidity_trimming(bus, address, block[25]) if humid else (0,) * 6
        self.fine = 0

    def temperature(self, adc):
        """Return hundredths of a degree Celsius; pressure and humidity need it first."""
        t1, t2, t3 = self.t
        var1 = (((adc >> 3) - (t1 << 1)) * t2) >> 11
        var2 = (((((adc >> 4) - t1) * ((adc >> 4) - t1)) >> 12) * t3) >> 14
        self.fine = var1 + var2
        return (self.fine * 5 + 128) >> 8

    def pressure(self, adc):
        """Return pascals, 0 if the calibration is invalid."""
        p1, p2, p3, p4, p5, p6, p7, p8, p9 = self.p
        var1 = (self.fine >> 1) - 64000
        var2 = (((var1 >> 2) * (var1 >> 2)) >> 11) * p6
        var2 += (var1 * p5) << 1
        var2 = (var2 >> 2) + (p4 << 16)
        var1 = (((p3 * (((var1 >> 2) * (var1 >> 2)) >> 13)) >> 3) + ((p2 * var1) >> 1)) >> 18
        var1 = ((32768 + var1) * p1) >> 15
        if var1 <= 0:
            return 0
        p = (1048576 - adc - (var2 >> 12)) * 3125
        p = (p << 1) // var1 if p < 0x80000000 else p // var1 * 2
        var1 = (p9 * (((p >> 3) * (p >> 3)) >> 13)) >> 12
        var2 = ((p >> 2) * p8) >> 13
        return p + ((var1 + var2 + p7) >> 4)

    def humidity(self, adc):
        """Return 1024ths of a percent."""
        h1, h2, h3, h4, h5, h6 = self.h
        v = self.fine - 76800
        scaled = ((adc << 14) - (h4 << 20) - h5 * v + 16384) >> 15
        bent = ((((v * h6) >> 10) * (((v * h3) >> 11) + 32768)) >> 10) + 2097152
        v = scaled * ((bent * h2 + 8192) >> 14)
        v -= ((((v >> 15) * (v >> 15)) >> 7) * h1) >> 4
        return min(max(v, 0), 419430400) >> 12


def _humidity_trimming(bus, address, h1):
    block = bytearray(7)
    bus.read_into(address, TRIMMING_H, block)
    h2, h3 = struct.unpack_from("<hB", block, 0)
    upper4, middle, upper5, h6 = struct.unpack_from("<bBbb", block, 3)
    return h1, h2, h3, upper4 << 4 | middle & 15, upper5 << 4 | middle >> 4, h6
