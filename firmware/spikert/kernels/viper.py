"""The kernel in viper, MicroPython's native emitter: sums of bytes, two 16-bit lanes in a word.

A word of weights holds four neurons, each biased by 128. Its even and its odd bytes are added to a
word of two sums each; a sum of 257 bytes fits its 16 bits, then both are unpacked. Offsets and
numbers stand in `block`, i32[]; drive and membranes in `work`, i16[2, stride].
"""

from array import array

import micropython
from micropython import const

from spikert.tables import WEIGHT_BIAS

NEURONS = const(0)
INPUTS = const(1)
STRIDE = const(2)  # in bytes
WEIGHTS = const(3)  # offset in words
GAIN = const(4)
R = const(5)
FLOORS = const(6)
FIRES = const(7)
SETS = const(8)
BIAS = const(9)  # of each parameter: its offset in 16-bit units, then -1 if per neuron, else 0
D = const(11)
LOW = const(13)
THETA = const(15)
RHO = const(17)
V_RESET = const(19)

LANES = const(0x00FF00FF)
LANE_ROWS = const(257)  # as many bytes as a 16-bit lane can add up


class Layer:
    """A dense layer of integer leaky integrate-and-fire neurons; see the package for the contract."""

    def __init__(self, table):
        self.table = table
        self.data = table.data
        self.block = _block(table)
        self.work = bytearray(4 * table.stride)
        self.v = _Membranes(self.work, 2 * table.stride, table.neurons)
        self.start = table.parameter("v_start")
        self.events = array("H", range(table.neurons))
        self.reset()

    def reset(self):
        """Start every membrane again."""
        _fill(self.work, self.start, self.table.stride, self.table.neurons, len(self.start) - 1)

    def hold(self, x):
        """Keep the drive of the inputs x u8[inputs]: their weighted sum >> 8, then gain and bias."""
        _hold(self.block, self.data, self.work, x)

    def step(self, events, count):
        """Advance by one step and return how many neurons fired."""
        if events is not None:
            _collect(self.block, self.data, self.work, events, count)
        return _advance(self.block, self.data, self.work, self.events)

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        return self.v.raw


class _Membranes:
    """The membranes inside `work`, readable one by one."""

    def __init__(self, work, offset, neurons):
        self.raw = memoryview(work)[offset : offset + 2 * neurons]

    def __getitem__(self, j):
        low, high = self.raw[2 * j], self.raw[2 * j + 1]
        return ((high << 8 | low) ^ 0x8000) - 0x8000


def _block(table):
    block = [table.neurons, table.inputs, table.stride, table.weights // 4, table.gain, table.r]
    block += [table.floors, table.fires, table.sets]
    for name in ("bias", "d", "low", "theta", "rho", "v_reset"):
        offset, entries = table.where[name]
        block += [offset // 2, 0 if entries == 1 else -1]
    return array("i", block)


@micropython.viper
def _fill(work: ptr16, start: ptr16, stride: int, neurons: int, each: int):
    for j in range(neurons):
        work[stride + j] = start[j] if each else start[0]


@micropython.viper
def _collect(block: ptr32, data: ptr32, work: ptr16, events: ptr16, count: int):
    stride = block[STRIDE] >> 2
    gain = block[GAIN]
    values = ptr16(data)
    bias = block[BIAS]
    each = block[BIAS + 1]
    at = block[WEIGHTS]
    lanes = LANES
    start = 0 - count * int(WEIGHT_BIAS)
    for j in range(0, block[NEURONS], 4):
        s0 = s1 = s2 = s3 = start
        k = 0
        while k < count:
            stop = k + LANE_ROWS
            if stop > count:
                stop = count
            even = odd = 0
            while k < stop:
                word = data[at + stride * events[k]]
                even += word & lanes
                odd += (word >> 8) & lanes
                k += 1
            s0 += even & 0xFFFF
            s1 += odd & 0xFFFF
            s2 += (even >> 16) & 0xFFFF
            s3 += (odd >> 16) & 0xFFFF
        work[j] = (s0 << gain) + values[bias + (j & each)]
        work[j + 1] = (s1 << gain) + values[bias + ((j + 1) & each)]
        work[j + 2] = (s2 << gain) + values[bias + ((j + 2) & each)]
        work[j + 3] = (s3 << gain) + values[bias + ((j + 3) & each)]
        at += 1


@micropython.viper
def _hold(block: ptr32, data: ptr8, work: ptr16, x: ptr8):
    stride = block[STRIDE]
    inputs = block[INPUTS]
    gain = block[GAIN]
    values = ptr16(data)
    bias = block[BIAS]
    each = block[BIAS + 1]
    column = block[WEIGHTS] << 2
    byte_bias = int(WEIGHT_BIAS)
    for j in range(block[NEURONS]):
        drive = 0
        at = column + j
        for i in range(inputs):
            value = x[i]
            if value:
                drive += value * (data[at] - byte_bias)
            at += stride
        work[j] = ((drive >> 8) << gain) + values[bias + (j & each)]


@micropython.viper
def _advance(block: ptr32, data: ptr16, work: ptr16, events: ptr16) -> int:
    neurons = block[NEURONS]
    membranes = block[STRIDE]
    r = block[R]
    floors = block[FLOORS]
    fires = block[FIRES]
    sets = block[SETS]
    fired = 0
    for j in range(neurons):
        v = (work[membranes + j] ^ 0x8000) - 0x8000
        v -= (v * data[block[D] + (j & block[D + 1])]) >> r
        v += (work[j] ^ 0x8000) - 0x8000
        if floors:
            low = (data[block[LOW] + (j & block[LOW + 1])] ^ 0x8000) - 0x8000
            if v < low:
                v = low
        if fires:
            if v >= (data[block[THETA] + (j & block[THETA + 1])] ^ 0x8000) - 0x8000:
                events[fired] = j
                fired += 1
                if sets:
                    v = data[block[V_RESET] + (j & block[V_RESET + 1])]
                else:
                    v -= data[block[RHO] + (j & block[RHO + 1])]
        work[membranes + j] = v
    return fired
