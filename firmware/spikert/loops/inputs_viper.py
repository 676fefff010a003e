"""Copy readings, and step the encoders, in MicroPython's native emitter.

Viper keeps the first three variables in registers, the others on the stack; so the most used of each
loop come first.
"""

import micropython


@micropython.viper
def copy(x: ptr8, readings: ptr8, channels: int):
    """Copy the readings into x."""
    while channels:
        channels -= 1
        x[channels] = readings[channels]


@micropython.viper
def rate(x: ptr8, sums: ptr8, events: ptr16, channels: int) -> int:
    """Add x to the sums; list the inputs whose sum carried, return their number."""
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
    """Draw a number for each input; list those whose x is above it, return their number."""
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


def planning(*parts):
    """Return a function that sorts the inputs of an x by the time of their spike."""

    @micropython.native
    def plan(x):
        times, ends, events, steps, least, channels = parts
        _plan(x, times, ends, events, steps, least, channels)

    return plan


@micropython.viper
def _plan(x: ptr8, times: ptr16, ends: ptr16, events: ptr16, steps: int, least: int, channels: int):
    t = 0
    while t <= steps:
        ends[t] = 0
        t += 1
    # The number of the next step.
    ends[t] = 0
    i = 0
    while i < channels:
        t = steps
        if x[i] >= least:
            t = ((255 - x[i]) * steps) >> 8
        times[i] = t
        ends[t] = ends[t] + 1
        i += 1
    at = 0
    t = 0
    while t <= steps:
        count = ends[t]
        ends[t] = at
        at += count
        t += 1
    i = 0
    while i < channels:
        t = times[i]
        at = ends[t]
        events[at] = i
        ends[t] = at + 1
        i += 1


@micropython.viper
def due(ends: ptr16, next_at: int, events: ptr16, nothing: object) -> int:
    """Move the inputs of the present step to the front of the events, return their number."""
    t = ends[next_at]
    ends[next_at] = t + 1
    first = 0
    if t:
        first = ends[t - 1]
    count = ends[t] - first
    if first:
        i = 0
        while i < count:
            events[i] = events[first + i]
            i += 1
    return count


@micropython.viper
def bits(x: ptr8, shifts: ptr16, events: ptr16, channels: int) -> int:
    """List the inputs whose x has the next bit, return their number."""
    shift = shifts[0] + 1
    if shift == shifts[1]:
        shift = 0
    shifts[0] = shift
    mask = 0x80 >> shift
    i = 0
    count = 0
    while i < channels:
        if x[i] & mask:
            events[count] = i
            count += 1
        i += 1
    return count


@micropython.viper
def change(x: ptr8, references: ptr8, events: ptr16, numbers: ptr16) -> int:
    """List inputs 2i that rose and 2i + 1 that fell by the threshold, return their number."""
    threshold = numbers[0]
    channels = numbers[1]
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
