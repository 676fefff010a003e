"""The kernel on ulab: CircuitPython's full builds, and MicroPython with ulab built in.

Every operation below costs some thousand instructions to start and allocates, so there are few of
them. Rows are views made once, sums wrap at 16 bits, and a one-element array stands for a scalar,
because ulab gives Python numbers a type by their value.
"""

from spikert.compat import np
from spikert.kernels import patches

if np is None:
    raise ImportError("this interpreter has no ulab")

_FIRED = b"\x01"  # how a comparison stores True


class Layer:
    """A layer of integer leaky integrate-and-fire neurons; see the package for the contract."""

    def __init__(self, table):
        self.table = table
        self.synapses = _Convolution(table) if table.geometry else _Dense(table, 0, table.inputs)
        self.own_synapses = None
        if table.recurrent:
            self.own_synapses = _Dense(table, table.inputs, table.neurons)
        self.bias = _parameter(table, "bias")
        self.low = _parameter(table, "low")
        self.theta = _parameter(table, "theta")
        self.rho = _parameter(table, "rho")
        self.v_reset = _parameter(table, "v_reset")
        self.v_start = _parameter(table, "v_start")
        self.biased = _any(self.bias)
        self.membrane = _State(table, _parameter(table, "d"), table.r)
        self.v = self.membrane.values
        self.current = None
        if table.current:
            self.current = _State(table, _parameter(table, "current_d"), table.current_r)
        self.sums = np.zeros(table.neurons, dtype=np.int16)
        self.held = self.sums
        self.events = ()
        self.fired = 0
        self.reset()

    def reset(self):
        """Start every state again."""
        v = self.membrane.by_pixel
        v[:] = 0
        v += self.v_start
        if self.current:
            self.current.values[:] = 0
        self.fired = 0

    def hold(self, x):
        """Keep the weighted sum >> 8 of the inputs x u8[inputs], or the drive where that is all of it.

        Bit by bit from the lowest: floor((S0 + 2 S1 + 4 S2 + ...) / 256) is reached by adding the sum
        of the rows whose x has that bit and halving, eight times; nothing exceeds 16 bits.
        """
        sums = self.sums
        sums[:] = 0
        x = np.frombuffer(x, dtype=np.uint8)
        for bit in range(8):
            plane = np.bitwise_and(x, 1 << bit)
            if any(plane):
                self.synapses.add(sums, np.nonzero(plane)[0])
            sums = np.right_shift(sums, 1)
        self.held = sums if self.own_synapses else self._amplified(sums)

    def step(self, events, count, shift):
        """Advance by one step and return how many neurons fired."""
        if events is not None and len(events) != count:
            events = events[:count]
        v = self.v
        self.membrane.leak()
        if self.current:
            self.current.leak()
            self._integrate(self.current.values, events, shift)
            v += self.current.values
        else:
            self._integrate(v, events, shift)
        v = self.membrane.by_pixel
        if self.table.floors:
            v[:] = np.maximum(v, self.low)
        self.fired = self._fire(v) if self.table.fires else 0
        return self.fired

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        return self.v.tobytes()

    def _integrate(self, state, events, shift):
        """Add the drive to a state, row by row where nothing comes between them."""
        if events is None:
            if self.own_synapses:
                sums = self.held.copy()
                self._add_own_spikes(sums)
                state += self._amplified(sums)
            else:
                state += self.held
        elif self.table.gain or shift:
            sums = self.sums
            sums[:] = 0
            self.synapses.add(sums, events)
            if shift:
                sums = np.right_shift(sums, shift)
            self._add_own_spikes(sums)
            state += self._amplified(sums)
        else:
            self.synapses.add(state, events)
            self._add_own_spikes(state)
            self._add_bias(state)

    def _add_own_spikes(self, sums):
        if self.own_synapses and self.fired:
            self.own_synapses.add(sums, self.events)

    def _amplified(self, sums):
        if self.table.gain:
            sums = np.left_shift(sums, self.table.gain)
        self._add_bias(sums)
        return sums

    def _add_bias(self, values):
        if self.biased:
            if self.table.geometry:
                values = values.reshape(self.membrane.shape)
            values += self.bias

    def _fire(self, v):
        fired = v >= self.theta
        if _FIRED not in fired.tobytes():
            return 0
        # the differences may wrap, and wrap back
        v -= fired * (v - self.v_reset if self.table.sets else self.rho)
        if self.table.geometry:
            fired = fired.reshape((self.table.neurons,))
        self.events = np.nonzero(fired)[0]
        return len(self.events)


class _State:
    """A number for each neuron that leaks: its membrane or its synaptic current.

    values      int16[neurons]
    by_pixel    the same memory as int16[pixels, maps] in a convolution, as it is elsewhere
    d, r        it loses (value * d) >> r in each step; d int16[1] or int16[maps]
    """

    def __init__(self, table, d, r):
        maps, neurons = table.maps, table.neurons
        self.shape = (neurons // maps, maps) if table.geometry else (neurons,)
        state = bytearray(2 * neurons)
        self.values = np.frombuffer(state, dtype=np.int16)
        self.by_pixel = self.values.reshape(self.shape)
        self.low_bytes = _every_second(np.frombuffer(state, dtype=np.uint8), self.shape, 0)
        self.high_bytes = _every_second(np.frombuffer(state, dtype=np.int8), self.shape, 1)
        self.byte = np.zeros(1, dtype=np.int16)
        self.byte[0] = 255
        self.d, self.r = d, r
        self.halvings = self._halvings()

    def leak(self):
        """Lose a step's part."""
        if self.halvings:
            values = self.values
            values -= np.right_shift(values, self.halvings)
        elif self.halvings is None:
            # V = 256 high + low, so (V * d) >> r is (high * d + ((low * d) >> 8)) >> (r - 8), and
            # each product fits 16 bits, the lower one without a sign
            carry = np.bitwise_and(np.right_shift(self.low_bytes * self.d, 8), self.byte)
            carry += self.high_bytes * self.d
            values = self.by_pixel
            values -= np.right_shift(carry, self.r - 8)

    def _halvings(self):
        """Return the k of a leak V >> k, 0 where nothing leaks, None for any other leak."""
        if not _any(self.d):
            return 0
        if len(self.d) > 1:
            return None
        for power in range(8):
            if self.d[0] == 1 << power:
                return self.r - power
        return None


class _Dense:
    """Weights, biased; of the inputs' rows, or of those of a layer's own spikes."""

    def __init__(self, table, first, count):
        at = table.weights + first * table.stride
        kind = np.int16 if table.pairs else np.uint8
        self.rows = [_view(table, kind, at + i * table.stride, table.neurons) for i in range(count)]
        self.bias = table.weight_bias
        self.correction = np.zeros(1, dtype=np.int16)

    def add(self, sums, events):
        """Add the rows of `events` to the sums."""
        rows = self.rows
        for i in events:
            sums += rows[i]
        # wrapped to 16 bits by hand: CircuitPython refuses to store what does not fit
        self.correction[0] = ((self.bias * len(events) + 0x8000) & 0xFFFF) - 0x8000
        sums -= self.correction


class _Convolution:
    """Weights int8 in patches; see tables.py for their order, and patches.py for places."""

    def __init__(self, table):
        self.geometry = g = table.geometry
        self.maps = table.maps
        parts = g.parts()
        self.parts = []  # of each channel, each an int8[rows, columns * maps]
        for channel in range(g.channels):
            offset = table.weights + channel * g.kernel_h * g.kernel_w * table.maps
            for k in range(0, len(parts), 3):
                self.parts.append(_part(table, offset, *parts[k : k + 3]))
        self.rows = _by_place(patches.rows(g, parts))
        self.columns = _by_place(patches.columns(g, parts))

    def add(self, sums, events):
        """Add the patches of `events` to the sums, each as one rectangle."""
        g, maps = self.geometry, self.maps
        sums = sums.reshape((g.out_h, g.out_w * maps))
        for i in events:
            channel, pixel = i % g.channels, i // g.channels
            top, rows, part_row, above = self.rows[pixel // g.width]
            left, columns, part_column, before = self.columns[pixel % g.width]
            if rows and columns:
                part = self.parts[(channel * g.stride_h + part_row) * g.stride_w + part_column]
                reached = sums[top : top + rows, left * maps : (left + columns) * maps]
                reached += part[above : above + rows, before * maps : (before + columns) * maps]


def _by_place(places):
    return [tuple(places[k : k + patches.PLACE]) for k in range(0, len(places), patches.PLACE)]


def _part(table, offset, rows, columns, first):
    if not rows * columns:
        return None
    values = _view(table, np.int8, offset + first * table.maps, rows * columns * table.maps)
    return values.reshape((rows, columns * table.maps))


def _every_second(octets, shape, first):
    """Return a view on the low or the high bytes of 16-bit numbers."""
    if len(shape) == 1:
        return octets[first::2]
    return octets.reshape((shape[0], 2 * shape[1]))[:, first::2]


def _view(table, dtype, offset, count):
    return np.frombuffer(table.data, dtype=dtype, count=count, offset=offset)


def _parameter(table, name):
    return _view(table, np.int16, *table.where[name])


def _any(values):
    for value in values:
        if value:
            return True
    return False
