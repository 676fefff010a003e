"""Model the registers of I2C chips and make synthetic measurements.

Source: the datasheets that firmware/spikert/sensors/chips names. This file shares no code with the
drivers there, so that each side checks the other. The virtual board imports it without the package.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

REGISTERS = 256
NO_TURNING = (0, 0, 0)


@dataclass(frozen=True)
class Chip:
    """The registers of an I2C chip.

    Attributes
    ----------
    address : int
        Default I2C address.
    constant : dict of int to bytes
        {register: bytes} that never change, with the identity of the chip.
    block : int
        First register of a measurement and its status.
    frame : callable
        Function from a sample, int16[channels], to the bytes of the block.
    asleep : (int, int, int)
        (register, mask, value): the chip sleeps while these bits of the register have this value.
    channels : int
        Most readings in a sample.
    unset : dict of int to int
        {register: byte} after power-up.
    nothing : bytes
        The block of a sleeping chip; empty for zeros.
    resets : dict of int to int
        {register: bits} that reset the chip to `unset` when a driver writes them.
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
        """Return all registers after power-up."""
        content = bytearray(REGISTERS)
        for register, value in self.unset.items():
            content[register] = value
        for register, values in self.constant.items():
            content[register : register + len(values)] = values
        size = len(self.frame((0,) * self.channels))
        content[self.block : self.block + size] = self.nothing or bytes(size)
        return content

    def is_asleep(self, registers: Sequence[int]) -> bool:
        """Return whether the chip sleeps with these registers."""
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
    """Return the block for converter values uint16[3]: pressure, temperature and humidity.

    They are the upper 16 of 20 bits of pressure and temperature; the lower bits are 0.
    """
    pressure, temperature, humidity = (value & 0xFFFF for value in sample)
    return struct.pack(">HBHBH", pressure, 0, temperature, 0, humidity)


def _bmp280(sample: Sequence[int]) -> bytes:
    return _bme280((*sample, 0))[:6]


# The calibration in the example of Bosch's BMP280 data sheet, 3.12, with a typical one of humidity.
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
    # The upper bit of a register's number makes the chip read on to the next register.
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
    """Return `length` synthetic samples: the same slow waves in each call.

    Each channel is a triangle wave, 0..4095, with a period of its own.
    """
    return [tuple(_triangle(k, 40 + 20 * c) for c in range(channels)) for k in range(length)]


def _triangle(k: int, period: int) -> int:
    at = k % period * 8190 // period
    return at if at <= 4095 else 8190 - at
