"""What the `thumb` kernel's code is told of a layer and of a chain: only needed while they are made.

The numbers of a block and where they stand are described in thumb_rows.py, thumb_fire.py and
thumb_chain.py; here they have an underscore, so that their names take no memory on the board.
Addresses keep nothing alive, so whoever holds a block has to hold what goes with it.
"""

from array import array

from micropython import const

from spikert.kernels import thumb_chain as chains
from spikert.kernels import thumb_fire as neurons
from spikert.kernels import thumb_rows as rows

SHORT = 16  # bytes of a record: sum, add, level, membrane
LONG = 24  # with d and below
SIGN = 0x8000
SIGNS = -0x7FFF8000  # of both halves
SPARE = 8  # words of a list besides rows and whole groups: four of groups that are not, the end's

_RECORDS = const(0)
_RECORD = const(4)
_END = const(8)
_EVENTS = const(12)
_SPREAD = const(24)
_GAIN = const(28)
_ADD = const(32)
_SUMS_END = const(36)
_LIST = const(40)
_WEIGHTS = const(44)
_OWN_WEIGHTS = const(48)
_STRIDE = const(52)
_UNIT = const(56)
_GROUP = const(64)
_GROUP_HEAD = const(68)
_GROUP_CODE = const(72)
_GROUP_END = const(76)
_ROW_CODE = const(80)
_BLOCK_END = const(84)
_LEAK = const(88)
_KEPT = const(92)
_FIRES = const(96)
_FLOORS = const(100)
_FOUR = const(104)
_NEURONS = const(108)
_PLACES = const(112)
_TAKEN = const(116)
_SETS = const(120)
_HELD = const(124)
_LISTER = const(128)
_FIRE = const(132)
_STARTS = const(136)
_NEXT_START = const(140)
_NEXT = const(144)
_FIRED = const(148)
_SPLIT_CODE = const(152)
_NUMBERS = const(39)

_EIGHT_HEAD = const(6)
_EIGHT_END = const(250)
_EIGHT_ROW = const(29)
_EIGHT_GROUP = const(8)
_FOURS_HEAD = const(252)
_FOURS_END = const(514)
_FOURS_SPLIT = const(20)
_SPLIT_HEAD = const(538)
_SPLIT_END = const(740)
_SPLIT_ROW = const(12)
_MOST_GROUP = const(16)
_BYTES_COLUMNS = const(12)
_PAIRS_HEAD = const(6)
_PAIRS_END = const(202)
_PAIRS_ROW = const(24)
_PAIRS_GROUP = const(8)
_PAIRS_COLUMNS = const(16)
_ANY_END = const(2)  # of both
_SHORT_END = const(4)


def chain(layers, fired, readout):
    """Return array i32, what thumb_chain.py asks for of layers in a row, and what is to be kept."""
    at, read = rows.address(fired), chains.count if readout.counts else chains.follow
    for k, layer in enumerate(layers):
        layer.block[_FIRED // 4] = at + 4 * k
        layer.block[_NEXT // 4] = rows.address(layers[min(k + 1, len(layers) - 1)].block)
    code = read() if readout.counts or readout.follows else 0
    block = _chain(layers[0], layers[-1], code, rows.address(readout.scores))
    return block, (layers[1:], fired, readout.scores, read)


def _chain(first, last, read, scores):
    blocks = rows.address(first.block), rows.address(last.block)
    return array("i", blocks + (read, scores, chains.unpack(), rows.address(last.raw)))


class Layer:
    """What a dense layer is made of.

    place      int, the address of thumb.py's _place
    block      i32[], what the code knows of the layer
    alone      i32[], the chain of this layer
    count      i32[1], how many neurons fired, unless a chain has it told elsewhere
    records    u16[], a record for each pair of neurons, and as many more as sums are written to
    taken      u16[neurons], what a neuron that fires loses, or becomes
    starts     u16[1 or pairs, 2], membranes at the start
    held       i32[pairs] of a recurrent layer, the sums of what was held
    words      int, of the list of rows
    kept       what the block has addresses of: buffers, and functions whose code is called
    """

    def __init__(self, table, place):
        self.table = table
        self.block = array("i", bytes(4 * _NUMBERS))
        self.order = (0, 1, 2, 3) if table.pairs else (0, 2, 1, 3)  # of neurons in two records
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
        """Write what thumb_rows.py asks for into `block`, but for the records."""
        table = self.table
        short = self.size == SHORT and not table.gain
        code = self._describe_code(short)
        self.words = table.rows + table.rows // self.block[_GROUP // 4] + SPARE
        weights = rows.address(table.data) + table.weights
        self._write(_ADD, code)
        self._write(_LISTER, rows.lister())
        self._write(_LIST, place)
        self._write(_WEIGHTS, weights)
        self._write(_OWN_WEIGHTS, weights + table.inputs * table.stride)
        self._write(_STRIDE, table.stride)
        self._write(_UNIT, -0x10001 * table.weight_bias)
        self._write(_GAIN, table.gain)
        self._write(_SPREAD, 2 if table.pairs else 1)

    def _describe_code(self, short):
        """Write where the code is that adds rows; return the address of all of it."""
        table, split = self.table, 0
        if table.pairs:
            from spikert.kernels import thumb_pairs as module

            head, end, row, group = _PAIRS_HEAD, _PAIRS_END, _PAIRS_ROW, _PAIRS_GROUP
        else:
            from spikert.kernels import thumb_bytes as module

            row, group = _SPLIT_ROW, _MOST_GROUP
            if table.together < 2:
                head, end, row, group = _EIGHT_HEAD, _EIGHT_END, _EIGHT_ROW, _EIGHT_GROUP
            elif 4 <= table.together < 8:
                head, end, split = _FOURS_HEAD, _FOURS_END, _FOURS_SPLIT
            else:
                head, end = _SPLIT_HEAD, _SPLIT_END
                while group > table.together:
                    group //= 2
        self.add = module.add
        code = module.add()
        at = code & -2
        self._write(_GROUP_HEAD, at + head)
        self._write(_GROUP_CODE, at + end - group * row - (group - 1) // 4 * split)
        self._write(_GROUP_END, at + end)
        self._write(_ROW_CODE, row)
        self._write(_SPLIT_CODE, split)
        self._write(_GROUP, group)
        self._write(_BLOCK_END, at + (_SHORT_END if short else _ANY_END))
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
        self._write(_EVENTS, rows.address(self.events))
        self._write(_NEXT, rows.address(self.block))
        self._write(_FIRED, rows.address(self.count))
        self._write(_LEAK, k if short else table.r)
        self._write(_KEPT, ((0xFFFF >> k) * 0x10001 if k < 16 else -1) if short else 0)
        self._write(_FIRES, SIGNS if table.fires else 0)
        self._write(_FLOORS, SIGNS if table.floors else 0)
        self._write(_FOUR, (0x80000 + self.size - 1) // self.size)
        self._write(_NEURONS, table.neurons)
        self._write(_PLACES, sum([places[k] << 8 * k for k in range(4)]))
        self._write(_TAKEN, rows.address(self.taken))
        self._write(_SETS, table.sets)
        self._write(_HELD, rows.address(self.held) if self.held else 0)
        self._write(_FIRE, neurons.fire())

    def _fill_records(self):
        """Make records of the parameters, and `starts`."""
        table, size = self.table, self.size
        columns = _PAIRS_COLUMNS if table.pairs else _BYTES_COLUMNS
        pairs = -(-table.neurons // columns) * columns // 2
        self.records = array("H", bytes(size * max(pairs, (self.fours + 1) // 2 * 4)))
        at = rows.address(self.records)
        self._write(_RECORDS, at)
        self._write(_RECORD, size)
        self._write(_END, at + size * 2 * self.fours - 1)
        self._write(_SUMS_END, at + size * pairs - 1)
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
        self._write(_STARTS, rows.address(self.starts))
        self._write(_NEXT_START, 4 if len(starts) > 1 else 0)

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
    """Return k where every leak is V >> k, 32 where there is none, and None where they are no shift."""
    d = table.parameter("d")
    if len(d) > 1 or d[0] & (d[0] - 1):
        return None
    k = table.r
    while d[0] > 1 << (table.r - k):
        k -= 1
    return k if d[0] else 32
