"""The CRC-16 of frames, in plain Python."""

from array import array


def crc16(data, crc):
    """Return the CRC-16 (CCITT, polynomial 0x1021) of the bytes `data`, continued from `crc`."""
    for byte in data:
        crc = _TABLE[(crc >> 8) ^ byte] ^ ((crc << 8) & 0xFFFF)
    return crc


def _crc16_table():
    table = array("H", range(256))
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x1021 if crc & 0x8000 else 0)
        table[byte] = crc & 0xFFFF
    return table


_TABLE = _crc16_table()
