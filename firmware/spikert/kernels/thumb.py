"""The kernel in assembler for ARM's Thumb-1: two 16-bit sums in a word, and a membrane beside them.

It steps dense layers of which two neurons may be compared in one word; all others are viper's. See
thumb_sums.py for the weighted sums and thumb_fire.py for the neurons.
"""

from array import array

import micropython

from spikert.kernels import thumb_fire as neurons
from spikert.kernels import thumb_sums as sums

SHORT = 16  # bytes of a record: sum, add, level, membrane
LONG = 24  # with d and below
SIGN = 0x8000
SIGNS = -0x7FFF8000  # of both halves

_list = array("i")  # of rows, which all layers share
_place = array("i", (0, 0))  # where it stands, and how many words it has


def Layer(table):
    """Return a layer of integer leaky integrate-and-fire neurons; see the package for the contract."""
    if table.geometry or table.current or not table.lanes:
        from spikert.kernels import viper  # not before it is needed, for it takes room

        return viper.Layer(table)
    return Dense(table)


class Dense:
    """A dense layer of integer leaky integrate-and-fire neurons.

    block      i32[], what the code knows of the layer
    step, hold, reset    functions, those of the contract
    peek       what loops.py reads membranes with
    records    u16[], a record for each pair of neurons, and as many more as sums are written to
    taken      u16[neurons], what a neuron that fires loses, or becomes
    starts     u16[1 or pairs, 2], membranes at the start
    held       i32[pairs] of a recurrent layer, the sums of what was held
    """

    def __init__(self, table):
        self.table = table
        self.block = array("i", bytes(4 * neurons.NUMBERS))
        self.order = (0, 1, 2, 3) if table.pairs else (0, 2, 1, 3)  # of neurons in two records
        self.events = array("H", bytes(2 * table.neurons))
        self.fours = (table.neurons + 3) // 4
        self.raw = bytearray(8 * self.fours)
        self.view = memoryview(self.raw)[: 2 * table.neurons]
        self.held = array("i", bytes(8 * self.fours)) if table.recurrent else None
        self._describe_neurons()
        self._describe_weights()
        self._fill_records()
        self.v = _Membranes(self)
        at = sums.address(self.block)
        self.step, self.hold, self.reset = _functions(at, table.inputs)
        self.peek = (neurons.unpack, at, self.raw, SIGN)
        self.reset()

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        neurons.unpack(self.block, self.raw)
        return self.view

    def _describe_weights(self):
        """Write what thumb_sums.py asks for into `block`, but for the records."""
        table = self.table
        code = sums.add_pairs() if table.pairs else sums.add_bytes()
        if table.pairs:
            head, end, row = sums.PAIRS_HEAD, sums.PAIRS_END, sums.PAIRS_ROW
            group = sums.PAIRS_GROUP
        elif table.together > 1:
            head, end, row = sums.SPLIT_HEAD, sums.SPLIT_END, sums.SPLIT_ROW
            group = min(table.together, sums.SPLIT_GROUP)
        else:
            head, end, row = sums.EIGHT_HEAD, sums.EIGHT_END, sums.EIGHT_ROW
            group = sums.EIGHT_GROUP
        _reserve(table.rows + table.rows // group + 6)  # two groups are not whole, and an end
        weights = sums.address(table.data) + table.weights
        short = self.size == SHORT and not table.gain
        self._write(sums.ADD, code)
        code &= -2
        self._write(sums.BLOCK_END, code + (sums.SHORT_END if short else sums.ANY_END))
        self._write(sums.GROUP_HEAD, code + head)
        self._write(sums.GROUP_CODE, code + end - group * row)
        self._write(sums.GROUP_END, code + end)
        self._write(sums.ROW_CODE, row)
        self._write(sums.GROUP, group)
        self._write(sums.LISTER, sums.lister())
        self._write(sums.LIST, sums.address(_place))
        self._write(sums.WEIGHTS, weights)
        self._write(sums.OWN_WEIGHTS, weights + table.inputs * table.stride)
        self._write(sums.STRIDE, table.stride)
        self._write(sums.UNIT, -0x10001 * table.weight_bias)
        self._write(sums.GAIN, table.gain)
        self._write(sums.SPREAD, 2 if table.pairs else 1)

    def _describe_neurons(self):
        """Write what thumb_fire.py asks for into `block`, but for the records."""
        table = self.table
        k = _shift(table)
        short = k is not None and table.fires and not table.floors
        self.size = SHORT if short else LONG
        self.taken = table.expanded("v_reset" if table.sets else "rho")
        if table.sets:
            for j in range(len(self.taken)):
                self.taken[j] ^= -SIGN
        places = (0, 2, self.size, self.size + 2)
        places = [places[k] for k in self.order]
        self._write(sums.EVENTS, sums.address(self.events))
        self._write(neurons.LEAK, k if short else table.r)
        self._write(neurons.KEPT, ((0xFFFF >> k) * 0x10001 if k < 16 else -1) if short else 0)
        self._write(neurons.FIRES, SIGNS if table.fires else 0)
        self._write(neurons.FLOORS, SIGNS if table.floors else 0)
        self._write(neurons.FOUR, (0x80000 + self.size - 1) // self.size)
        self._write(neurons.NEURONS, table.neurons)
        self._write(neurons.PLACES, sum([places[k] << 8 * k for k in range(4)]))
        self._write(neurons.TAKEN, sums.address(self.taken))
        self._write(neurons.SETS, table.sets)
        self._write(neurons.HELD, sums.address(self.held) if self.held else 0)
        self._write(neurons.FIRE, neurons.fire())

    def _fill_records(self):
        """Make records of the parameters, and `starts`."""
        table, size = self.table, self.size
        columns = sums.PAIRS_COLUMNS if table.pairs else sums.BYTES_COLUMNS
        pairs = -(-table.neurons // columns) * columns // 2
        self.records = array("H", bytes(size * max(pairs, (self.fours + 1) // 2 * 4)))
        at = sums.address(self.records)
        self._write(sums.RECORDS, at)
        self._write(sums.RECORD, size)
        self._write(sums.END, at + size * 2 * self.fours)
        self._write(sums.SUMS_END, at + size * pairs)
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
        self._write(neurons.STARTS, sums.address(self.starts))
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


class _Membranes:
    """The membranes inside a layer's records, readable one by one."""

    def __init__(self, layer):
        self.records = layer.records
        self.size = layer.size
        half = layer.size // 2
        places = (half - 2, half - 1, 2 * half - 2, 2 * half - 1)  # in two records
        self.places = [places[k] for k in layer.order]

    def __getitem__(self, j):
        return self.records[(j >> 2) * self.size + self.places[j & 3]] - SIGN


@micropython.native
def _functions(block, inputs):
    """Return `step`, `hold` and `reset` of the layer whose block stands at this address.

    Methods would take longer, for they look up on each call what these have at hand. They keep no
    buffer alive: the layer does.
    """
    run, fill, begin = neurons.step, sums.hold, neurons.begin

    @micropython.viper
    def step(events, count, shift):
        return run(block, events, count, shift)

    @micropython.viper
    def hold(x):
        if fill(block, x, inputs):
            _reserve(2 * int(inputs) + 4)
            fill(block, x, inputs)

    @micropython.viper
    def reset():
        begin(block)

    return step, hold, reset


def _shift(table):
    """Return k where every leak is V >> k, 32 where there is none, and None where they are no shift."""
    d = table.parameter("d")
    if len(d) > 1 or d[0] & (d[0] - 1):
        return None
    k = table.r
    while d[0] > 1 << (table.r - k):
        k -= 1
    return k if d[0] else 32


def _reserve(words):
    """Make the list of rows long enough."""
    global _list  # noqa: PLW0603, for a step must not allocate and layers take turns
    if len(_list) < words:
        _list = array("i", bytes(4 * words))
        _place[0], _place[1] = sums.address(_list), words
