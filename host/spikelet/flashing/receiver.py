"""Code of the receiver on a board, and its messages with the host.

From the host:    kind  number  size  threes  crc   then `size` bytes, and `threes` positions
                     1       8     4       4    8   characters, the numbers in hexadecimal

    F    a file begins; its bytes are the path, the suffix of the temporary path, and the CRC-32,
         with a space between them
    B    bytes of it, from `number` on
    E    it is complete, with `number` bytes: check and rename it
    Q    no more files

From the board:   kind  number  \\n

    +    `number` bytes of the file are stored        =    the file is renamed
    ?    the message was damaged; waiting for MARK    !    an error; its text has `number` bytes

The host waits for each answer, so a buffer of one block is enough. The byte 03 is Ctrl-C and never
occurs in a message: the host sends 02 instead, with its position after the block, in 4 hexadecimal
characters. So Ctrl-C always ends the receiver, and the receiver needs no time-out.
"""

from __future__ import annotations

import zlib

from spikelet import installation
from spikert import wire

# Bytes of a block with its positions, of the head of a message, and of an answer.
BLOCK = 4096
HEAD, ANSWER = 25, 10
MARK = b"\nspikelet: here a block begins\n"

RECEIVER = installation.board_side("receive")

# Starts the receiver; a board needs these functions of files.py first.
RECEIVE = f"_receive({BLOCK}, {HEAD}, {MARK!r}, _crc32, _fingerprint, _replace, _own)"


def answer(kind: bytes, number: int) -> bytes:
    """Return an answer as the board sends it."""
    return kind + b"%08x\n" % number


def message(kind: bytes, number: int, data: bytes) -> bytes:
    """Return a message of the host with these bytes."""
    threes = [i for i, value in enumerate(data) if value == wire.CTRL_C[0]]
    body = data.replace(wire.CTRL_C, b"\x02") + b"".join(b"%04x" % i for i in threes)
    head = b"%c%08x%04x%04x" % (kind, number, len(data), len(threes))
    return head + b"%08x" % zlib.crc32(body, zlib.crc32(head)) + body
