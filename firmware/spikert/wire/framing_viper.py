"""Write the bytes of frames, in MicroPython's native emitter."""

import struct

import micropython

from spikert import wire
from spikert.wire.checksums import CRC16_START, crc16


@micropython.viper
def put_addresses(target: ptr8, events: ptr16, count: int, width: int):
    """Write the events with `width` bytes each, 1 or 2."""
    at = 0
    k = 0
    while k < count:
        target[at] = events[k]
        if width == 2:
            target[at + 1] = events[k] >> 8
        at += width
        k += 1


@micropython.viper
def put_bitmap(target: ptr8, size: int, events: ptr16, count: int, first: int):
    """Write `size` bytes with a bit for each event, counted from `first`."""
    k = 0
    while k < size:
        target[k] = 0
        k += 1
    k = 0
    while k < count:
        bit = events[k] - first
        if bit >= 0 and bit < 8 * size:
            target[bit >> 3] = target[bit >> 3] | 1 << (bit & 7)
        k += 1


def encode_into(frame, kind, sequence, payload_size):
    """Close a frame, as wire.encode_into does."""
    if payload_size > wire.MAX_PAYLOAD:
        raise ValueError("a payload of %d bytes, above %d" % (payload_size, wire.MAX_PAYLOAD))
    end = 2 + wire.HEAD_SIZE + payload_size
    struct.pack_into("<BH", frame, 2, kind, sequence)
    struct.pack_into("<H", frame, end, crc16(memoryview(frame)[2:end], CRC16_START))
    end += wire.CRC16_SIZE
    _stuff(frame, end)
    return end + 1


@micropython.viper
def _stuff(frame: ptr8, end: int):
    """Replace the zeros of frame[2:end] by the distance to the next zero, and close the frame."""
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
