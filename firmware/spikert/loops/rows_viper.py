"""Add rows of weights to ulab's sums, in MicroPython's native emitter."""

import micropython


@micropython.native
def add_rows(sums, rows, events):
    """Add a row to the sums for each event."""
    for i in events:
        sums += rows[i]


@micropython.native
def add_groups(sums, rows, events, group):
    """Add rows of bytes to the sums, several at a time."""
    (data, at, stride), memory, words, octets, together = group
    left = 0
    for i in events:
        if left:
            words += rows[i]
        else:
            first = at + i * stride
            memory[:] = data[first : first + stride]
            left = together
        left -= 1
        if not left:
            sums += octets
    if left:
        sums += octets
