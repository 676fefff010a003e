"""The kernel in viper, MicroPython's native emitter: sums of bytes, two 16-bit lanes in a word.

A word of weights holds four neurons, each biased by 128. Its even and its odd bytes are added to a
word of two sums each; a sum of 257 bytes fits its 16 bits, then both are unpacked.

Viper keeps the first variables in registers, the others on the stack; so the hottest of each loop
come first, as parameters that the caller passes as 0. Its 16-bit loads have no sign: what is signed
is kept biased by 0x8000. Numbers and offsets stand in `block`, i32[]; sums and membranes, biased, in
`work`, u16[2, stride].
"""

from array import array

import micropython
from micropython import const

NEURONS = const(0)
INPUTS = const(1)
STRIDE = const(2)  # in bytes
WEIGHTS = const(3)  # offset in bytes
GAIN = const(4)
R = const(5)
FLOORS = const(6)
FIRES = const(7)
SETS = const(8)
BIAS = const(9)  # of each parameter: its offset in 16-bit units, then whether it is per neuron
D = const(11)
LOW = const(13)
THETA = const(15)
RHO = const(17)
V_RESET = const(19)

LANES = const(0x00FF00FF)
LANE_ROWS = const(257)  # as many bytes as a 16-bit lane can add up
BYTE_BIAS = const(128)  # as tables.WEIGHT_BIAS, which viper would not know for a constant
SIGN = const(0x8000)


class Layer:
    """A dense layer of integer leaky integrate-and-fire neurons; see the package for the contract."""

    def __init__(self, table):
        self.table = table
        self.data = table.data
        self.block = _block(table)
        self.work = bytearray(4 * table.stride)
        self.raw = bytearray(2 * table.neurons)
        self.v = _Membranes(self.work, 2 * table.stride)
        self.start = table.expanded("v_start")
        self.events = array("H", range(table.neurons))
        self.reset()

    def reset(self):
        """Start every membrane again."""
        _flip(memoryview(self.work)[2 * self.table.stride :], self.start, self.table.neurons)

    def hold(self, x):
        """Keep the drive of the inputs x u8[inputs]: their weighted sum >> 8, then gain and bias."""
        _hold(0, 0, self.block, self.data, self.work, x)

    def step(self, events, count, shift):
        """Advance by one step and return how many neurons fired."""
        if events is not None:
            _collect(0, 0, self.block, self.data, self.work, events, count, shift)
        return _advance(0, 0, self.block, self.data, self.work, self.events)

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        _flip(self.raw, memoryview(self.work)[2 * self.table.stride :], self.table.neurons)
        return self.raw


class _Membranes:
    """The membranes inside `work`, readable one by one."""

    def __init__(self, work, offset):
        self.work = memoryview(work)[offset:]

    def __getitem__(self, j):
        return (self.work[2 * j + 1] << 8 | self.work[2 * j]) - SIGN


def _block(table):
    block = [table.neurons, table.inputs, table.stride, table.weights, table.gain, table.r]
    block += [table.floors, table.fires, table.sets]
    for name in ("bias", "d", "low", "theta", "rho", "v_reset"):
        offset, entries = table.where[name]
        block += [offset // 2, entries > 1]
    return array("i", block)


@micropython.viper
def _flip(target: ptr16, source: ptr16, count: int):
    """Bias signed numbers, or undo it: both turn the sign bit."""
    for i in range(count):
        target[i] = source[i] ^ SIGN


@micropython.viper
def _collect(
    word: int,
    odd: int,
    block: ptr32,
    data: ptr8,
    work: ptr16,
    events: ptr16,
    count: int,
    shift: int,
):
    """Put the sum of the rows of `events`, shifted right, into `work`, four columns at a time."""
    stride = block[STRIDE]
    lanes = LANES
    at = int(data) + block[WEIGHTS]
    start = 0 - count * BYTE_BIAS
    j = 0
    columns = (block[NEURONS] + 3) >> 2
    while columns:
        s0 = s1 = s2 = s3 = start
        event = int(events)
        left = count
        while left:
            rows = left if left < LANE_ROWS else LANE_ROWS
            left -= rows
            odd = both = 0
            fours = rows >> 2
            while fours:
                word = ptr32(at + stride * ptr16(event)[0])[0]
                both += word
                odd += (word >> 8) & lanes
                word = ptr32(at + stride * ptr16(event)[1])[0]
                both += word
                odd += (word >> 8) & lanes
                word = ptr32(at + stride * ptr16(event)[2])[0]
                both += word
                odd += (word >> 8) & lanes
                word = ptr32(at + stride * ptr16(event)[3])[0]
                both += word
                odd += (word >> 8) & lanes
                event += 8
                fours -= 1
            rows &= 3
            while rows:
                word = ptr32(at + stride * ptr16(event)[0])[0]
                both += word
                odd += (word >> 8) & lanes
                event += 2
                rows -= 1
            both -= odd << 8
            s0 += both & 0xFFFF
            s1 += odd & 0xFFFF
            s2 += (both >> 16) & 0xFFFF
            s3 += (odd >> 16) & 0xFFFF
        work[j] = (s0 >> shift) + SIGN
        work[j + 1] = (s1 >> shift) + SIGN
        work[j + 2] = (s2 >> shift) + SIGN
        work[j + 3] = (s3 >> shift) + SIGN
        j += 4
        at += 4
        columns -= 1


@micropython.viper
def _hold(i: int, total: int, block: ptr32, data: ptr8, work: ptr16, x: ptr8):
    """Put the sum of x times its rows, shifted right by 8, into `work`."""
    stride = block[STRIDE]
    inputs = block[INPUTS]
    column = block[WEIGHTS]
    for j in range(block[NEURONS]):
        total = 0
        at = column + j
        i = 0
        while i < inputs:
            total += x[i] * (data[at] - BYTE_BIAS)
            at += stride
            i += 1
        work[j] = (total >> 8) + SIGN


@micropython.viper
def _advance(j: int, v: int, block: ptr32, data: ptr16, work: ptr16, events: ptr16) -> int:
    """Take every neuron through a step; list those that fire in `events`, return how many."""
    neurons = block[NEURONS]
    membranes = block[STRIDE]
    gain = block[GAIN]
    r = block[R]
    floors = block[FLOORS]
    fires = block[FIRES]
    sets = block[SETS]
    sign = SIGN
    bias_at = block[BIAS]
    d_at = block[D]
    low_at = block[LOW]
    theta_at = block[THETA]
    bias_each = block[BIAS + 1]
    d_each = block[D + 1]
    low_each = block[LOW + 1]
    theta_each = block[THETA + 1]
    bias = (data[bias_at] ^ sign) - sign
    d = data[d_at]
    low = (data[low_at] ^ sign) - sign
    theta = (data[theta_at] ^ sign) - sign
    fired = 0
    j = 0
    while j < neurons:
        if bias_each:
            bias = (data[bias_at + j] ^ sign) - sign
        if d_each:
            d = data[d_at + j]
        v = work[membranes + j] - sign
        v -= (v * d) >> r
        v += ((work[j] - sign) << gain) + bias
        if floors:
            if low_each:
                low = (data[low_at + j] ^ sign) - sign
            if v < low:
                v = low
        if fires:
            if theta_each:
                theta = (data[theta_at + j] ^ sign) - sign
            if v >= theta:
                events[fired] = j
                fired += 1
                if sets:
                    v = data[block[V_RESET] + (j if block[V_RESET + 1] else 0)] ^ sign
                    v -= sign
                else:
                    v -= data[block[RHO] + (j if block[RHO + 1] else 0)]
        work[membranes + j] = v + sign
        j += 1
    return fired
