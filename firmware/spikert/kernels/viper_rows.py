"""Rows of a dense layer's weights, added two columns at a time, in viper.

A word of bytes has four columns, and two words of sums: one to which the whole word is added, and one
of its odd bytes only, two 16-bit lanes; the even bytes' lanes are what is left of the first without
the second. A word of weights in pairs has two columns and one word of sums. In the end each sum is u16,
biased by 0x8000, in the order of the columns.

Sums are right modulo 2**32 as whole words; so however often a lane passes 16 bits on the way, it is
right in the end, for what it has come to is proved to fit.

Viper takes four instructions to add a row's word to others in one expression, but a dozen to fetch a
sum and to put it back; hence several rows at a time. Where too few are left, a row of zeros stands in.
The first three variables live in registers, two of them in a .mpy file; so the hottest come first, and
begin as arguments: addresses, for to find a buffer's takes as long as a row. `numbers` are what the
functions know of a layer, see there.
"""

from array import array

import micropython
from micropython import const

STRIDE = const(0)  # bytes in a row
BLOCKS = const(1)  # how many times BLOCK columns
WEIGHT_BIAS = const(2)
ROWS = const(3)  # how many can be inputs
PAIRS = const(4)  # whether weights stand in 16 bits
ZEROS = const(5)  # from here on a row of them

BLOCK = const(16)  # columns that the loops take at a time: sums are padded to that
BEYOND = const(32)  # bytes, as far as a block goes on behind a row
LANES = const(0x00FF00FF)
BOTH = const(0x00010001)  # times this, a number is in both lanes
SIGN = const(0x8000)


def numbers(table, rows):
    """Return array i32: what is to be known of so many rows of a tables.LayerTable."""
    blocks = padded(table.neurons) // BLOCK
    known = array("i", (table.stride, blocks, table.weight_bias, rows, table.pairs))
    known.extend(array("i", bytes(table.stride + BEYOND)))
    return known


def padded(neurons):
    """Return how many columns the sums of so many neurons have."""
    return (neurons + BLOCK - 1) & -BLOCK


def adder(table):
    """Return which of the add_... functions is the fastest for the weights of a table."""
    if table.pairs:
        return add_pairs
    if table.together >= 8:
        return add_eights
    return add_fours if table.together >= 4 else add_bytes


@micropython.viper
def add_bytes(  # noqa: PLR0915, for a call costs more than a row
    word: int, odd: int, lanes: int, sums: int, events: ptr16
):
    """Put the sums of the rows of `events` into `sums`, four rows at a time.

    word    at first the address of the numbers
    odd     at first that of the first row
    lanes   at first how many events there are
    """
    numbers = ptr32(word)
    rows = odd
    count = lanes
    blocks = numbers[BLOCKS]
    stride = numbers[STRIDE]
    nothing = int(numbers) + 4 * ZEROS
    event = int(events)
    odd = (SIGN - count * numbers[WEIGHT_BIAS]) * BOTH
    word = odd + (odd << 8)
    lanes = sums  # in a register, as long as it is not needed
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
    lanes = LANES
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


@micropython.viper
def add_fours(  # noqa: PLR0915, for a call costs more than a row
    word: int, lanes: int, to: int, sums: int, events: ptr16
):
    """As add_bytes, where four rows can be added before a byte overflows."""
    numbers = ptr32(word)
    rows = lanes
    count = to
    blocks = numbers[BLOCKS]
    stride = numbers[STRIDE]
    nothing = int(numbers) + 4 * ZEROS
    event = int(events)
    lanes = (SIGN - count * numbers[WEIGHT_BIAS]) * BOTH
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
    lanes = LANES
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


@micropython.viper
def add_eights(  # noqa: PLR0915, for a call costs more than a row
    word: int, lanes: int, to: int, sums: int, events: ptr16
):
    """As add_bytes, where eight rows can be added before a byte overflows."""
    numbers = ptr32(word)
    rows = lanes
    count = to
    blocks = numbers[BLOCKS]
    stride = numbers[STRIDE]
    nothing = int(numbers) + 4 * ZEROS
    event = int(events)
    lanes = (SIGN - count * numbers[WEIGHT_BIAS]) * BOTH
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
    lanes = LANES
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
            ptr32(to)[1] = ((word >> 8) & lanes) + ptr32(to)[1]
            word = ptr32(a)[1] + ptr32(b)[1] + ptr32(c)[1] + ptr32(d)[1]
            word = word + ptr32(e)[1] + ptr32(f)[1] + ptr32(g)[1] + ptr32(h)[1]
            ptr32(to)[2] = word + ptr32(to)[2]
            ptr32(to)[3] = ((word >> 8) & lanes) + ptr32(to)[3]
            word = ptr32(a)[2] + ptr32(b)[2] + ptr32(c)[2] + ptr32(d)[2]
            word = word + ptr32(e)[2] + ptr32(f)[2] + ptr32(g)[2] + ptr32(h)[2]
            ptr32(to)[4] = word + ptr32(to)[4]
            ptr32(to)[5] = ((word >> 8) & lanes) + ptr32(to)[5]
            word = ptr32(a)[3] + ptr32(b)[3] + ptr32(c)[3] + ptr32(d)[3]
            word = word + ptr32(e)[3] + ptr32(f)[3] + ptr32(g)[3] + ptr32(h)[3]
            ptr32(to)[6] = word + ptr32(to)[6]
            ptr32(to)[7] = ((word >> 8) & lanes) + ptr32(to)[7]
            a += 16
            b += 16
            c += 16
            d += 16
            e += 16
            f += 16
            g += 16
            h += 16
            to += 32
            left -= 1
        event += 16
        count -= 8
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


@micropython.viper
def add_pairs(  # noqa: PLR0915, for a call costs more than a row
    word: int, a: int, b: int, sums: int, events: ptr16
):
    """As add_bytes, of weights in pairs."""
    numbers = ptr32(word)
    rows = a
    count = b
    blocks = numbers[BLOCKS]
    stride = numbers[STRIDE]
    nothing = int(numbers) + 4 * ZEROS
    event = int(events)
    word = (SIGN - count * numbers[WEIGHT_BIAS]) * BOTH
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
    if stride & 4:  # a word of two columns behind the row, which the neurons' loop reads as well
        to = sums + stride
        ptr16(to)[0] = SIGN
        ptr16(to)[1] = SIGN


@micropython.viper
def hold(  # noqa: PLR0915, for sixteen columns share what it takes to find a row
    row: int, x: int, t0: int, values: ptr8, listed: ptr16
):
    """Put the sums of x times its row, shifted right by 8, into sums.

    row       at first the address of the numbers
    x         at first that of the first row
    t0        at first that of the sums u16[]
    values    u8[ROWS], all x
    listed    u16[ROWS], to be overwritten: those that are not 0
    """
    numbers = ptr32(row)
    column = x
    sums = t0
    inputs = numbers[ROWS]
    stride = numbers[STRIDE]
    count = 0
    start = 0
    x = 0
    while x < inputs:
        row = values[x]
        if row:
            listed[count] = x
            count += 1
            start -= row
        x += 1
    start *= numbers[WEIGHT_BIAS]
    to = sums
    blocks = numbers[BLOCKS]
    while blocks:
        t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = start
        t8 = t9 = t10 = t11 = t12 = t13 = t14 = t15 = start
        event = int(listed)
        left = count
        if numbers[PAIRS]:
            while left:
                x = ptr16(event)[0]
                row = column + stride * x
                x = values[x]
                t0 = ptr16(row)[0] * x + t0
                t1 = ptr16(row)[1] * x + t1
                t2 = ptr16(row)[2] * x + t2
                t3 = ptr16(row)[3] * x + t3
                t4 = ptr16(row)[4] * x + t4
                t5 = ptr16(row)[5] * x + t5
                t6 = ptr16(row)[6] * x + t6
                t7 = ptr16(row)[7] * x + t7
                t8 = ptr16(row)[8] * x + t8
                t9 = ptr16(row)[9] * x + t9
                t10 = ptr16(row)[10] * x + t10
                t11 = ptr16(row)[11] * x + t11
                t12 = ptr16(row)[12] * x + t12
                t13 = ptr16(row)[13] * x + t13
                t14 = ptr16(row)[14] * x + t14
                t15 = ptr16(row)[15] * x + t15
                event += 2
                left -= 1
            column += 32
        else:
            while left:
                x = ptr16(event)[0]
                row = column + stride * x
                x = values[x]
                t0 = ptr8(row)[0] * x + t0
                t1 = ptr8(row)[1] * x + t1
                t2 = ptr8(row)[2] * x + t2
                t3 = ptr8(row)[3] * x + t3
                t4 = ptr8(row)[4] * x + t4
                t5 = ptr8(row)[5] * x + t5
                t6 = ptr8(row)[6] * x + t6
                t7 = ptr8(row)[7] * x + t7
                t8 = ptr8(row)[8] * x + t8
                t9 = ptr8(row)[9] * x + t9
                t10 = ptr8(row)[10] * x + t10
                t11 = ptr8(row)[11] * x + t11
                t12 = ptr8(row)[12] * x + t12
                t13 = ptr8(row)[13] * x + t13
                t14 = ptr8(row)[14] * x + t14
                t15 = ptr8(row)[15] * x + t15
                event += 2
                left -= 1
            column += 16
        ptr16(to)[0] = (t0 >> 8) + SIGN
        ptr16(to)[1] = (t1 >> 8) + SIGN
        ptr16(to)[2] = (t2 >> 8) + SIGN
        ptr16(to)[3] = (t3 >> 8) + SIGN
        ptr16(to)[4] = (t4 >> 8) + SIGN
        ptr16(to)[5] = (t5 >> 8) + SIGN
        ptr16(to)[6] = (t6 >> 8) + SIGN
        ptr16(to)[7] = (t7 >> 8) + SIGN
        ptr16(to)[8] = (t8 >> 8) + SIGN
        ptr16(to)[9] = (t9 >> 8) + SIGN
        ptr16(to)[10] = (t10 >> 8) + SIGN
        ptr16(to)[11] = (t11 >> 8) + SIGN
        ptr16(to)[12] = (t12 >> 8) + SIGN
        ptr16(to)[13] = (t13 >> 8) + SIGN
        ptr16(to)[14] = (t14 >> 8) + SIGN
        ptr16(to)[15] = (t15 >> 8) + SIGN
        to += 32
        blocks -= 1
    if numbers[PAIRS] and stride & 4:  # as in add_pairs
        to = sums + stride
        ptr16(to)[0] = SIGN
        ptr16(to)[1] = SIGN
