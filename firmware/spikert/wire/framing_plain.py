"""Write the bytes of frames, in plain Python."""

from spikert.wire import encode_into

__all__ = ["encode_into", "put_addresses", "put_bitmap"]


def put_addresses(target, events, count, width):
    """Write the events with `width` bytes each, 1 or 2."""
    at = 0
    for k in range(count):
        target[at] = events[k] & 0xFF
        if width == 2:
            target[at + 1] = events[k] >> 8
        at += width


def put_bitmap(target, size, events, count, first):
    """Write `size` bytes with a bit for each event, counted from `first`."""
    for i in range(size):
        target[i] = 0
    for k in range(count):
        bit = events[k] - first
        if 0 <= bit < 8 * size:
            target[bit >> 3] |= 1 << (bit & 7)
