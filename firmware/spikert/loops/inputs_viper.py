"""Readings and the steps of encoders, in MicroPython's native emitter.

Viper keeps the first three variables in registers, the others on the stack; so the hottest of each
loop come first.
"""

import micropython
from micropython import const

_SIGN = const(0x8000)


@micropython.viper
def copy(x: ptr8, readings: ptr8, channels: int):
    """Put the readings into x."""
    while channels:
        channels -= 1
        x[channels] = readings[channels]


@micropython.viper
def scale(x: ptr8, readings: ptr16, offset: ptr32, factor: ptr32, shift: int, channels: int):
    """Put the x of the readings into x."""
    i = 0
    while i < channels:
        value = (((readings[i] ^ _SIGN) - _SIGN - offset[i]) * factor[i]) >> shift
        if value < 0:
            value = 0
        elif value > 255:
            value = 255
        x[i] = value
        i += 1


@micropython.viper
def rate(x: ptr8, sums: ptr8, events: ptr16, channels: int) -> int:
    """Add x to the sums; list the inputs whose sum carried, return how many."""
    i = 0
    count = 0
    while i < channels:
        total = sums[i] + x[i]
        sums[i] = total
        if total > 255:
            events[count] = i
            count += 1
        i += 1
    return count


@micropython.viper
def draw(x: ptr8, state: ptr16, events: ptr16, channels: int) -> int:
    """Draw a number for each input; list those whose x is above it, return how many."""
    number = state[0]
    i = 0
    count = 0
    while i < channels:
        number ^= (number << 7) & 0xFFFF
        number ^= number >> 9
        number ^= (number << 8) & 0xFFFF
        if number >> 8 < x[i]:
            events[count] = i
            count += 1
        i += 1
    state[0] = number
    return count


@micropython.viper
def plan(x: ptr8, times: ptr16, steps: int, least: int, channels: int):
    """Set the time of every spike, `steps` where there is none."""
    i = 0
    while i < channels:
        if x[i] < least:
            times[i] = steps
        else:
            times[i] = ((255 - x[i]) * steps) >> 8
        i += 1


@micropython.viper
def due(times: ptr16, t: int, events: ptr16, channels: int) -> int:
    """List the inputs whose time it is, return how many."""
    i = 0
    count = 0
    while i < channels:
        if times[i] == t:
            events[count] = i
            count += 1
        i += 1
    return count


@micropython.viper
def bits(x: ptr8, mask: int, events: ptr16, channels: int) -> int:
    """List the inputs whose x has this bit, return how many."""
    i = 0
    count = 0
    while i < channels:
        if x[i] & mask:
            events[count] = i
            count += 1
        i += 1
    return count


@micropython.viper
def change(x: ptr8, references: ptr8, events: ptr16, threshold: int, channels: int) -> int:
    """List inputs 2i that rose and 2i + 1 that fell by the threshold, return how many."""
    i = 0
    count = 0
    while i < channels:
        difference = x[i] - references[i]
        if difference >= threshold:
            references[i] = references[i] + threshold
            events[count] = 2 * i
            count += 1
        elif 0 - difference >= threshold:
            references[i] = references[i] - threshold
            events[count] = 2 * i + 1
            count += 1
        i += 1
    return count
