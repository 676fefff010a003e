"""Add rows of weights in pairs, eight at a time, in viper.

build.py describes the method and the numbers.
"""

import micropython

from spikert.kernels.viper.words import BOTH, ROWS_BLOCKS, ROWS_STRIDE, ROWS_WEIGHT_BIAS, ROWS_ZEROS
from spikert.loops import SIGN


@micropython.viper
def add(  # noqa: PLR0915, because a call costs more than a row
    word: int, a: int, b: int, sums: int, events: ptr16
):
    """Write the sums of the rows of `events` into `sums`; see byte_rows.py for the arguments."""
    numbers = ptr32(word)
    rows = a
    count = b
    blocks = numbers[ROWS_BLOCKS]
    stride = numbers[ROWS_STRIDE]
    nothing = int(numbers) + 4 * ROWS_ZEROS
    event = int(events)
    word = (SIGN - count * numbers[ROWS_WEIGHT_BIAS]) * BOTH
    to = sums
    left = blocks
    while left:
        ptr32(to)[0] = word
        ptr32(to)[1] = word
        ptr32(to)[2] = word
        ptr32(to)[3] = word
        ptr32(to)[4] = word
        ptr32(to)[5] = word
        ptr32(to)[6] = word
        ptr32(to)[7] = word
        to += 32
        left -= 1
    while count > 0:
        a = rows + stride * ptr16(event)[0]
        b = rows + stride * ptr16(event)[1] if count > 1 else nothing
        c = rows + stride * ptr16(event)[2] if count > 2 else nothing
        d = rows + stride * ptr16(event)[3] if count > 3 else nothing
        e = rows + stride * ptr16(event)[4] if count > 4 else nothing
        f = rows + stride * ptr16(event)[5] if count > 5 else nothing
        g = rows + stride * ptr16(event)[6] if count > 6 else nothing
        h = rows + stride * ptr16(event)[7] if count > 7 else nothing
        to = sums
        left = blocks
        while left:
            word = ptr32(a)[0] + ptr32(b)[0] + ptr32(c)[0] + ptr32(d)[0]
            word = word + ptr32(e)[0] + ptr32(f)[0] + ptr32(g)[0] + ptr32(h)[0]
            ptr32(to)[0] = word + ptr32(to)[0]
            word = ptr32(a)[1] + ptr32(b)[1] + ptr32(c)[1] + ptr32(d)[1]
            word = word + ptr32(e)[1] + ptr32(f)[1] + ptr32(g)[1] + ptr32(h)[1]
            ptr32(to)[1] = word + ptr32(to)[1]
            word = ptr32(a)[2] + ptr32(b)[2] + ptr32(c)[2] + ptr32(d)[2]
            word = word + ptr32(e)[2] + ptr32(f)[2] + ptr32(g)[2] + ptr32(h)[2]
            ptr32(to)[2] = word + ptr32(to)[2]
            word = ptr32(a)[3] + ptr32(b)[3] + ptr32(c)[3] + ptr32(d)[3]
            word = word + ptr32(e)[3] + ptr32(f)[3] + ptr32(g)[3] + ptr32(h)[3]
            ptr32(to)[3] = word + ptr32(to)[3]
            word = ptr32(a)[4] + ptr32(b)[4] + ptr32(c)[4] + ptr32(d)[4]
            word = word + ptr32(e)[4] + ptr32(f)[4] + ptr32(g)[4] + ptr32(h)[4]
            ptr32(to)[4] = word + ptr32(to)[4]
            word = ptr32(a)[5] + ptr32(b)[5] + ptr32(c)[5] + ptr32(d)[5]
            word = word + ptr32(e)[5] + ptr32(f)[5] + ptr32(g)[5] + ptr32(h)[5]
            ptr32(to)[5] = word + ptr32(to)[5]
            word = ptr32(a)[6] + ptr32(b)[6] + ptr32(c)[6] + ptr32(d)[6]
            word = word + ptr32(e)[6] + ptr32(f)[6] + ptr32(g)[6] + ptr32(h)[6]
            ptr32(to)[6] = word + ptr32(to)[6]
            word = ptr32(a)[7] + ptr32(b)[7] + ptr32(c)[7] + ptr32(d)[7]
            word = word + ptr32(e)[7] + ptr32(f)[7] + ptr32(g)[7] + ptr32(h)[7]
            ptr32(to)[7] = word + ptr32(to)[7]
            a += 32
            b += 32
            c += 32
            d += 32
            e += 32
            f += 32
            g += 32
            h += 32
            to += 32
            left -= 1
        event += 16
        count -= 8
    # The neurons' loop also reads a word of two columns behind the row.
    if stride & 4:
        to = sums + stride
        ptr16(to)[0] = SIGN
        ptr16(to)[1] = SIGN
