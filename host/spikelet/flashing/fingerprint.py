"""Fingerprints of files, which every board can compute, show that it stores the right bytes.

CircuitPython's hashlib has only `new`, and most of its boards have no hashlib. A CRC-32 finds each
damage of up to 32 bits in a row, and misses others once in 4 billion times. It protects against
accidents only: a person can make another file with the same fingerprint.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple


class Fingerprint(NamedTuple):
    """The size and the checksum of a file.

    Attributes
    ----------
    size : int
        Bytes.
    crc32 : int
        CRC-32 (IEEE 802.3) of all bytes.
    """

    size: int
    crc32: int


def fingerprint(data: bytes) -> Fingerprint:
    """Return the fingerprint of the content of a file."""
    return Fingerprint(len(data), zlib.crc32(data))
