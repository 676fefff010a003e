"""I2C chips as those see them that read their registers, and what they measure by itself.

Written from the datasheets that firmware/spikert/sensors/chips names, and apart from it: each side
checks the other. The virtual board imports this file as it is, without the package.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

REGISTERS = 256
NO_TURNING = (0, 0, 0)


@dataclass(frozen=True)
class Chip:
    """What an I2C chip has in its registers.

    address     where it answers, if it is wired to nothing else
    constant    {register: bytes} that are always there, its identity among them
    block       the register from which a measurement is read, its status included
    frame       makes the bytes there from a sample, i16[channels]
    channels    readings in a sample at most
    unset       {register: byte} as they are when it gets its power
    asleep      (register, mask, value): while this register's bits have this value, it measures nothing
    nothing     what then stands in the block
    resets      {register: bits} that bring it back to `unset` when they are written
    """

    address: int
    constant: dict[int, bytes]
    block: int
    frame: Callable[[Sequence[int]], bytes]
    asleep: tuple[int, int, int]
    channels: int = 3
    unset: dict[int, int] = field(default_factory=dict)
    nothing: bytes = b""
    resets: dict[int, int] = field(default_factory=dict)

    def registers(self) -> bytearray:
        """Return all registers as they are when it gets its power."""
        found = bytearray(REGISTERS)
        for register, value in self.unset.items():
            found[register] = value
        for register, values in self.constant.items():
            found[register : register + len(values)] = values
        size = len(self.frame((0,) * self.channels))
        found[self.block : self.block + size] = self.nothing or bytes(size)
        return found

    def is_asleep(self, registers: Sequence[int]) -> bool:
        """Return whether it measures nothing with these registers."""
        register, mask, value = self.asleep
        return registers[register] & mask == value


def _mpu(sample: Sequence[int]) -> bytes:
    return struct.pack(">B3hh3h", 1, *sample[:3], 0, *(tuple(sample[3:]) or NO_TURNING))


def _lsm6ds(sample: Sequence[int]) -> bytes:
    return struct.pack("<Bxh3h3h", 3, 0, *(tuple(sample[3:]) or NO_TURNING), *sample[:3])


def _lsm9ds1(sample: Sequence[int]) -> bytes:
    return struct.pack("<B3h10x3h", 3, *(tuple(sample[3:]) or NO_TURNING), *sample[:3])


def _adxl345(sample: Sequence[int]) -> bytes:
    return struct.pack("<BB3h", 0x83, 0x0B, *sample)


def _lis3dh(sample: Sequence[int]) -> bytes:
    return struct.pack("<B3h", 0x0F, *sample)


def _bme280(sample: Sequence[int]) -> bytes:
    """Make a frame of what the converters give, bits of a u16: pressure, temperature and humidity.

    Of the first two these are the upper 16 of 20 bits, the others are 0.
    """
    pressure, temperature, humidity = (value & 0xFFFF for value in sample)
    return struct.pack(">HBHBH", pressure, 0, temperature, 0, humidity)


def _bmp280(sample: Sequence[int]) -> bytes:
    return _bme280((*sample, 0))[:6]


# The calibration in the example of Bosch's BMP280 data sheet, 3.12; for humidity, one as chips have it.
_TRIMMED = struct.pack(
    "<H2hH8h", 27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000
)
_HUMIDITY = bytes((0x6A, 0x01, 0x00, 0x14, 0x24, 0x03, 0x1E))


def _mpu_chip(identity: bytes) -> Chip:
    asleep, unset, resets = (0x6B, 0x40, 0x40), {0x6B: 0x40}, {0x6B: 0x80}
    return Chip(0x68, {0x75: identity}, 0x3A, _mpu, asleep, 6, unset, resets=resets)


CHIPS = {
    "mpu6050": _mpu_chip(b"\x68"),
    "mpu6500": _mpu_chip(b"\x70"),
    "mpu6886": _mpu_chip(b"\x19"),
    "lsm6ds": Chip(0x6A, {0x0F: b"\x6c"}, 0x1E, _lsm6ds, (0x10, 0xF0, 0), 6, resets={0x12: 0x01}),
    "lsm9ds1": Chip(0x6B, {0x0F: b"\x68"}, 0x17, _lsm9ds1, (0x20, 0xE0, 0), 6, resets={0x22: 0x01}),
    "adxl345": Chip(0x53, {0x00: b"\xe5"}, 0x30, _adxl345, (0x2D, 0x08, 0)),
    # the upper bit of a register's number has it read on to the next one
    "lis3dh": Chip(0x18, {0x0F: b"\x33"}, 0xA7, _lis3dh, (0x20, 0xF0, 0)),
    "bme280": Chip(
        0x76,
        {0xD0: b"\x60", 0x88: _TRIMMED, 0xA1: b"\x4b", 0xE1: _HUMIDITY},
        0xF7,
        _bme280,
        (0xF4, 0x03, 0),
        nothing=b"\x80\0\0\x80\0\0\x80\0",
    ),
    "bmp280": Chip(
        0x76,
        {0xD0: b"\x58", 0x88: _TRIMMED},
        0xF7,
        _bmp280,
        (0xF4, 0x03, 0),
        channels=2,
        nothing=b"\x80\0\0\x80\0\0",
    ),
}


def made_up(channels: int, length: int = 400) -> list[tuple[int, ...]]:
    """Return samples of a sensor that nobody holds: slow waves, the same each time.

    They are triangles, 0..4095, of a period of its own in each channel.
    """
    return [tuple(_triangle(k, 40 + 20 * c) for c in range(channels)) for k in range(length)]


def _triangle(k: int, period: int) -> int:
    at = k % period * 8190 // period
    return at if at <= 4095 else 8190 - at
