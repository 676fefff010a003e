"""Words and halfwords in memory, in viper, and where numbers stand; see build.py for these."""

import micropython
from micropython import const

from spikert.loops import SIGN

BOTH = const(0x00010001)  # times this, a number is in both lanes
EVEN_BYTES = const(0x00FF00FF)  # of a word, which are its two lanes

# Of rows:
ROWS_STRIDE = const(0)
ROWS_BLOCKS = const(1)
ROWS_WEIGHT_BIAS = const(2)
ROWS_INPUTS = const(3)
ROWS_PAIRS = const(4)
ROWS_ZEROS = const(5)

# Of neurons:
NEURONS_WORDS = const(0)
NEURONS_TIMES = const(1)
NEURONS_GAIN = const(2)
NEURONS_HALVINGS = const(3)
NEURONS_LEAK_MASK = const(4)
NEURONS_FACTOR = const(5)
NEURONS_R = const(6)
NEURONS_FIRES = const(7)
NEURONS_SETS = const(8)
NEURONS_MEMBRANES = const(9)
NEURONS_CONSTANTS = const(10)


@micropython.viper
def address(buffer: ptr8) -> int:
    """Return where a buffer stands."""
    return int(buffer)


@micropython.viper
def copy(to: int, start: int, words: int):
    """Copy so many words."""
    while words:
        ptr32(to)[0] = ptr32(start)[0]
        to += 4
        start += 4
        words -= 1


@micropython.viper
def clear(target: ptr32, words: int):
    """Set so many words of two sums to 0, biased."""
    nothing = SIGN
    nothing |= nothing << 16
    for i in range(words):
        target[i] = nothing


@micropython.viper
def flip(target: ptr16, source: ptr16, maps: int, pixels: int):
    """Bias signed numbers, the same at each pixel, or undo it: both turn the sign bit."""
    at = 0
    while pixels:
        for i in range(maps):
            target[at] = source[i] ^ SIGN
            at += 1
        pixels -= 1


@micropython.viper
def shift(target: ptr16, count: int, by: int):
    """Shift so many numbers to the right, biased."""
    for i in range(count):
        target[i] = ((target[i] - SIGN) >> by) + SIGN
