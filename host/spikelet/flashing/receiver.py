"""What runs on a board while files are sent to it, and what is said between it and the host.

What the host sends:   kind  number  size  threes  crc   then `size` bytes, and `threes` places
                          1       8     4       4    8   characters, the numbers in hexadecimal

    F    a file begins; its bytes: path, space, sha256           B    bytes of it, from `number` on
    E    it is whole: hash what was stored, and rename it        Q    no more files

What the board says:   kind  number  \\n

    +    number bytes of the file are stored      =    it has taken its place
    ?    that was damaged; it waits for MARK      !    it failed, with so many bytes that say how

The host waits for each answer, so that no buffer has to hold more than one block. No byte of it is 03,
which is Ctrl-C: each travels as 02, and its place behind the block, in 4 hexadecimal characters. So
Ctrl-C always ends the receiver, whatever it waits for, and no time-out is needed there.
"""

from __future__ import annotations

import zlib

from spikelet import installation
from spikert import wire

BLOCK = 4096  # bytes, with the places
HEAD, ANSWER = 25, 10  # bytes
MARK = b"\nspikelet: here a block begins\n"

RECEIVER = installation.board_side("receive")

# Starts it, once a board has these functions of files.py.
RECEIVE = f"_receive({BLOCK}, {HEAD}, {MARK!r}, binascii.crc32, _sha256, _replace)"


def answer(kind: bytes, number: int) -> bytes:
    """Return an answer of the board's."""
    return kind + b"%08x\n" % number


def message(kind: bytes, number: int, data: bytes) -> bytes:
    """Return a message with these bytes."""
    threes = [i for i, value in enumerate(data) if value == wire.CTRL_C[0]]
    body = data.replace(wire.CTRL_C, b"\x02") + b"".join(b"%04x" % i for i in threes)
    head = b"%c%08x%04x%04x" % (kind, number, len(data), len(threes))
    return head + b"%08x" % zlib.crc32(body, zlib.crc32(head)) + body
