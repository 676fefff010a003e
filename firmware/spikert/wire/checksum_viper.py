"""The CRC-16 of frames, in MicroPython's native emitter."""

import micropython


def crc16(data, crc):
    """Return the CRC-16 (CCITT, polynomial 0x1021) of the bytes `data`, continued from `crc`."""
    return _crc16(data, crc, len(data))


@micropython.viper
def _crc16(data: ptr8, crc: int, size: int) -> int:
    """Take in a byte at a time: x**16 is x**12 + x**5 + 1, so its bits come in three shifts."""
    at = 0
    while at < size:
        crc = (crc >> 8 | crc << 8) & 0xFFFF ^ data[at]
        crc ^= (crc & 0xFF) >> 4
        crc ^= crc << 12 & 0xFFFF
        crc ^= (crc & 0xFF) << 5
        at += 1
    return crc
