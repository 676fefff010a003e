"""Prepare a layer for the functions of the `viper` kernel.

This module is only needed while the layer is made.

Rows of a dense layer's weights are added two columns at a time. A word of bytes has four columns and
two words of sums, each with two 16-bit lanes. The first sums whole words, the second only their odd
bytes. The even bytes' sums are the first less the second. A word of weights in pairs has two columns
and one word of sums. In the end each sum is u16, biased by 0x8000, in the order of the columns.

Sums are right modulo 2**32 as whole words. A lane may pass 16 bits on the way; it is right in the end,
because its final value is proved to fit.

Viper takes four instructions to add a row's word to others in one expression, but a dozen to fetch a
sum and to store it; hence several rows at a time. If too few are left, a row of zeros replaces them.
fours.py and eights.py are one loop, for four and for eight rows. They stay two files: viper has no
macros, and the lines of a generated file would not be those of a traceback.
The first three variables live in registers, two of them in a .mpy file; so the most used come first, and
start as arguments. They are addresses, because finding a buffer's address takes as long as a row. The
numbers of rows are i32:

    ROWS_STRIDE         bytes in a row
    ROWS_BLOCKS         number of blocks of BLOCK columns
    ROWS_WEIGHT_BIAS    the bias of each weight
    ROWS_INPUTS         number of inputs
    ROWS_PAIRS          whether weights have 16 bits
    ROWS_ZEROS          from here on a row of zeros

Neurons are taken through a step two at a time as well. A word has the membranes of two, each biased by
0x8000, and another their sums, biased alike. A term added to both is right as a sum of whole words, if
the result fits in each lane, which is proved. Of a biased membrane u, the leak (v * d) >> r is
((u * d) >> r) - (d << (15 - r)). With d a power of two it takes one shift for both. A membrane less
its threshold, proved to fit as well, has its sign bit set if the neuron fires. Most often neither does,
and one test shows it. The numbers of neurons:

    NEURONS_WORDS          number of words of two membranes that the constants cover
    NEURONS_TIMES          number of repetitions that cover all neurons
    NEURONS_GAIN           of the sums
    NEURONS_HALVINGS       k of a leak v >> k
    NEURONS_LEAK_MASK      the bits of both lanes that remain after such a shift
    NEURONS_FACTOR, NEURONS_R    d of any other leak, or 0; and r
    NEURONS_FIRES          the sign bits of both lanes, or 0
    NEURONS_SETS           whether a neuron that fires is set to a value; otherwise it loses that value
    NEURONS_MEMBRANES      offset of the membranes behind the sums, in bytes
    NEURONS_CONSTANTS      from here on three words for each two neurons. The first is added in each
                           step: the biases and the effect of the leak's and the sums' own bias. The
                           second is the negative thresholds. The third is the value that a neuron
                           that fires loses, or is set to, u16[2]. A convolution has them for as many
                           pixels as make FOUR neurons, which a loop may take at a time
"""

from array import array

from spikert.compat import const
from spikert.kernels.viper.words import BOTH
from spikert.loops import SIGN

# Columns that the loops take at a time; sums are padded to a multiple.
BLOCK = const(16)
# Bytes that a block reads behind a row.
BEYOND = const(32)
FOUR = const(4)


def padded(neurons):
    """Return the number of columns of the sums of `neurons` neurons."""
    return (neurons + BLOCK - 1) & -BLOCK


def rows(table, count):
    """Return array i32: the numbers of `count` rows of a tables.LayerTable."""
    blocks = padded(table.neurons) // BLOCK
    known = array("i", (table.stride, blocks, table.weight_bias, count, table.pairs))
    known.extend(array("i", bytes(table.stride + BEYOND)))
    return known


def adder(table):
    """Return the fastest function for the weights of a table."""
    if table.pairs:
        from spikert.kernels.viper import pairs as module
    elif table.together >= 8:
        from spikert.kernels.viper import eights as module
    elif table.together >= 4:
        from spikert.kernels.viper import fours as module
    else:
        from spikert.kernels.viper import byte_rows as module
    return module.add


def advancer(table):
    """Return the fastest function for the neurons of a table."""
    gain = 0 if table.current else table.gain
    (d,) = table.parameter("d")
    if gain or not _halvings(d, table.r):
        from spikert.kernels.viper import advance as module
    else:
        from spikert.kernels.viper import shift as module
    return module.advance


def fits(table):
    """Return whether the neurons of a tables.LayerTable can be taken two at a time."""
    compared = table.lanes or not table.fires
    whole = not table.geometry or not table.neurons % _period(table)
    return compared and whole and not table.floors and table.where["d"][1] == 1


def neurons(table, membranes):
    """Return array i32: the numbers of the neurons of a tables.LayerTable."""
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
    """Return the number of neurons after which the constants repeat, a multiple of FOUR."""
    if not table.geometry:
        return (table.maps + FOUR - 1) // FOUR * FOUR
    pixels = 1
    while pixels * table.maps % FOUR:
        pixels += 1
    return pixels * table.maps


def _halvings(d, r):
    """Return the k of a leak v >> k, 0 for any other leak."""
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
            # A column beyond the neurons stays 0.
            beyond = k >= maps
            # The current already contains the bias.
            drive = 0 if beyond or table.current else bias[k]
            lanes[0] += one * (added + drive)
            lanes[1] -= one * (1 if beyond else theta[k])
            lanes[2] += one * (0 if beyond else resets[k] & 0xFFFF ^ turned)
        words.extend(array("i", [_i32(number) for number in lanes]))
    return words


def _i32(number):
    return ((number + 0x80000000) & 0xFFFFFFFF) - 0x80000000
