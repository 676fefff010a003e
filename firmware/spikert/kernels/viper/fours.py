"""Add rows of bytes in viper; four rows can be added before a byte overflows.

build.py describes the method and the numbers.
"""

import micropython

from spikert.kernels.viper.words import (
    BOTH,
    EVEN_BYTES,
    ROWS_BLOCKS,
    ROWS_STRIDE,
    ROWS_WEIGHT_BIAS,
    ROWS_ZEROS,
)
from spikert.loops import SIGN


@micropython.viper
def add(  # noqa: PLR0915, because a call costs more than a row
    word: int, lanes: int, to: int, sums: int, events: ptr16
):
    """Write the sums of the rows of `events` into `sums`; see byte_rows.py for the arguments."""
    numbers = ptr32(word)
    rows = lanes
    count = to
    blocks = numbers[ROWS_BLOCKS]
    stride = numbers[ROWS_STRIDE]
    nothing = int(numbers) + 4 * ROWS_ZEROS
    event = int(events)
    lanes = (SIGN - count * numbers[ROWS_WEIGHT_BIAS]) * BOTH
    word = lanes + (lanes << 8)
    to = sums
    left = blocks
    while left:
        ptr32(to)[0] = word
        ptr32(to)[1] = lanes
        ptr32(to)[2] = word
        ptr32(to)[3] = lanes
        ptr32(to)[4] = word
        ptr32(to)[5] = lanes
        ptr32(to)[6] = word
        ptr32(to)[7] = lanes
        to += 32
        left -= 1
    lanes = EVEN_BYTES
    while count > 0:
        a = rows + stride * ptr16(event)[0]
        b = rows + stride * ptr16(event)[1] if count > 1 else nothing
        c = rows + stride * ptr16(event)[2] if count > 2 else nothing
        d = rows + stride * ptr16(event)[3] if count > 3 else nothing
        to = sums
        left = blocks
        while left:
            word = ptr32(a)[0] + ptr32(b)[0] + ptr32(c)[0] + ptr32(d)[0]
            ptr32(to)[0] = word + ptr32(to)[0]
            ptr32(to)[1] = ((word >> 8) & lanes) + ptr32(to)[1]
            word = ptr32(a)[1] + ptr32(b)[1] + ptr32(c)[1] + ptr32(d)[1]
            ptr32(to)[2] = word + ptr32(to)[2]
            ptr32(to)[3] = ((word >> 8) & lanes) + ptr32(to)[3]
            word = ptr32(a)[2] + ptr32(b)[2] + ptr32(c)[2] + ptr32(d)[2]
            ptr32(to)[4] = word + ptr32(to)[4]
            ptr32(to)[5] = ((word >> 8) & lanes) + ptr32(to)[5]
            word = ptr32(a)[3] + ptr32(b)[3] + ptr32(c)[3] + ptr32(d)[3]
            ptr32(to)[6] = word + ptr32(to)[6]
            ptr32(to)[7] = ((word >> 8) & lanes) + ptr32(to)[7]
            a += 16
            b += 16
            c += 16
            d += 16
            to += 32
            left -= 1
        event += 8
        count -= 4
    to = sums
    left = blocks
    while left:
        lanes = ptr32(to)[1]
        word = ptr32(to)[0] - (lanes << 8)
        ptr16(to)[0] = word
        ptr16(to)[1] = lanes
        ptr16(to)[2] = word >> 16
        ptr16(to)[3] = lanes >> 16
        lanes = ptr32(to)[3]
        word = ptr32(to)[2] - (lanes << 8)
        ptr16(to)[4] = word
        ptr16(to)[5] = lanes
        ptr16(to)[6] = word >> 16
        ptr16(to)[7] = lanes >> 16
        lanes = ptr32(to)[5]
        word = ptr32(to)[4] - (lanes << 8)
        ptr16(to)[8] = word
        ptr16(to)[9] = lanes
        ptr16(to)[10] = word >> 16
        ptr16(to)[11] = lanes >> 16
        lanes = ptr32(to)[7]
        word = ptr32(to)[6] - (lanes << 8)
        ptr16(to)[12] = word
        ptr16(to)[13] = lanes
        ptr16(to)[14] = word >> 16
        ptr16(to)[15] = lanes >> 16
        to += 32
        left -= 1
