"""Copy, clear and shift words in memory, in viper.

The constants are the offsets of the numbers that build.py describes."""

import micropython
from micropython import const

from spikert.loops import SIGN

BOTH = const(0x00010001)  # times a number, it puts it into both lanes
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
    """Return the address of a buffer."""
    return int(buffer)


@micropython.viper
def copy(to: int, start: int, words: int):
    """Copy `words` words."""
    while words:
        ptr32(to)[0] = ptr32(start)[0]
        to += 4
        start += 4
        words -= 1


@micropython.viper
def clear(target: ptr32, words: int):
    """Set `words` words of two biased sums to 0."""
    nothing = SIGN
    nothing |= nothing << 16
    for i in range(words):
        target[i] = nothing


@micropython.viper
def flip(target: ptr16, source: ptr16, maps: int, pixels: int):
    """Bias signed numbers, the same at each pixel, or undo it: both invert the sign bit."""
    at = 0
    while pixels:
        for i in range(maps):
            target[at] = source[i] ^ SIGN
            at += 1
        pixels -= 1


@micropython.viper
def shift(target: ptr16, count: int, by: int):
    """Shift `count` biased numbers to the right."""
    for i in range(count):
        target[i] = ((target[i] - SIGN) >> by) + SIGN
