"""Prepare a layer and a chain for the code of the `thumb` kernel.

This module is only needed while they are made. rows.py, fire.py and chained.py describe the numbers of
a block and their offsets. Addresses keep no object alive, so the owner of a block also has to hold the
objects whose addresses it contains.
"""

from array import array

from spikert.kernels.thumb import chained as chains
from spikert.kernels.thumb import fire as neurons
from spikert.kernels.thumb import rows
from spikert.kernels.thumb.byte_rows import (
    BYTES_COLUMNS,
    EIGHT_END,
    EIGHT_GROUP,
    EIGHT_HEAD,
    EIGHT_ROW,
    FOURS_END,
    FOURS_HEAD,
    FOURS_SPLIT,
    MOST_GROUP,
    SPLIT_END,
    SPLIT_HEAD,
    SPLIT_ROW,
)
from spikert.kernels.thumb.pairs import PAIRS_COLUMNS, PAIRS_END, PAIRS_GROUP, PAIRS_HEAD, PAIRS_ROW
from spikert.loops import SIGN

# Bytes of a record with d and below.
LONG = 24
# The sign bits of both halves.
SIGNS = -0x7FFF8000
# Words of a list besides rows and whole groups: four of partial groups, and those of the end.
SPARE = 8


def chain(layers, fired, readout):
    """Return array i32, the numbers of chained.py for layers in a row, and the objects to keep."""
    at, read = rows.address(fired), chains.count if readout.counts else chains.follow
    for k, layer in enumerate(layers):
        layer.block[neurons.FIRED // 4] = at + 4 * k
        layer.block[neurons.NEXT // 4] = rows.address(layers[min(k + 1, len(layers) - 1)].block)
    code = read() if readout.counts or readout.follows else 0
    block = _chain(layers[0], layers[-1], code, rows.address(readout.scores))
    return block, (layers[1:], fired, readout.scores, read)


def _chain(first, last, read, scores):
    blocks = rows.address(first.block), rows.address(last.block)
    return array("i", blocks + (read, scores, chains.unpack(), rows.address(last.raw)))


class Layer:
    """The memory of a dense layer.

    Attributes
    ----------
    place : int, the address of the package's _place
    block : i32[], the layer's numbers for the code
    alone : i32[], the chain of this layer
    count : i32[1], number of neurons that fired, unless a chain has another place for it
    records : u16[], a record for each pair of neurons, and for each further pair of sums
    taken : u16[neurons], the value that a neuron that fires loses, or is set to
    starts : u16[1 or pairs, 2], membranes at the start
    held : i32[pairs] of a recurrent layer, the held sums
    words : int, of the list of rows
    kept : the objects behind the block's addresses: buffers, and functions whose code is called
    """

    def __init__(self, table, place):
        self.table = table
        self.block = array("i", bytes(4 * neurons.NUMBERS))
        # The order of neurons in two records.
        self.order = (0, 1, 2, 3) if table.pairs else (0, 2, 1, 3)
        self.events = array("H", bytes(2 * table.neurons))
        self.count = array("i", (0,))
        self.fours = (table.neurons + 3) // 4
        self.raw = bytearray(8 * self.fours)
        self.held = array("i", bytes(8 * self.fours)) if table.recurrent else None
        self._describe_neurons()
        self._describe_weights(place)
        self._fill_records()
        self.alone = _chain(self, self, 0, 0)
        buffers = self.alone, self.count, self.records, self.taken, self.starts, self.held
        code = self.add, rows.lister, neurons.fire, chains.unpack
        self.kept = buffers + (table.data,) + code

    def _describe_weights(self, place):
        """Write the numbers of rows.py into `block`, except for the records."""
        table = self.table
        short = self.size == neurons.SHORT and not table.gain
        code = self._describe_code(short)
        self.words = table.rows + table.rows // self.block[rows.GROUP // 4] + SPARE
        weights = rows.address(table.data) + table.weights
        self._write(rows.ADD, code)
        self._write(rows.LISTER, rows.lister())
        self._write(rows.LIST, place)
        self._write(rows.WEIGHTS, weights)
        self._write(rows.OWN_WEIGHTS, weights + table.inputs * table.stride)
        self._write(rows.STRIDE, table.stride)
        self._write(rows.UNIT, -0x10001 * table.weight_bias)
        self._write(rows.GAIN, table.gain)
        self._write(rows.SPREAD, 2 if table.pairs else 1)

    def _describe_code(self, short):
        """Write the addresses of the code that adds rows; return the address of all of it."""
        table, split = self.table, 0
        if table.pairs:
            from spikert.kernels.thumb import pairs as module

            head, end, row, group = PAIRS_HEAD, PAIRS_END, PAIRS_ROW, PAIRS_GROUP
        else:
            from spikert.kernels.thumb import byte_rows as module

            row, group = SPLIT_ROW, MOST_GROUP
            if table.together < 2:
                head, end, row, group = EIGHT_HEAD, EIGHT_END, EIGHT_ROW, EIGHT_GROUP
            elif 4 <= table.together < 8:
                head, end, split = FOURS_HEAD, FOURS_END, FOURS_SPLIT
            else:
                head, end = SPLIT_HEAD, SPLIT_END
                while group > table.together:
                    group //= 2
        self.add = module.add
        code = module.add()
        at = code & -2
        self._write(rows.GROUP_HEAD, at + head)
        self._write(rows.GROUP_CODE, at + end - group * row - (group - 1) // 4 * split)
        self._write(rows.GROUP_END, at + end)
        self._write(rows.ROW_CODE, row)
        self._write(rows.SPLIT_CODE, split)
        self._write(rows.GROUP, group)
        self._write(rows.BLOCK_END, at + (rows.SHORT_END if short else rows.ANY_END))
        return code

    def _describe_neurons(self):
        """Write the numbers of fire.py into `block`, except for the records."""
        table = self.table
        k = _shift(table)
        short = k is not None and table.fires and not table.floors
        self.size = neurons.SHORT if short else LONG
        self.taken = table.expanded("v_reset" if table.sets else "rho")
        if table.sets:
            for j in range(len(self.taken)):
                self.taken[j] ^= -SIGN
        places = (0, 2, self.size, self.size + 2)
        places = [places[k] for k in self.order]
        self._write(rows.EVENTS, rows.address(self.events))
        self._write(neurons.NEXT, rows.address(self.block))
        self._write(neurons.FIRED, rows.address(self.count))
        self._write(neurons.LEAK, k if short else table.r)
        self._write(neurons.KEPT, ((0xFFFF >> k) * 0x10001 if k < 16 else -1) if short else 0)
        self._write(neurons.FIRE_SIGNS, SIGNS if table.fires else 0)
        self._write(neurons.FLOOR_SIGNS, SIGNS if table.floors else 0)
        self._write(neurons.FOUR_FACTOR, (0x80000 + self.size - 1) // self.size)
        self._write(neurons.NEURONS, table.neurons)
        self._write(neurons.PLACES, sum([places[k] << 8 * k for k in range(4)]))
        self._write(neurons.TAKEN, rows.address(self.taken))
        self._write(neurons.RESET_SETS, table.sets)
        self._write(neurons.HELD, rows.address(self.held) if self.held else 0)
        self._write(neurons.FIRE, neurons.fire())

    def _fill_records(self):
        """Make records of the parameters, and `starts`."""
        table, size = self.table, self.size
        columns = PAIRS_COLUMNS if table.pairs else BYTES_COLUMNS
        pairs = -(-table.neurons // columns) * columns // 2
        self.records = array("H", bytes(size * max(pairs, (self.fours + 1) // 2 * 4)))
        at = rows.address(self.records)
        self._write(rows.RECORDS, at)
        self._write(rows.RECORD, size)
        self._write(rows.END, at + size * 2 * self.fours - 1)
        self._write(rows.SUMS_END, at + size * pairs - 1)
        bias, d, k = list(table.expanded("bias")), table.expanded("d"), _shift(table)
        for j in range(len(bias)):
            if size == LONG:
                bias[j] += d[j] << 15 - table.r
            elif k < 16:
                bias[j] += SIGN >> k
        self._fill(2, bias, 1, 0)
        self._fill(4, table.expanded("theta"), -1, 0)
        if size == LONG:
            self._fill(6, d, 1, 0)
            self._fill(8, table.expanded("low"), 1, 0xFFFF)
        self.starts = array("H")
        starts = table.parameter("v_start")
        order = self.order if len(starts) > 1 else (0, 0)
        for four in range(self.fours if len(starts) > 1 else 1):
            for k in order:
                self.starts.append(starts[min(4 * four + k, len(starts) - 1)] + SIGN)
        self._write(neurons.STARTS, rows.address(self.starts))
        self._write(neurons.NEXT_START, 4 if len(starts) > 1 else 0)

    def _fill(self, word, values, sign, plus):
        """Write a word of all records: values times sign, and plus."""
        at, last = word, len(values) - 1
        for four in range(self.fours):
            for k in range(0, 4, 2):
                low = values[min(4 * four + self.order[k], last)] * sign + plus
                high = values[min(4 * four + self.order[k + 1], last)] * sign + plus
                self.records[at] = low & 0xFFFF
                self.records[at + 1] = (high + (low >> 16)) & 0xFFFF
                at += self.size // 2

    def _write(self, field, number):
        self.block[field // 4] = number


def _shift(table):
    """Return k if every leak is V >> k, 32 without a leak, and None if the leaks are no shift."""
    d = table.parameter("d")
    if len(d) > 1 or d[0] & (d[0] - 1):
        return None
    k = table.r
    while d[0] > 1 << (table.r - k):
        k -= 1
    return k if d[0] else 32
