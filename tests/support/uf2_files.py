"""Make firmware files for the emulated Pico that contain no firmware."""

import struct

from spikelet.boards.virtual import uf2


def uf2_block(
    payload: bytes = b"",
    *,
    address: int = uf2.FLASH[0],
    family: int = uf2.RP2040,
    flags: int = uf2.HAS_FAMILY,
) -> bytes:
    """Return a block of a UF2 file with 256 bytes of payload."""
    head = struct.pack("<8I", *uf2.MAGIC[:2], flags, address, 256, 0, 1, family)
    return head + payload.ljust(476, b"\0") + struct.pack("<I", uf2.MAGIC[2])
