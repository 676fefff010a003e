"""What of wire.py a board does for every byte it sends, in MicroPython's native emitter."""

import struct

import micropython

from spikert import wire
from spikert.compat import CRC16_START, crc16


def encode_into(frame, kind, sequence, payload_size):
    """Do what wire.encode_into does."""
    if payload_size > wire.MAX_PAYLOAD:
        raise ValueError("a payload of %d bytes, above %d" % (payload_size, wire.MAX_PAYLOAD))
    end = 2 + wire.HEAD_SIZE + payload_size
    struct.pack_into("<BH", frame, 2, kind, sequence)
    struct.pack_into("<H", frame, end, crc16(memoryview(frame)[2:end], CRC16_START))
    end += wire.CRC_SIZE
    _stuff(frame, end)
    return end + 1


@micropython.viper
def _stuff(frame: ptr8, end: int):
    """Replace the zeros of frame[2:end] by how far it is to the next, and close the frame."""
    code_at = 1
    i = 2
    while i < end:
        if frame[i] == 0:
            frame[code_at] = i - code_at
            code_at = i
        i += 1
    frame[code_at] = end - code_at
    frame[0] = 0
    frame[end] = 0
