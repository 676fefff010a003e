"""The kernel in assembler for ARM's Thumb-1: two 16-bit sums in a word, and a membrane beside them.

It steps dense layers of which two neurons may be compared in one word; all others are viper's. See
thumb_rows.py, thumb_bytes.py and thumb_pairs.py for the weighted sums, thumb_hold.py for those of a
whole input, thumb_fire.py for the neurons, and thumb_chain.py for what Python calls.
"""

from array import array

import micropython

from spikert.kernels import thumb_bytes as in_bytes
from spikert.kernels import thumb_chain as chains
from spikert.kernels import thumb_fire as neurons
from spikert.kernels import thumb_hold as held
from spikert.kernels import thumb_pairs as in_pairs
from spikert.kernels import thumb_rows as rows
from spikert.loops import loops

SHORT = 16  # bytes of a record: sum, add, level, membrane
LONG = 24  # with d and below
SIGN = 0x8000
SIGNS = -0x7FFF8000  # of both halves
SPARE = 8  # words of a list besides rows and whole groups: four of groups that are not, the end's
UNPACK = chains.unpack()

_list = array("i")  # of rows, which all layers share
_place = array("i", (0, 0))  # where it stands, and how many words it has


def Layer(table):
    """Return a layer of integer leaky integrate-and-fire neurons; see the package for the contract."""
    if table.geometry or table.current or not table.lanes:
        from spikert.kernels import viper  # not before it is needed, for it takes room

        return viper.Layer(table)
    return Dense(table)


def chain(layers, fired, readout):
    """Return what takes layers through steps, and what starts them again; see the package."""
    for layer in layers:
        if not isinstance(layer, Dense):
            return loops.chain(layers, fired, readout)
    for k, layer in enumerate(layers):
        layer.tell(fired, k, layers[min(k + 1, len(layers) - 1)])
    read = 0
    if readout.counts or readout.follows:
        read = chains.count() if readout.counts else chains.follow()
    block = _chain(layers[0], layers[-1], read, readout.scores)
    return _chained(block, rows.address(block))


def _chain(first, last, read, scores):
    """Return array i32, what thumb_chain.py asks for."""
    raw, scores = rows.address(last.raw), rows.address(scores) if scores else 0
    blocks = rows.address(first.block), rows.address(last.block)
    return array("i", blocks + (read, scores, UNPACK, raw))


class Dense:
    """A dense layer of integer leaky integrate-and-fire neurons.

    block      i32[], what the code knows of the layer
    alone      i32[], the chain of this layer
    count      i32[1], how many neurons fired, unless a chain has it told elsewhere
    step, hold, reset    functions, those of the contract
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
        self.count = array("i", (0,))
        self.biased = None
        self.fours = (table.neurons + 3) // 4
        self.raw = bytearray(8 * self.fours)
        self.view = memoryview(self.raw)[: 2 * table.neurons]
        self.held = array("i", bytes(8 * self.fours)) if table.recurrent else None
        self._describe_neurons()
        self._describe_weights()
        self._fill_records()
        self.v = _Membranes(self)
        self.alone = _chain(self, self, 0, None)
        self.tell(self.count, 0, self)
        at = rows.address(self.block)
        self.step, self.hold, self.reset = _functions(rows.address(self.alone), at, table.inputs)
        self.reset()

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        chains.membranes(self.block, self.raw, UNPACK)
        return self.view

    def tell(self, fired, k, following):
        """Let fired[k], array i32, be how many neurons fire, and another layer come next in a chain."""
        self._write(neurons.FIRED, rows.address(fired) + 4 * k)
        self._write(neurons.NEXT, rows.address(following.block))

    def _describe_weights(self):
        """Write what thumb_rows.py asks for into `block`, but for the records."""
        table = self.table
        short = self.size == SHORT and not table.gain
        code = self._describe_code(short)
        _reserve(table.rows + table.rows // self.block[rows.GROUP // 4] + SPARE)
        weights = rows.address(table.data) + table.weights
        self._write(rows.ADD, code)
        self._write(rows.LISTER, rows.lister())
        self._write(rows.LIST, rows.address(_place))
        self._write(rows.WEIGHTS, weights)
        self._write(rows.OWN_WEIGHTS, weights + table.inputs * table.stride)
        self._write(rows.STRIDE, table.stride)
        self._write(rows.UNIT, -0x10001 * table.weight_bias)
        self._write(rows.GAIN, table.gain)
        self._write(rows.SPREAD, 2 if table.pairs else 1)

    def _describe_code(self, short):
        """Write where the code is that adds rows; return the address of all of it."""
        table, split = self.table, 0
        module = in_pairs if table.pairs else in_bytes
        if table.pairs:
            head, end, row, group = module.HEAD, module.END, module.ROW, module.GROUP
        elif table.together < 2:
            head, end, row = module.EIGHT_HEAD, module.EIGHT_END, module.EIGHT_ROW
            group = module.EIGHT_GROUP
        else:
            group, row = module.MOST_GROUP, module.SPLIT_ROW
            head, end = module.SPLIT_HEAD, module.SPLIT_END
            if 4 <= table.together < 8:
                head, end, split = module.FOURS_HEAD, module.FOURS_END, module.FOURS_SPLIT
            while not split and group > table.together:
                group //= 2
        code = module.add()
        at = code & -2
        self._write(rows.GROUP_HEAD, at + head)
        self._write(rows.GROUP_CODE, at + end - group * row - (group - 1) // 4 * split)
        self._write(rows.GROUP_END, at + end)
        self._write(rows.ROW_CODE, row)
        self._write(rows.SPLIT_CODE, split)
        self._write(rows.GROUP, group)
        self._write(rows.BLOCK_END, at + (module.SHORT_END if short else module.ANY_END))
        return code

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
        self._write(rows.EVENTS, rows.address(self.events))
        self._write(neurons.LEAK, k if short else table.r)
        self._write(neurons.KEPT, ((0xFFFF >> k) * 0x10001 if k < 16 else -1) if short else 0)
        self._write(neurons.FIRES, SIGNS if table.fires else 0)
        self._write(neurons.FLOORS, SIGNS if table.floors else 0)
        self._write(neurons.FOUR, (0x80000 + self.size - 1) // self.size)
        self._write(neurons.NEURONS, table.neurons)
        self._write(neurons.PLACES, sum([places[k] << 8 * k for k in range(4)]))
        self._write(neurons.TAKEN, rows.address(self.taken))
        self._write(neurons.SETS, table.sets)
        self._write(neurons.HELD, rows.address(self.held) if self.held else 0)
        self._write(neurons.FIRE, neurons.fire())

    def _fill_records(self):
        """Make records of the parameters, and `starts`."""
        table, size = self.table, self.size
        columns = (in_pairs if table.pairs else in_bytes).COLUMNS
        pairs = -(-table.neurons // columns) * columns // 2
        self.records = array("H", bytes(size * max(pairs, (self.fours + 1) // 2 * 4)))
        at = rows.address(self.records)
        self._write(rows.RECORDS, at)
        self._write(rows.RECORD, size)
        self._write(rows.END, at + size * 2 * self.fours)
        self._write(rows.SUMS_END, at + size * pairs)
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
def _functions(alone, block, inputs):
    """Return `step`, `hold` and `reset` of the layer whose chain and block stand at these addresses.

    Methods would take longer, for they look up on each call what these have at hand. They keep no
    buffer alive: the layer does.
    """
    run, fill, begin = chains.advance, held.hold, chains.restart

    @micropython.viper
    def step(events, count, shift):
        return run(alone, events, count, shift)

    @micropython.viper
    def hold(x):
        if fill(block, x, inputs):
            _reserve(2 * int(inputs) + 4)
            fill(block, x, inputs)

    @micropython.viper
    def reset():
        begin(alone)

    return step, hold, reset


@micropython.native
def _chained(block, at):
    """Return `advance` and `restart` of the chain that stands at this address; the first keeps it."""
    run, begin = chains.advance, chains.restart

    @micropython.viper
    def advance(events, count, shift):
        run(block, events, count, shift)

    @micropython.viper
    def restart():
        begin(at)

    return advance, restart


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
        _place[0], _place[1] = rows.address(_list), words
