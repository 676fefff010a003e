"""The kernel in viper, MicroPython's native emitter: two 16-bit sums in a word.

A dense layer's rows are added by viper_rows.py, a convolution's patches to the sums where they lie, two
neurons at a time. Where it is proved that two membranes can be compared in a word, viper_fire.py takes
them through a step, else `_advance` does, one by one.

Viper keeps the first three variables in registers, the others on the stack; so the hottest of each
loop come first, as parameters that the caller passes as 0. Its 16-bit loads have no sign: what is
signed is kept biased by 0x8000, and two such sums in a word do not disturb each other as long as both
stay in int16, which is proved. Numbers, offsets and a convolution's places stand in `block`, i32[];
what is added to the membranes, and the membranes, biased, in `work`, u16[2, MEMBRANES].
"""

from array import array

import micropython
from micropython import const

from spikert import tables
from spikert.kernels import patches, viper_fire, viper_rows
from spikert.loops import loops

NEURONS = const(0)
INPUTS = const(1)
WEIGHTS = const(2)  # offset in bytes
GAIN = const(3)
R = const(4)
FLOORS = const(5)
FIRES = const(6)
SETS = const(7)
BIAS = const(8)  # of each parameter: its offset in 16-bit units, then whether it is per map
D = const(10)
LOW = const(12)
THETA = const(14)
RHO = const(16)
V_RESET = const(18)
CURRENT_D = const(20)
CURRENT_R = const(22)
CURRENT = const(23)  # whether there is one
MAPS = const(24)
PIXELS = const(25)
MEMBRANES = const(26)  # where they begin in `work`, in 16-bit units
CHANNELS = const(27)  # from here on of a convolution only
HEIGHT = const(28)
WIDTH = const(29)
KERNEL = const(30)  # weights of a channel
ROW = const(31)  # a row of neurons, in bytes of sums
PLACES = const(32)  # where the places begin in `block`
PARTS = const(33)  # those of tables.Geometry begin here, counted in weights

LANE_SIGNS = const(0x00800080)
SIGN = const(0x8000)


def chain(layers, fired, readout):
    """Return what takes layers through steps, and what starts them again; see the package."""
    for layer in layers:
        if not layer.plain:
            return loops.chain(layers, fired, readout)
    told = viper_fire.address(fired)
    steps = [layer.parts(told + 4 * k) for k, layer in enumerate(layers)]
    last, scores = layers[-1].biased, readout.scores
    follow = readout.follows and loops.follow_biased
    parts = tuple(steps), readout.counts, follow, last, scores
    resets = tuple([layer.start_at for layer in layers])
    starting = _copy, loops.begin, resets, scores

    @micropython.native
    def advance(events, count, shift):
        layers, counts, follow, last, scores = parts
        times = 1
        if events is None:
            times = count
        for _ in range(times):
            spikes = events
            for add, rows, weights, at, sums, neurons, step, work, numbers, told, heard in layers:
                if spikes is not None:
                    add(rows, weights, count, at, spikes)
                    if shift:
                        _shift(sums, neurons, shift)
                        shift = 0
                count = step(work, numbers, told, heard)
                spikes = heard
            if counts:
                if count:  # else `events` may be anything
                    loops.add_spikes(scores, spikes, count)
            elif follow:
                follow(last, scores, 0)

    @micropython.native
    def restart():
        copy, begin, resets, scores = starting
        for to, start, words in resets:
            copy(to, start, words)
        begin(scores)

    return advance, restart


class Layer:
    """A layer of integer leaky integrate-and-fire neurons; see the package for the contract.

    work       the drive, or the synaptic current in its place, and the membranes
    drive      u16[MEMBRANES], the sums of all weights; in `work`, unless a current stands there
    sums       u16[MEMBRANES], those of the inputs' weights; in `drive`, unless own spikes join them
    add        function of viper_rows.py that adds the rows of a dense layer
    rows       its numbers: of the rows of the inputs; None in a convolution
    own        and of the rows of own spikes, in a recurrent layer
    numbers    what viper_fire.py knows of the neurons; None where `_advance` takes them
    start      of a dense layer the membranes at the start, as they stand in `work`; else u16[maps]
    biased     u16[], the membranes
    listed     u16[inputs], once the layer held x: those that count
    plain      bool, whether a step is no more than its rows and its neurons
    count      i32[1], where such a layer's neurons that fire are counted
    """

    def __init__(self, table):
        self.table = table
        self.data = table.data
        self.feeds = table.recurrent or table.current
        self.block = block = _block(table)
        size = 2 * block[MEMBRANES]
        self.work = bytearray(2 * size)
        self.drive = bytearray(size) if table.current else self.work
        self.sums = bytearray(size) if table.recurrent else self.drive
        self.rows = self.own = self.listed = self.numbers = None
        if not table.geometry:
            self.add = viper_rows.adder(table)
            self.rows = viper_rows.numbers(table, table.inputs)
        if table.recurrent:
            self.own = viper_rows.numbers(table, table.neurons)
        if viper_fire.fits(table):
            self.advance = viper_fire.function(table)
            self.numbers = viper_fire.numbers(table, size)
        self.raw = bytearray(2 * table.neurons)
        self.v = _Membranes(self.work, size)
        self.biased = self.v.bytes
        self.start = table.expanded("v_start")
        _clear(self.work, block[MEMBRANES])
        if self.rows:
            _flip(self.biased, self.start, table.neurons, 1)
            self.start = bytes(self.biased[: tables.aligned(2 * table.neurons)])
        self.events = array("H", range(table.neurons))
        self.fired = 0
        self._bind()
        self.reset()

    def _bind(self):
        """Replace methods by functions that have at hand what they would have to look up.

        What these close over is one tuple: a function that closes over more values than fit in five
        with its arguments takes memory from the heap in each call. So does one of Python's that has
        more than eleven variables and places for arguments, hence the native methods.
        """
        at, table = viper_fire.address, self.table
        self.plain = bool(self.rows and self.numbers and not self.feeds)
        self.count = array("i", (0,))
        if self.rows:
            weights = at(self.data) + table.weights
            self.at = at(self.rows), weights, at(self.sums)
            self.start_at = at(self.biased), at(self.start), len(self.start) >> 2
            self.reset = _reset(self)
        if self.own:
            self.own_at = at(self.own), weights + table.inputs * table.stride, at(self.drive)
        if self.numbers:
            self.neurons_at = at(self.work), at(self.numbers), at(self.count)
        if self.plain:
            self.step = _plain_step(self.parts(at(self.count)))

    def parts(self, told):
        """Return what a step of a plain layer takes, which writes how many fire to this address."""
        of_rows = (self.add,) + self.at + (self.sums, self.table.neurons)
        return of_rows + (self.advance,) + self.neurons_at[:2] + (told, self.events)

    def reset(self):
        """Start every state of a convolution again."""
        block = self.block
        if self.table.current:
            _clear(self.work, block[MEMBRANES] >> 1)
        _flip(self.biased, self.start, block[MAPS], block[PIXELS])

    @micropython.native
    def hold(self, x):
        """Keep the weighted sum >> 8 of the inputs x u8[inputs]."""
        if self.listed is None:
            self.listed = array("H", range(self.table.inputs))
        if self.rows:
            rows, weights, sums = self.at
            viper_rows.hold(rows, weights, sums, x, self.listed)
        else:
            self._hold_patches(x)

    @micropython.native
    def step(self, events, count, shift):
        """Advance by one step and return how many neurons fired."""
        if events is not None:
            if self.rows:
                rows, weights, sums = self.at
                self.add(rows, weights, count, sums, events)
                if shift:
                    _shift(self.sums, self.table.neurons, shift)
            else:
                self._scatter(events, count, shift)
        if self.feeds:
            self._feed()
        if self.numbers:
            work, numbers, told = self.neurons_at
            fired = self.advance(work, numbers, told, self.events)
        else:
            fired = _advance(0, 0, 0, self.block, self.work, self.data, self.events)
        self.fired = fired
        return fired

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        _flip(self.raw, self.biased, self.table.neurons, 1)
        return self.raw

    @micropython.native
    def _hold_patches(self, x):
        """Hold x bit by bit from the lowest: its inputs' patches are added, and the sums halved."""
        block, sums = self.block, self.sums
        _clear(sums, block[MEMBRANES] >> 1)
        for bit in range(8):
            count = _plane(0, 0, x, block[INPUTS], bit, self.listed)
            _add_patches(0, 0, 0, block, self.data, sums, self.listed, count)
            _shift(sums, block[NEURONS], 1)

    @micropython.native
    def _scatter(self, events, count, shift):
        """Put the sum of the patches of `events`, shifted right, into `sums`."""
        block, sums = self.block, self.sums
        _clear(sums, block[MEMBRANES] >> 1)
        _add_patches(0, 0, 0, block, self.data, sums, events, count)
        if shift:
            _shift(sums, block[NEURONS], shift)

    @micropython.native
    def _feed(self):
        """Add the layer's own spikes to the sums, and take them through the current."""
        block = self.block
        if self.own:
            rows, weights, drive = self.own_at
            self.add(rows, weights, self.fired, drive, self.events)
            _add(self.drive, self.sums, block[NEURONS])
        if self.table.current:
            _follow(0, 0, self.work, block, self.data, self.drive)


def _reset(layer):
    """Return `reset` of a dense layer."""
    current = layer.work if layer.table.current else None
    parts = layer, layer.start_at, current, layer.block[MEMBRANES] >> 1

    @micropython.native
    def reset():
        layer, (to, start, size), current, words = parts
        _copy(to, start, size)
        if current:
            _clear(current, words)
        layer.fired = 0

    return reset


def _plain_step(parts):
    """Return `step` of a plain layer."""

    @micropython.native
    def step(events, count, shift):
        add, rows, weights, at, sums, neurons, advance, work, numbers, told, fired = parts
        if events is not None:
            add(rows, weights, count, at, events)
            if shift:
                _shift(sums, neurons, shift)
        return advance(work, numbers, told, fired)

    return step


class _Membranes:
    """The membranes inside `work`, readable one by one."""

    def __init__(self, work, offset):
        self.bytes = memoryview(work)[offset:]

    def __getitem__(self, j):
        return (self.bytes[2 * j + 1] << 8 | self.bytes[2 * j]) - SIGN


def _block(table):
    block = [table.neurons, table.inputs, table.weights, table.gain, table.r]
    block += [table.floors, table.fires, table.sets]
    for name in ("bias", "d", "low", "theta", "rho", "v_reset", "current_d"):
        offset, entries = table.where[name]
        block += [offset // 2, entries > 1]
    block += [table.current_r, table.current]
    block += [table.maps, table.neurons // table.maps, viper_rows.padded(table.neurons)]
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
def _copy(to: int, start: int, words: int):
    """Copy so many words."""
    while words:
        ptr32(to)[0] = ptr32(start)[0]
        to += 4
        start += 4
        words -= 1


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
    v: int, j: int, fired: int, block: ptr32, work: ptr16, data: ptr16, events: ptr16
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
    return fired
