"""Membranes taken through a step two at a time, in viper.

A word has the membranes of two neurons, each biased by 0x8000, and another their sums, biased alike. All
that is added to both is right as a sum of whole words, as long as what it comes to fits in each lane,
which is proved. Of a biased membrane u, the leak (v * d) >> r is ((u * d) >> r) - (d << (15 - r)), and
with d a power of two it takes one shift for both. A membrane less its threshold, proved to fit as well,
has its sign bit set where the neuron fires; most often neither does, and one test shows it.

So for each two neurons there are three words: what is added in each step, namely the biases and what
the leak's and the sums' own bias amount to; the negative thresholds; and what a neuron that fires
loses, or becomes, u16[2]. In a convolution they are those of as many pixels as make FOUR neurons, which
a loop may take at a time.
"""

from array import array

import micropython
from micropython import const

WORDS = const(0)  # as many words of two membranes as there are constants for
TIMES = const(1)  # how often that makes all neurons
GAIN = const(2)
HALVINGS = const(3)  # k of a leak v >> k
LEAK_MASK = const(4)  # the bits of both lanes that such a shift leaves
FACTOR = const(5)  # d of any other leak, or 0
R = const(6)
FIRES = const(7)  # the sign bits of both lanes, or 0
SETS = const(8)
MEMBRANES = const(9)  # where they begin in `work`, in bytes
CONSTANTS = const(10)

FOUR = 4
BOTH = 0x10001  # times this, a number is in both lanes
SIGN = const(0x8000)


def fits(table):
    """Return whether the neurons of a tables.LayerTable can be taken two at a time."""
    compared = table.lanes or not table.fires
    whole = not table.geometry or not table.neurons % _period(table)
    return compared and whole and not table.floors and table.where["d"][1] == 1


def function(table):
    """Return which of the functions below is the fastest for the neurons of a table."""
    gain = 0 if table.current else table.gain
    (d,) = table.parameter("d")
    return advance if gain or not _halvings(d, table.r) else advance_by_shift


def numbers(table, membranes):
    """Return array i32: what `advance` is to know of a tables.LayerTable, see above."""
    (d,) = table.parameter("d")
    halvings = _halvings(d, table.r)
    period = _period(table)
    gain = 0 if table.current else table.gain
    mask = (0xFFFF >> halvings) * BOTH if halvings else 0
    known = array("i", (period // 2, (table.neurons + period - 1) // period, gain, halvings))
    known.extend(array("i", (mask, 0 if halvings else d, table.r)))
    known.extend(array("i", (_i32(SIGN * BOTH) if table.fires else 0, table.sets, membranes)))
    known.extend(_constants(table, period, (d << (15 - table.r)) - (SIGN << gain)))
    return known


def _period(table):
    """Return after how many neurons the constants begin again, a multiple of FOUR."""
    if not table.geometry:
        return (table.maps + FOUR - 1) // FOUR * FOUR
    pixels = 1
    while pixels * table.maps % FOUR:
        pixels += 1
    return pixels * table.maps


def _halvings(d, r):
    """Return the k of a leak v >> k, 0 of any other."""
    for power in range(8):
        if d == 1 << power:
            return r - power
    return 0


def _constants(table, period, added):
    bias, theta = table.expanded("bias"), table.expanded("theta")
    resets = table.expanded("v_reset" if table.sets else "rho")
    turned = SIGN if table.sets else 0
    maps = table.maps
    words = array("i")
    for j in range(0, period, 2):
        lanes = [0, 0, 0]
        for lane, one in ((1, BOTH - 1), (0, 1)):
            k = (j + lane) % maps if table.geometry else j + lane
            beyond = k >= maps  # where it is to stay 0
            drive = 0 if beyond or table.current else bias[k]  # a current has had its bias already
            lanes[0] += one * (added + drive)
            lanes[1] -= one * (1 if beyond else theta[k])
            lanes[2] += one * (0 if beyond else resets[k] & 0xFFFF ^ turned)
        words.extend(array("i", [_i32(number) for number in lanes]))
    return words


def _i32(number):
    return ((number + 0x80000000) & 0xFFFFFFFF) - 0x80000000


@micropython.viper
def address(buffer: ptr8) -> int:
    """Return where a buffer stands."""
    return int(buffer)


@micropython.viper
def advance(at: int, constants: int, word: int, events: ptr16) -> int:
    """Take every neuron through a step; list those that fire in `events`, return how many.

    at           at first the address of `work`, the sums and the membranes
    constants    at first the numbers'
    word         at first where to write how many fire, i32
    """
    numbers = ptr32(constants)
    told = word
    gain = numbers[GAIN]
    halvings = numbers[HALVINGS]
    mask = numbers[LEAK_MASK]
    factor = numbers[FACTOR]
    r = numbers[R]
    fires = numbers[FIRES]
    sets = numbers[SETS]
    words = numbers[WORDS]
    times = numbers[TIMES]
    drive = at
    membranes = at + numbers[MEMBRANES]
    at = membranes
    first = constants + 4 * CONSTANTS
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


@micropython.viper
def advance_by_shift(  # noqa: PLR0915, for a call costs more than a neuron
    at: int, constants: int, word: int, events: ptr16
) -> int:
    """As advance, where the leak is a shift and there is no gain; two words at a time."""
    numbers = ptr32(constants)
    told = word
    halvings = numbers[HALVINGS]
    mask = numbers[LEAK_MASK]
    fires = numbers[FIRES]
    sets = numbers[SETS]
    words = numbers[WORDS] >> 1
    times = numbers[TIMES]
    drive = at
    membranes = at + numbers[MEMBRANES]
    at = membranes
    first = constants + 4 * CONSTANTS
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
