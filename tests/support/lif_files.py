"""Damage .lif files without breaking their checksum."""

import struct
import zlib

from spikert.network import tables


def resealed(data: bytes) -> bytes:
    """Return the bytes with the right size and CRC-32."""
    body = bytearray(data[: -tables.CRC_SIZE])
    struct.pack_into("<I", body, 8, len(body) + tables.CRC_SIZE)
    return bytes(body) + struct.pack("<I", zlib.crc32(body))


def patched(data: bytes, offset: int, form: str, *values: int) -> bytes:
    """Return the file with other values at an offset, and a valid checksum."""
    changed = bytearray(data)
    struct.pack_into(form, changed, offset, *values)
    return resealed(bytes(changed))
