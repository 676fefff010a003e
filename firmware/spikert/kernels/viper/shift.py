"""Take membranes through a step, two at a time, in viper: shift leak, no gain.

The leak is a shift, as most are. build.py describes the numbers.
"""

import micropython

from spikert.kernels.viper.words import (
    NEURONS_CONSTANTS,
    NEURONS_FIRES,
    NEURONS_HALVINGS,
    NEURONS_LEAK_MASK,
    NEURONS_MEMBRANES,
    NEURONS_SETS,
    NEURONS_TIMES,
    NEURONS_WORDS,
)
from spikert.loops import SIGN


@micropython.viper
def advance(  # noqa: PLR0915, because a call costs more than a neuron
    at: int, constants: int, word: int, events: ptr16
) -> int:
    """Take every neuron through a step; see advance.py for the arguments."""
    numbers = ptr32(constants)
    told = word
    halvings = numbers[NEURONS_HALVINGS]
    mask = numbers[NEURONS_LEAK_MASK]
    fires = numbers[NEURONS_FIRES]
    sets = numbers[NEURONS_SETS]
    words = numbers[NEURONS_WORDS] >> 1
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
            word = ptr32(drive)[0] + ptr32(constants)[0] + word - (word >> halvings & mask)
            ptr32(at)[0] = word
            if ptr32(constants)[1] + word & fires:
                fired = ptr32(constants)[1] + word & fires
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
            word = ptr32(at)[1]
            word = ptr32(drive)[1] + ptr32(constants)[3] + word - (word >> halvings & mask)
            ptr32(at)[1] = word
            if ptr32(constants)[4] + word & fires:
                fired = ptr32(constants)[4] + word & fires
                if fired & SIGN:
                    ptr16(event)[0] = ((at - membranes) >> 1) + 2
                    event += 2
                    word -= ptr16(constants)[10]
                    ptr16(at)[2] = ptr16(constants)[10] if sets else word
                if (fired >> 16) & SIGN:
                    ptr16(event)[0] = ((at - membranes) >> 1) + 3
                    event += 2
                    word = ptr16(at)[3] - ptr16(constants)[11]
                    ptr16(at)[3] = ptr16(constants)[11] if sets else word
            at += 8
            drive += 8
            constants += 24
            left -= 1
        times -= 1
    word = (event - int(events)) >> 1
    ptr32(told)[0] = word
    return word
