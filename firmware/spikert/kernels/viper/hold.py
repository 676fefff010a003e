"""Compute the weighted sums of a whole input, in viper.

build.py describes the method and the numbers.
"""

import micropython

from spikert.kernels.viper.words import (
    ROWS_BLOCKS,
    ROWS_INPUTS,
    ROWS_PAIRS,
    ROWS_STRIDE,
    ROWS_WEIGHT_BIAS,
)
from spikert.loops import SIGN


@micropython.viper
def hold(  # noqa: PLR0915, because sixteen columns share the search for a row
    row: int, x: int, t0: int, values: ptr8, listed: ptr16
):
    """Write the sums of x times its row, shifted right by 8, into sums.

    Parameters
    ----------
    row : int
        At first the address of the numbers.
    x : int
        At first the address of the first row.
    t0 : int
        At first the address of the sums u16[].
    values : u8[ROWS_INPUTS], all x
    listed : u16[ROWS_INPUTS], overwritten with the x that are not 0
    """
    numbers = ptr32(row)
    column = x
    sums = t0
    inputs = numbers[ROWS_INPUTS]
    stride = numbers[ROWS_STRIDE]
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
    start *= numbers[ROWS_WEIGHT_BIAS]
    to = sums
    blocks = numbers[ROWS_BLOCKS]
    while blocks:
        t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = start
        t8 = t9 = t10 = t11 = t12 = t13 = t14 = t15 = start
        event = int(listed)
        left = count
        if numbers[ROWS_PAIRS]:
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
    # As in pairs.py.
    if numbers[ROWS_PAIRS] and stride & 4:
        to = sums + stride
        ptr16(to)[0] = SIGN
        ptr16(to)[1] = SIGN
