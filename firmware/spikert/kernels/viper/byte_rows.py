"""Add rows of bytes, four at a time, in viper.

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
    word: int, odd: int, lanes: int, sums: int, events: ptr16
):
    """Write the sums of the rows of `events` into `sums`, four rows at a time.

    Parameters
    ----------
    word : int
        At first the address of the numbers.
    odd : int
        At first the address of the first row.
    lanes : int
        At first the number of events.
    sums : int
        Address.
    events : u16[]
    """
    numbers = ptr32(word)
    rows = odd
    count = lanes
    blocks = numbers[ROWS_BLOCKS]
    stride = numbers[ROWS_STRIDE]
    nothing = int(numbers) + 4 * ROWS_ZEROS
    event = int(events)
    odd = (SIGN - count * numbers[ROWS_WEIGHT_BIAS]) * BOTH
    word = odd + (odd << 8)
    # In a register, until `lanes` is needed.
    lanes = sums
    left = blocks
    while left:
        ptr32(lanes)[0] = word
        ptr32(lanes)[1] = odd
        ptr32(lanes)[2] = word
        ptr32(lanes)[3] = odd
        ptr32(lanes)[4] = word
        ptr32(lanes)[5] = odd
        ptr32(lanes)[6] = word
        ptr32(lanes)[7] = odd
        lanes += 32
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
            odd = ptr32(to)[1]
            word = ptr32(a)[0]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(b)[0]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(c)[0]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(d)[0]
            odd = ((word >> 8) & lanes) + odd
            ptr32(to)[1] = odd
            ptr32(to)[0] = word + ptr32(to)[0] + ptr32(a)[0] + ptr32(b)[0] + ptr32(c)[0]
            odd = ptr32(to)[3]
            word = ptr32(a)[1]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(b)[1]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(c)[1]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(d)[1]
            odd = ((word >> 8) & lanes) + odd
            ptr32(to)[3] = odd
            ptr32(to)[2] = word + ptr32(to)[2] + ptr32(a)[1] + ptr32(b)[1] + ptr32(c)[1]
            odd = ptr32(to)[5]
            word = ptr32(a)[2]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(b)[2]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(c)[2]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(d)[2]
            odd = ((word >> 8) & lanes) + odd
            ptr32(to)[5] = odd
            ptr32(to)[4] = word + ptr32(to)[4] + ptr32(a)[2] + ptr32(b)[2] + ptr32(c)[2]
            odd = ptr32(to)[7]
            word = ptr32(a)[3]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(b)[3]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(c)[3]
            odd = ((word >> 8) & lanes) + odd
            word = ptr32(d)[3]
            odd = ((word >> 8) & lanes) + odd
            ptr32(to)[7] = odd
            ptr32(to)[6] = word + ptr32(to)[6] + ptr32(a)[3] + ptr32(b)[3] + ptr32(c)[3]
            a += 16
            b += 16
            c += 16
            d += 16
            to += 32
            left -= 1
        event += 8
        count -= 4
    lanes = sums
    left = blocks
    while left:
        odd = ptr32(lanes)[1]
        word = ptr32(lanes)[0] - (odd << 8)
        ptr16(lanes)[0] = word
        ptr16(lanes)[1] = odd
        ptr16(lanes)[2] = word >> 16
        ptr16(lanes)[3] = odd >> 16
        odd = ptr32(lanes)[3]
        word = ptr32(lanes)[2] - (odd << 8)
        ptr16(lanes)[4] = word
        ptr16(lanes)[5] = odd
        ptr16(lanes)[6] = word >> 16
        ptr16(lanes)[7] = odd >> 16
        odd = ptr32(lanes)[5]
        word = ptr32(lanes)[4] - (odd << 8)
        ptr16(lanes)[8] = word
        ptr16(lanes)[9] = odd
        ptr16(lanes)[10] = word >> 16
        ptr16(lanes)[11] = odd >> 16
        odd = ptr32(lanes)[7]
        word = ptr32(lanes)[6] - (odd << 8)
        ptr16(lanes)[12] = word
        ptr16(lanes)[13] = odd
        ptr16(lanes)[14] = word >> 16
        ptr16(lanes)[15] = odd >> 16
        lanes += 32
        left -= 1
