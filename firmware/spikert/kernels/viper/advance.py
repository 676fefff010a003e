"""Take membranes through a step, two at a time, in viper: any leak, any gain.

build.py describes the numbers.
"""

import micropython

from spikert.kernels.viper.words import (
    NEURONS_CONSTANTS,
    NEURONS_FACTOR,
    NEURONS_FIRES,
    NEURONS_GAIN,
    NEURONS_HALVINGS,
    NEURONS_LEAK_MASK,
    NEURONS_MEMBRANES,
    NEURONS_R,
    NEURONS_SETS,
    NEURONS_TIMES,
    NEURONS_WORDS,
)
from spikert.loops import SIGN


@micropython.viper
def advance(at: int, constants: int, word: int, events: ptr16) -> int:
    """Take every neuron through a step; list those that fire in `events`, return their number.

    Parameters
    ----------
    at : int
        At first the address of `work`, the sums and the membranes.
    constants : int
        At first the address of the neurons' numbers.
    word : int
        At first the address of the i32 that receives the number of neurons that fired.
    """
    numbers = ptr32(constants)
    told = word
    gain = numbers[NEURONS_GAIN]
    halvings = numbers[NEURONS_HALVINGS]
    mask = numbers[NEURONS_LEAK_MASK]
    factor = numbers[NEURONS_FACTOR]
    r = numbers[NEURONS_R]
    fires = numbers[NEURONS_FIRES]
    sets = numbers[NEURONS_SETS]
    words = numbers[NEURONS_WORDS]
    times = numbers[NEURONS_TIMES]
    drive = at
    membranes = at + numbers[NEURONS_MEMBRANES]
    at = membranes
    first = constants + 4 * NEURONS_CONSTANTS
    event = int(events)
    while times:
        constants = first
        left = words
        while left:
            word = ptr32(at)[0]
            if factor:
                leak = (word & 0xFFFF) * factor >> r
                word -= (((word >> 16) & 0xFFFF) * factor >> r << 16) + leak
            else:
                word = word - ((word >> halvings) & mask)
            word = (ptr32(drive)[0] << gain) + ptr32(constants)[0] + word
            ptr32(at)[0] = word
            if (ptr32(constants)[1] + word) & fires:
                fired = (ptr32(constants)[1] + word) & fires
                if fired & SIGN:
                    ptr16(event)[0] = (at - membranes) >> 1
                    event += 2
                    word -= ptr16(constants)[4]
                    ptr16(at)[0] = ptr16(constants)[4] if sets else word
                if (fired >> 16) & SIGN:
                    ptr16(event)[0] = ((at - membranes) >> 1) + 1
                    event += 2
                    word = ptr16(at)[1] - ptr16(constants)[5]
                    ptr16(at)[1] = ptr16(constants)[5] if sets else word
            at += 4
            drive += 4
            constants += 12
            left -= 1
        times -= 1
    word = (event - int(events)) >> 1
    ptr32(told)[0] = word
    return word
