"""The checksums of frames and files, native if the interpreter has them.

crc16(data, crc)    CRC-16 (CCITT, polynomial 0x1021) of the bytes `data`, continued from `crc`
crc32(data, crc)    CRC-32 (IEEE 802.3), which starts with 0
"""

from spikert.compat import const

CRC16_START = const(0xFFFF)

try:
    from binascii import crc_hqx as crc16
except ImportError:
    from spikert.emitters import fastest_form

    crc16 = fastest_form("wire.checksum").crc16


try:
    from binascii import crc32
except ImportError:

    def crc32(data, crc=0):  # type: ignore[misc]
        """Return the CRC-32 (IEEE 802.3) of the bytes `data`, continued from `crc`."""
        crc ^= 0xFFFFFFFF
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
        return crc ^ 0xFFFFFFFF
