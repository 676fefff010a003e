"""Step any layer in viper.

The layer can have convolutions, synaptic currents, own spikes, and neurons compared one by one.

byte_rows.py and its siblings add a dense layer's rows. A convolution's patches are added to the sums
in place, two neurons at a time. If it is proved that two membranes can be compared in a word,
advance.py or shift.py takes them through a step; otherwise `_advance` does, one by one.

Viper keeps the first three variables in registers, the others on the stack. So the most used of each
loop come first, as parameters that the caller passes as 0. Its 16-bit loads have no sign, so signed
numbers are biased by 0x8000. Two such sums in a word do not disturb each other if both stay in int16,
which is proved. Numbers, offsets and a convolution's places are in `block`, i32[]. The terms that are
added to the membranes, and the membranes, biased, are in `work`, u16[2, MEMBRANES].
"""

from array import array

import micropython
from micropython import const

from spikert.kernels import convolution_patches as patches
from spikert.kernels.viper import build, words
from spikert.loops import SIGN

_LAYER_NEURONS = const(0)
_LAYER_INPUTS = const(1)
_LAYER_WEIGHTS = const(2)  # offset in bytes
_LAYER_GAIN = const(3)
_LAYER_R = const(4)
_LAYER_FLOORS = const(5)
_LAYER_FIRES = const(6)
_LAYER_SETS = const(7)
_BIAS = const(8)  # of each parameter: its offset in 16-bit units, then whether it is per map
_D = const(10)
_LOW = const(12)
_THETA = const(14)
_RHO = const(16)
_V_RESET = const(18)
_CURRENT_D = const(20)
_CURRENT_R = const(22)
_LAYER_CURRENT = const(23)  # whether the layer has one
_LAYER_MAPS = const(24)
_LAYER_PIXELS = const(25)
_LAYER_MEMBRANES = const(26)  # their start in `work`, in 16-bit units
_CHANNELS = const(27)  # from here on of a convolution only
_HEIGHT = const(28)
_WIDTH = const(29)
_KERNEL = const(30)  # weights of a channel
_ROW = const(31)  # a row of neurons, in bytes of sums
_LAYER_PLACES = const(32)  # start of the places in `block`
_PARTS = const(33)  # start of tables.Geometry's parts, counted in weights
_LANE_SIGNS = const(0x00800080)


class Layer:
    """A layer of integer leaky integrate-and-fire neurons; see the package for the contract.

    Attributes
    ----------
    work : the drive, or the synaptic current in its place, and the membranes
    drive : u16[MEMBRANES], the sums of all weights; in `work`, unless that has a current
    sums : u16[MEMBRANES], those of the inputs' weights; in `drive`, unless own spikes join them
    add : function that adds the rows of a dense layer
    at : of the rows of the inputs: the addresses of their numbers, of the first one, of `sums`;
        None in a convolution
    own_at : those of the rows of own spikes, with that of `drive`; None without recurrence
    neurons_at : of neurons compared two in a word: the addresses of `work`, of their numbers, and of the
        number of neurons that fired; None if `_advance` takes them
    start : u16[maps], the membranes at the start
    biased : u16[], the membranes
    listed : u16[inputs], after the first hold of x: the inputs that are not 0
    kept : the objects behind these addresses
    """

    def __init__(self, table):
        self.neurons, self.inputs, self.data = table.neurons, table.inputs, table.data
        self.recurrent, self.current = table.recurrent, table.current
        self.block = block = _block(table)
        size = 2 * block[_LAYER_MEMBRANES]
        self.work = bytearray(2 * size)
        self.drive = bytearray(size) if table.current else self.work
        self.sums = bytearray(size) if table.recurrent else self.drive
        self.raw = bytearray(2 * table.neurons)
        self.biased = memoryview(self.work)[size:]
        self.start = table.expanded("v_start")
        self.events = array("H", range(table.neurons))
        self.count = array("i", (0,))
        self.at = self.own_at = self.neurons_at = self.listed = None
        self.fired = 0
        words.clear(self.work, block[_LAYER_MEMBRANES])
        self.kept = self._address_rows(table) + self._address_neurons(table, size)
        self.reset()

    def _address_rows(self, table):
        """Address a dense layer's rows; return the objects to keep."""
        if table.geometry:
            return ()
        address = words.address
        rows, own = build.rows(table, table.inputs), None
        weights = address(self.data) + table.weights
        self.add = build.adder(table)
        self.at = address(rows), weights, address(self.sums)
        if table.recurrent:
            own = build.rows(table, table.neurons)
            weights += table.inputs * table.stride
            self.own_at = address(own), weights, address(self.drive)
        return rows, own

    def _address_neurons(self, table, size):
        """Address the neurons' numbers; return the objects to keep."""
        if not build.fits(table):
            return ()
        self.advance = build.advancer(table)
        numbers = build.neurons(table, size)
        at = words.address
        self.neurons_at = at(self.work), at(numbers), at(self.count)
        return (numbers,)

    @micropython.native
    def reset(self):
        """Reset every state."""
        block = self.block
        if self.current:
            words.clear(self.work, block[_LAYER_MEMBRANES] >> 1)
        words.flip(self.biased, self.start, block[_LAYER_MAPS], block[_LAYER_PIXELS])
        self.fired = 0

    @micropython.native
    def hold(self, x):
        """Keep the weighted sum >> 8 of the inputs x u8[inputs]."""
        # Only a held input needs these.
        if self.listed is None:
            from spikert.kernels.viper import hold as hold_code

            self.listed = array("H", range(self.inputs))
            self.fill = hold_code.hold
        if self.at:
            rows, weights, sums = self.at
            self.fill(rows, weights, sums, x, self.listed)
        else:
            self._hold_patches(x)

    @micropython.native
    def step(self, events, count, shift):
        """Advance by one step and return the number of neurons that fired."""
        if events is not None:
            if self.at:
                rows, weights, sums = self.at
                self.add(rows, weights, count, sums, events)
                if shift:
                    words.shift(self.sums, self.neurons, shift)
            else:
                self._scatter(events, count, shift)
        if self.recurrent or self.current:
            self._feed()
        if self.neurons_at:
            work, numbers, told = self.neurons_at
            fired = self.advance(work, numbers, told, self.events)
        else:
            fired = _advance(0, 0, 0, self.block, self.work, self.data, self.events)
        self.fired = fired
        return fired

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        words.flip(self.raw, self.biased, self.neurons, 1)
        return self.raw

    @micropython.native
    def _hold_patches(self, x):
        """Hold x bit by bit from the lowest: add its inputs' patches, and halve the sums."""
        block, sums = self.block, self.sums
        words.clear(sums, block[_LAYER_MEMBRANES] >> 1)
        for bit in range(8):
            count = _plane(0, 0, x, block[_LAYER_INPUTS], bit, self.listed)
            _add_patches(0, 0, 0, block, self.data, sums, self.listed, count)
            words.shift(sums, block[_LAYER_NEURONS], 1)

    @micropython.native
    def _scatter(self, events, count, shift):
        """Write the sum of the patches of `events`, shifted right, into `sums`."""
        block, sums = self.block, self.sums
        words.clear(sums, block[_LAYER_MEMBRANES] >> 1)
        _add_patches(0, 0, 0, block, self.data, sums, events, count)
        if shift:
            words.shift(sums, block[_LAYER_NEURONS], shift)

    @micropython.native
    def _feed(self):
        """Add the layer's own spikes to the sums, and take them through the current."""
        block = self.block
        if self.own_at:
            rows, weights, drive = self.own_at
            self.add(rows, weights, self.fired, drive, self.events)
            _add(self.drive, self.sums, block[_LAYER_NEURONS])
        if self.current:
            _follow(0, 0, self.work, block, self.data, self.drive)


def _block(table):
    block = [table.neurons, table.inputs, table.weights, table.gain, table.r]
    block += [table.floors, table.fires, table.sets]
    for name in ("bias", "d", "low", "theta", "rho", "v_reset", "current_d"):
        offset, entries = table.where[name]
        block += [offset // 2, entries > 1]
    block += [table.current_r, table.current]
    block += [table.maps, table.neurons // table.maps, build.padded(table.neurons)]
    block = array("i", block)
    if table.geometry:
        block.extend(_convolution(table))
    return block


def _convolution(table):
    """Return the further numbers of a convolution in `block`: array i32.

    Its parts and places are multiplied in advance by the factors of each event: FIRST counts in bytes of
    sums, PART in bytes of `block`, COUNT and SKIPPED of columns in weights.
    """
    g, maps = table.geometry, table.maps
    parts = g.parts()
    row = 2 * g.out_w * maps
    numbers = [g.channels, g.height, g.width, g.kernel_h * g.kernel_w * maps, row]
    block = array("i", numbers + [_PARTS + len(parts)])
    block.extend(_times(parts, (maps,)))
    block.extend(_times(patches.rows(g, parts), (row, 1, 12 * g.stride_w, 1)))
    block.extend(_times(patches.columns(g, parts), (2 * maps, maps, 12, maps)))
    return block


def _times(numbers, factors):
    """Return array i32 of the numbers, multiplied by the factors in turn."""
    return array("i", [n * factors[k % len(factors)] for k, n in enumerate(numbers)])


@micropython.viper
def _add(target: ptr16, source: ptr16, count: int):
    for i in range(count):
        target[i] = target[i] + source[i] - SIGN


@micropython.viper
def _plane(i: int, count: int, x: ptr8, inputs: int, bit: int, events: ptr16) -> int:
    """List the inputs whose x has this bit in `events`, return their number."""
    while i < inputs:
        if x[i] >> bit & 1:
            events[count] = i
            count += 1
        i += 1
    return count


@micropython.viper
def _add_patches(  # noqa: PLR0915, because a call costs more than an event
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
    signs = _LANE_SIGNS
    channels = block[_CHANNELS]
    width = block[_WIDTH]
    weights = int(data) + block[_LAYER_WEIGHTS]
    parts_at = int(block) + 4 * _PARTS
    rows_at = int(block) + 4 * block[_LAYER_PLACES]
    # A place has four numbers of four bytes.
    columns_at = rows_at + 16 * block[_HEIGHT]
    event = int(events)
    while count:
        at = ptr16(event)[0]
        pixel = at // channels
        start = weights + (at - pixel * channels) * block[_KERNEL]
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
            to += block[_ROW]
            rows -= 1
        event += 2
        count -= 1


@micropython.viper
def _follow(j: int, i: int, work: ptr16, block: ptr32, data: ptr16, drive: ptr16):
    """Take every neuron's synaptic current, in `work`, through a step."""
    maps = block[_LAYER_MAPS]
    pixels = block[_LAYER_PIXELS]
    gain = block[_LAYER_GAIN]
    r = block[_CURRENT_R]
    sign = SIGN
    bias_at = block[_BIAS]
    d_at = block[_CURRENT_D]
    bias_each = block[_BIAS + 1]
    d_each = block[_CURRENT_D + 1]
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
def _advance(  # noqa: PLR0912, PLR0915, because a call costs more than a neuron
    v: int, j: int, fired: int, block: ptr32, work: ptr16, data: ptr16, events: ptr16
) -> int:
    """Take every neuron through a step; list those that fire in `events`, return their number."""
    maps = block[_LAYER_MAPS]
    membranes = block[_LAYER_MEMBRANES]
    gain = block[_LAYER_GAIN]
    r = block[_LAYER_R]
    floors = block[_LAYER_FLOORS]
    fires = block[_LAYER_FIRES]
    sets = block[_LAYER_SETS]
    sign = SIGN
    bias_at = block[_BIAS]
    d_at = block[_D]
    low_at = block[_LOW]
    theta_at = block[_THETA]
    bias_each = block[_BIAS + 1]
    d_each = block[_D + 1]
    low_each = block[_LOW + 1]
    theta_each = block[_THETA + 1]
    bias = (data[bias_at] ^ sign) - sign
    d = data[d_at]
    low = (data[low_at] ^ sign) - sign
    theta = (data[theta_at] ^ sign) - sign
    # The current already contains gain and bias.
    if block[_LAYER_CURRENT]:
        gain = bias_each = bias = 0
    fired = 0
    first = 0
    pixels = block[_LAYER_PIXELS]
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
                        v = data[block[_V_RESET] + (j if block[_V_RESET + 1] else 0)] ^ sign
                        v -= sign
                    else:
                        v -= data[block[_RHO] + (j if block[_RHO + 1] else 0)]
            work[membranes + j] = v + sign
            j += 1
        work = ptr16(int(work) + 2 * maps)
        first += maps
        pixels -= 1
    return fired
