"""Check firmware for the emulated Pico before it is started.

Source: USB Flashing Format (UF2), https://github.com/microsoft/uf2, and its list of families.
"""

from __future__ import annotations

import struct
from pathlib import Path

from spikelet.errors import RefusedInput

BLOCK = 512
# The first two words of a block and the last one.
MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
# Flag of a block that names the family of its chip.
HAS_FAMILY = 0x2000
RP2040 = 0xE48BFF56
# The flash of a Pico, from its first address to the one after the last.
FLASH = (0x1000_0000, 0x1020_0000)


def checked(path: Path) -> bytes:
    """Return the content of a UF2 file for the RP2040.

    Raises
    ------
    RefusedInput
        If the file cannot be read, is no UF2 file, or is one for another chip.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RefusedInput(f"{path} cannot be read ({error.strerror})") from None
    if problem := _problem(content):
        raise RefusedInput(
            f"{path} {problem}; give the .uf2 file of MicroPython or CircuitPython for the "
            "Raspberry Pi Pico"
        )
    return content


def _problem(content: bytes) -> str:
    """Return the reason why a Pico cannot run a file; empty if it can."""
    if not content or len(content) % BLOCK:
        return f"is no UF2 file: its {len(content)} bytes are no whole blocks of {BLOCK}"
    for number, at in enumerate(range(0, len(content), BLOCK)):
        first, second, flags, address, size, _, _, family = struct.unpack_from("<8I", content, at)
        (last,) = struct.unpack_from("<I", content, at + BLOCK - 4)
        if (first, second, last) != MAGIC:
            return f"is no UF2 file: block {number} does not begin and end as one"
        if not flags & HAS_FAMILY or family != RP2040:
            named = f"{family:#010x}" if flags & HAS_FAMILY else "no family"
            return (
                f"is for another chip: block {number} names {named}, the RP2040 is {RP2040:#010x}"
            )
        if not FLASH[0] <= address <= address + size <= FLASH[1]:
            return f"does not fit a Pico: block {number} is for address {address:#010x}"
    return ""
