"""Words and halfwords in memory, in viper."""

import micropython
from micropython import const

_SIGN = const(0x8000)


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
    nothing = _SIGN
    nothing |= nothing << 16
    for i in range(words):
        target[i] = nothing


@micropython.viper
def flip(target: ptr16, source: ptr16, maps: int, pixels: int):
    """Bias signed numbers, the same at each pixel, or undo it: both turn the sign bit."""
    at = 0
    while pixels:
        for i in range(maps):
            target[at] = source[i] ^ _SIGN
            at += 1
        pixels -= 1


@micropython.viper
def shift(target: ptr16, count: int, by: int):
    """Shift so many numbers to the right, biased."""
    for i in range(count):
        target[i] = ((target[i] - _SIGN) >> by) + _SIGN
