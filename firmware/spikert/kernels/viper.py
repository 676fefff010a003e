"""The kernel in viper, MicroPython's native emitter: two 16-bit sums in a word.

A word of a dense layer's weights holds four neurons, each biased by 128. Its even and its odd bytes
are added to a word of two sums each; a sum of 257 bytes fits its 16 bits, then both are unpacked. A
convolution's patch is added to the sums where they lie, two neurons at a time.

Viper keeps the first three variables in registers, the others on the stack; so the hottest of each
loop come first, as parameters that the caller passes as 0. Its 16-bit loads have no sign: what is
signed is kept biased by 0x8000, and two such sums in a word do not disturb each other as long as both
stay in int16, which is proved. Numbers, offsets and a convolution's places stand in `block`, i32[];
what `_advance` adds to the membranes, and the membranes, biased, in `work`, u16[2, MEMBRANES].
"""

from array import array

import micropython
from micropython import const

from spikert.kernels import patches
from spikert.tables import aligned

NEURONS = const(0)
INPUTS = const(1)
STRIDE = const(2)  # in bytes
WEIGHTS = const(3)  # offset in bytes
GAIN = const(4)
R = const(5)
FLOORS = const(6)
FIRES = const(7)
SETS = const(8)
BIAS = const(9)  # of each parameter: its offset in 16-bit units, then whether it is per map
D = const(11)
LOW = const(13)
THETA = const(15)
RHO = const(17)
V_RESET = const(19)
CURRENT_D = const(21)
CURRENT_R = const(23)
CURRENT = const(24)  # whether there is one
MAPS = const(25)
PIXELS = const(26)
MEMBRANES = const(27)  # where they begin in `work`, in 16-bit units
FIRED = const(28)  # how many neurons fired in the last step
WEIGHT_BIAS = const(29)
PAIRS = const(30)  # whether weights stand in 16 bits
CHANNELS = const(31)  # from here on of a convolution only
HEIGHT = const(32)
WIDTH = const(33)
KERNEL = const(34)  # weights of a channel
ROW = const(35)  # a row of neurons, in bytes of sums
PLACES = const(36)  # where the places begin in `block`
PARTS = const(37)  # those of tables.Geometry begin here, counted in weights

LANES = const(0x00FF00FF)
LANE_SIGNS = const(0x00800080)
LANE_ROWS = const(257)  # as many bytes as a 16-bit lane can add up
SIGN = const(0x8000)


class Layer:
    """A layer of integer leaky integrate-and-fire neurons; see the package for the contract.

    work     the drive, or the synaptic current in its place, and the membranes
    drive    u16[MEMBRANES], the sums of all weights; in `work`, unless a current stands there
    sums     u16[MEMBRANES], those of the inputs' weights; in `drive`, unless own spikes join them
    own      a `block` by which the rows of own spikes are collected
    listed   u16[inputs], of a convolution that held x: those that count in a bit of x
    """

    def __init__(self, table):
        self.table = table
        self.data = table.data
        self.convolves = table.geometry is not None
        self.feeds = table.recurrent or table.current
        self.collect = _collect_pairs if table.pairs else _collect
        self.block = _block(table)
        size = 2 * aligned(table.neurons)
        self.work = bytearray(2 * size)
        self.drive = bytearray(size) if table.current else self.work
        self.sums = bytearray(size) if table.recurrent else self.drive
        self.raw = bytearray(2 * table.neurons)
        self.v = _Membranes(self.work, size)
        self.start = table.expanded("v_start")
        self.events = array("H", range(table.neurons))
        self.listed = self.own = None
        if table.recurrent:
            self.own = array("i", self.block)
            self.own[WEIGHTS] += table.inputs * table.stride
        self.reset()

    def reset(self):
        """Start every state again."""
        block = self.block
        if self.table.current:
            _clear(self.work, block[MEMBRANES] >> 1)
        _flip(self.v.bytes, self.start, block[MAPS], block[PIXELS])
        block[FIRED] = 0

    def hold(self, x):
        """Keep the weighted sum >> 8 of the inputs x u8[inputs]."""
        if self.convolves:
            self._hold_patches(x)
        else:
            _hold(0, 0, self.block, self.data, self.sums, x)

    def step(self, events, count, shift):
        """Advance by one step and return how many neurons fired."""
        block, data = self.block, self.data
        if events is not None:
            if self.convolves:
                self._scatter(events, count, shift)
            else:
                self.collect(0, 0, 0, block, data, self.sums, events, count, shift)
        if self.feeds:
            self._feed()
        return _advance(0, 0, self.work, block, data, self.events)

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        _flip(self.raw, self.v.bytes, self.table.neurons, 1)
        return self.raw

    def _hold_patches(self, x):
        """Hold x bit by bit from the lowest: its inputs' patches are added, and the sums halved."""
        block, sums = self.block, self.sums
        if self.listed is None:
            self.listed = array("H", range(block[INPUTS]))
        _clear(sums, block[MEMBRANES] >> 1)
        for bit in range(8):
            count = _plane(0, 0, x, block[INPUTS], bit, self.listed)
            _add_patches(0, 0, 0, block, self.data, sums, self.listed, count)
            _shift(sums, block[NEURONS], 1)

    def _scatter(self, events, count, shift):
        """Put the sum of the patches of `events`, shifted right, into `sums`."""
        block, sums = self.block, self.sums
        _clear(sums, block[MEMBRANES] >> 1)
        _add_patches(0, 0, 0, block, self.data, sums, events, count)
        if shift:
            _shift(sums, block[NEURONS], shift)

    def _feed(self):
        """Add the layer's own spikes to the sums, and take them through the current."""
        block, data, drive = self.block, self.data, self.drive
        if self.table.recurrent:
            self.collect(0, 0, 0, self.own, data, drive, self.events, block[FIRED], 0)
            _add(drive, self.sums, block[NEURONS])
        if self.table.current:
            _follow(0, 0, self.work, block, data, drive)


class _Membranes:
    """The membranes inside `work`, readable one by one."""

    def __init__(self, work, offset):
        self.bytes = memoryview(work)[offset:]

    def __getitem__(self, j):
        return (self.bytes[2 * j + 1] << 8 | self.bytes[2 * j]) - SIGN


def _block(table):
    block = [table.neurons, table.inputs, table.stride, table.weights, table.gain, table.r]
    block += [table.floors, table.fires, table.sets]
    for name in ("bias", "d", "low", "theta", "rho", "v_reset", "current_d"):
        offset, entries = table.where[name]
        block += [offset // 2, entries > 1]
    block += [table.current_r, table.current]
    block += [table.maps, table.neurons // table.maps, aligned(table.neurons), 0]
    block += [table.weight_bias, table.pairs]
    block = array("i", block)
    if table.geometry:
        block.extend(_convolution(table))
    return block


def _convolution(table):
    """Return what `block` holds of a convolution besides: array i32.

    Its parts and places have been multiplied by what they would be multiplied by for each event:
    FIRST counts in bytes of sums, PART in bytes of `block`, COUNT and SKIPPED of columns in weights.
    """
    g, maps = table.geometry, table.maps
    parts = g.parts()
    row = 2 * g.out_w * maps
    numbers = [g.channels, g.height, g.width, g.kernel_h * g.kernel_w * maps, row]
    block = array("i", numbers + [PARTS + len(parts)])
    block.extend(_times(parts, (maps,)))
    block.extend(_times(patches.rows(g, parts), (row, 1, 12 * g.stride_w, 1)))
    block.extend(_times(patches.columns(g, parts), (2 * maps, maps, 12, maps)))
    return block


def _times(numbers, factors):
    """Return array i32 of the numbers, multiplied by the factors in turn."""
    return array("i", [n * factors[k % len(factors)] for k, n in enumerate(numbers)])


@micropython.viper
def _flip(target: ptr16, source: ptr16, maps: int, pixels: int):
    """Bias signed numbers, the same at each pixel, or undo it: both turn the sign bit."""
    at = 0
    while pixels:
        for i in range(maps):
            target[at] = source[i] ^ SIGN
            at += 1
        pixels -= 1


@micropython.viper
def _clear(target: ptr32, words: int):
    """Set so many words of two sums to 0, biased."""
    nothing = SIGN
    nothing |= nothing << 16
    for i in range(words):
        target[i] = nothing


@micropython.viper
def _add(target: ptr16, source: ptr16, count: int):
    for i in range(count):
        target[i] = target[i] + source[i] - SIGN


@micropython.viper
def _shift(target: ptr16, count: int, shift: int):
    for i in range(count):
        target[i] = ((target[i] - SIGN) >> shift) + SIGN


@micropython.viper
def _plane(i: int, count: int, x: ptr8, inputs: int, bit: int, events: ptr16) -> int:
    """List the inputs whose x has this bit in `events`, return how many."""
    while i < inputs:
        if x[i] >> bit & 1:
            events[count] = i
            count += 1
        i += 1
    return count


@micropython.viper
def _collect(
    word: int,
    odd: int,
    both: int,
    block: ptr32,
    data: ptr8,
    sums: ptr16,
    events: ptr16,
    count: int,
    shift: int,
):
    """Put the sum of the rows of `events`, shifted right, into `sums`, four columns at a time."""
    stride = block[STRIDE]
    lanes = LANES
    at = int(data) + block[WEIGHTS]
    start = 0 - count * block[WEIGHT_BIAS]
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
        sums[j] = (s0 >> shift) + SIGN
        sums[j + 1] = (s1 >> shift) + SIGN
        sums[j + 2] = (s2 >> shift) + SIGN
        sums[j + 3] = (s3 >> shift) + SIGN
        j += 4
        at += 4
        columns -= 1


@micropython.viper
def _collect_pairs(
    word: int,
    i: int,
    at: int,
    block: ptr32,
    data: ptr8,
    sums: ptr32,
    events: ptr16,
    count: int,
    shift: int,
):
    """As `_collect`, of weights of 16 bits, two columns at a time."""
    stride = block[STRIDE]
    bias = count * block[WEIGHT_BIAS]
    at = int(data) + block[WEIGHTS]
    for j in range((block[NEURONS] + 1) >> 1):
        word = 0
        i = 0
        while i < count:
            word += ptr32(at + stride * events[i])[0]
            i += 1
        low = (((word - bias) ^ SIGN) & 0xFFFF) - SIGN  # sums mod 2**16 are exact, for they fit
        high = ((word - low - bias) >> 16) - bias
        high = ((high ^ SIGN) & 0xFFFF) - SIGN
        sums[j] = (((high >> shift) + SIGN) << 16) | ((low >> shift) + SIGN)
        at += 4


@micropython.viper
def _hold(i: int, total: int, block: ptr32, data: ptr8, sums: ptr16, x: ptr8):
    """Put the sum of x times its rows, shifted right by 8, into `sums`."""
    stride = block[STRIDE]
    inputs = block[INPUTS]
    column = block[WEIGHTS]
    bias = block[WEIGHT_BIAS]
    size = 1 + block[PAIRS]
    for j in range(block[NEURONS]):
        total = 0
        at = column + size * j
        i = 0
        while i < inputs:
            total += x[i] * (data[at] - bias)
            at += stride
            i += 1
        sums[j] = (total >> 8) + SIGN


@micropython.viper
def _add_patches(  # noqa: PLR0915, for a call costs more than an event
    at: int,
    word: int,
    signs: int,
    block: ptr32,
    data: ptr8,
    sums: ptr16,
    events: ptr16,
    count: int,
):
    """Add the patches of `events` to `sums`, two neurons at a time.

    A byte is (byte ^ 128) - 128 with its sign, and so are two of them in one word.
    """
    signs = LANE_SIGNS
    channels = block[CHANNELS]
    width = block[WIDTH]
    weights = int(data) + block[WEIGHTS]
    parts_at = int(block) + 4 * PARTS
    rows_at = int(block) + 4 * block[PLACES]
    columns_at = rows_at + 16 * block[HEIGHT]  # four numbers of four bytes in a place
    event = int(events)
    while count:
        at = ptr16(event)[0]
        pixel = at // channels
        start = weights + (at - pixel * channels) * block[KERNEL]
        at = pixel // width
        row = ptr32(rows_at + 16 * at)
        column = ptr32(columns_at + 16 * (pixel - at * width))
        rows = row[1]
        run = column[1]
        if run == 0:
            rows = 0
        part = ptr32(parts_at + row[2] + column[2])
        length = part[1]
        start += part[2] + row[3] * length + column[3]
        to = int(sums) + row[0] + column[0]
        while rows:
            at = start
            target = to
            left = run
            if target & 2:
                ptr16(target)[0] = ptr16(target)[0] + (ptr8(at)[0] ^ 128) - 128
                at += 1
                target += 2
                left -= 1
            eights = left >> 3
            while eights:
                word = (ptr8(at)[1] << 16 | ptr8(at)[0]) ^ signs
                ptr32(target)[0] = ptr32(target)[0] + word - signs
                word = (ptr8(at)[3] << 16 | ptr8(at)[2]) ^ signs
                ptr32(target)[1] = ptr32(target)[1] + word - signs
                word = (ptr8(at)[5] << 16 | ptr8(at)[4]) ^ signs
                ptr32(target)[2] = ptr32(target)[2] + word - signs
                word = (ptr8(at)[7] << 16 | ptr8(at)[6]) ^ signs
                ptr32(target)[3] = ptr32(target)[3] + word - signs
                at += 8
                target += 16
                eights -= 1
            pairs = (left & 7) >> 1
            while pairs:
                word = (ptr8(at)[1] << 16 | ptr8(at)[0]) ^ signs
                ptr32(target)[0] = ptr32(target)[0] + word - signs
                at += 2
                target += 4
                pairs -= 1
            if left & 1:
                ptr16(target)[0] = ptr16(target)[0] + (ptr8(at)[0] ^ 128) - 128
            start += length
            to += block[ROW]
            rows -= 1
        event += 2
        count -= 1


@micropython.viper
def _follow(j: int, i: int, work: ptr16, block: ptr32, data: ptr16, drive: ptr16):
    """Take every neuron's synaptic current, in `work`, through a step."""
    maps = block[MAPS]
    pixels = block[PIXELS]
    gain = block[GAIN]
    r = block[CURRENT_R]
    sign = SIGN
    bias_at = block[BIAS]
    d_at = block[CURRENT_D]
    bias_each = block[BIAS + 1]
    d_each = block[CURRENT_D + 1]
    bias = (data[bias_at] ^ sign) - sign
    d = data[d_at]
    while pixels:
        j = 0
        while j < maps:
            if bias_each:
                bias = (data[bias_at + j] ^ sign) - sign
            if d_each:
                d = data[d_at + j]
            i = work[j] - sign
            i -= (i * d) >> r
            i += ((drive[j] - sign) << gain) + bias
            work[j] = i + sign
            j += 1
        work = ptr16(int(work) + 2 * maps)
        drive = ptr16(int(drive) + 2 * maps)
        pixels -= 1


@micropython.viper
def _advance(  # noqa: PLR0912, PLR0915, for a call costs more than a neuron
    j: int, v: int, work: ptr16, block: ptr32, data: ptr16, events: ptr16
) -> int:
    """Take every neuron through a step; list those that fire in `events`, return how many."""
    maps = block[MAPS]
    membranes = block[MEMBRANES]
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
    if block[CURRENT]:  # which has had them already
        gain = bias_each = bias = 0
    fired = 0
    first = 0
    pixels = block[PIXELS]
    while pixels:
        j = 0
        while j < maps:
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
                    events[fired] = first + j
                    fired += 1
                    if sets:
                        v = data[block[V_RESET] + (j if block[V_RESET + 1] else 0)] ^ sign
                        v -= sign
                    else:
                        v -= data[block[RHO] + (j if block[RHO + 1] else 0)]
            work[membranes + j] = v + sign
            j += 1
        work = ptr16(int(work) + 2 * maps)
        first += maps
        pixels -= 1
    block[FIRED] = fired
    return fired
