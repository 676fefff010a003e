"""Membranes taken through a step two at a time, in viper: any leak, any gain.

See viper_build.py for the numbers.
"""

import micropython
from micropython import const

_WORDS = const(0)  # in the numbers, see viper_build.py
_TIMES = const(1)
_GAIN = const(2)
_HALVINGS = const(3)
_LEAK_MASK = const(4)
_FACTOR = const(5)
_R = const(6)
_FIRES = const(7)
_SETS = const(8)
_MEMBRANES = const(9)
_CONSTANTS = const(10)
_SIGN = const(0x8000)


@micropython.viper
def advance(at: int, constants: int, word: int, events: ptr16) -> int:
    """Take every neuron through a step; list those that fire in `events`, return how many.

    at           at first the address of `work`, the sums and the membranes
    constants    at first the numbers'
    word         at first where to write how many fire, i32
    """
    numbers = ptr32(constants)
    told = word
    gain = numbers[_GAIN]
    halvings = numbers[_HALVINGS]
    mask = numbers[_LEAK_MASK]
    factor = numbers[_FACTOR]
    r = numbers[_R]
    fires = numbers[_FIRES]
    sets = numbers[_SETS]
    words = numbers[_WORDS]
    times = numbers[_TIMES]
    drive = at
    membranes = at + numbers[_MEMBRANES]
    at = membranes
    first = constants + 4 * _CONSTANTS
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
                if fired & _SIGN:
                    ptr16(event)[0] = (at - membranes) >> 1
                    event += 2
                    word -= ptr16(constants)[4]
                    ptr16(at)[0] = ptr16(constants)[4] if sets else word
                if (fired >> 16) & _SIGN:
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
