"""The kernel on ulab, for full builds of CircuitPython and MicroPython with ulab.

An operation takes some hundred instructions to start and some more for each element. If its result is
a new array, it takes three times as many. It takes more in a heap full of holes, which is searched for
space from the first hole on. So there are few operations, nearly all in place, and all views are made
once. A function with more than 11 local variables, cells and stack places takes its frame from the
heap as well. That is why the functions of a step are small.

Sums wrap at 16 bits. A one-element array replaces a scalar, because ulab gives Python numbers a type by
their value. This module never collects garbage. A step leaves garbage: 48 bytes for each operation,
the bytes of a comparison, an array i16[neurons] for each shift, and the list of fired neurons.
"""

from array import array

from spikert.compat import np
from spikert.emitters import fastest_form
from spikert.kernels import convolution_patches as patches

if np is None:
    raise ImportError("this interpreter has no ulab")

loops = fastest_form("loops.rows")
# With this number of rows it pays to add bytes before their sums.
LEAST_TOGETHER = 8


class Layer:
    """A layer of integer leaky integrate-and-fire neurons; see the package for the contract."""

    def __init__(self, table):
        self.table, self.neurons = table, table.neurons
        self.room = room = _room(table.neurons)
        self.membrane = membrane = driven = _State(table)
        self.v, self.biased = membrane.memory, None
        self.v_start = _Parameter(table, "v_start")
        self.leak = _leak(table, membrane, room, _Parameter(table, "d"), table.r)
        self.current = None
        if table.current:
            self.current = driven = _State(table)
            current_d = _Parameter(table, "current_d")
            self.leak_current = _leak(table, driven, room, current_d, table.current_r)
        self.synapses = _Convolution(table) if table.geometry else _Dense(table, 0, table.inputs)
        self.own_synapses = None
        if table.recurrent:
            self.own_synapses = _Dense(table, table.inputs, table.neurons)
        self.gain = _scalar(1 << table.gain) if table.gain else None
        self.bias = bias = _Parameter(table, "bias")
        self.driven, self.driven_by_map = driven.values, driven.like(bias)
        self.biases = bias.values if bias.by_map else None
        self.offset = bias.number or 0
        self.plain = not (table.gain or table.recurrent or table.current)
        self.sums = room.first(table)
        self.held = None
        self.fire = _end(table, membrane, room)
        self.events = ()
        self.reset()

    def reset(self):
        """Reset every state."""
        self.membrane.clear()
        if self.v_start.number != 0:
            v = self.membrane.like(self.v_start)
            v += self.v_start.values
        if self.current:
            self.current.clear()
        self.events = ()

    def hold(self, x):
        """Keep the weighted sum >> 8 of x u8[inputs]; without own spikes, the whole drive.

        The bits are processed from the lowest. floor((S0 + 2 S1 + 4 S2 + ...) / 256) is reached in eight
        rounds: add the sum S of the rows whose x has that bit, and halve. No value exceeds 16 bits. The
        rows that have both of two neighbouring bits are summed once.
        """
        inputs = np.frombuffer(array("H", range(len(x))), dtype=np.uint16)
        x = np.frombuffer(x, dtype=np.uint8)
        sums, both, one = self._no_sums(), self.room.second(self.table), _scalar(1)
        for bit in range(0, 8, 2):
            bits = np.bitwise_and(x, 3 << bit)
            both -= both
            self._add_inputs(both, inputs[bits == 3 << bit])
            for value in (1 << bit, 2 << bit):
                self._add_inputs(sums, inputs[bits == value])
                sums += both
                sums = np.right_shift(sums, one)
        self.held = sums
        if not self.own_synapses:
            if self.gain is not None:
                sums *= self.gain
            sums = _by_pixel(self.table, sums) if self.bias.by_map else sums
            sums += self.bias.values

    def step(self, events, count, shift):
        """Advance by one step and return the number of neurons that fired."""
        self.leak()
        if shift or events is None or not self.plain:
            self._integrate(events, count, shift)
        else:
            self.synapses.add(self.driven, events, count, self.offset)
            if self.biases is not None:
                self._add_bias()
        self.events = events = self.fire()
        return len(events)

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        return self.membrane.values.tobytes()

    def _no_sums(self):
        sums = self.sums
        sums -= sums
        return sums

    def _add_inputs(self, sums, events):
        self.synapses.add(sums, events, len(events), 0)

    def _integrate(self, events, count, shift):
        """Add a drive that is more than sums and a bias."""
        if self.current:
            self.leak_current()
        if events is None:
            self._add_held()
        else:
            self._add_sums(events, count, shift)
        if self.current:
            self._take_current()

    def _add_sums(self, events, count, shift):
        sums = self._no_sums()
        self.synapses.add(sums, events, count, 0)
        if shift:
            sums = np.right_shift(sums, _scalar(shift))
        self._drive(sums)

    def _take_current(self):
        v = self.membrane.values
        v += self.driven

    def _add_held(self):
        if self.own_synapses:
            sums = self._no_sums()
            sums += self.held
            self._drive(sums)
        else:
            driven = self.driven
            driven += self.held

    def _drive(self, sums):
        """Add sums that still lack own spikes, gain and bias."""
        if self.own_synapses:
            self.own_synapses.add(sums, self.events, len(self.events), 0)
        if self.gain is not None:
            sums *= self.gain
        driven = self.driven
        driven += sums
        if self.bias.number != 0:
            self._add_bias()

    def _add_bias(self):
        driven = self.driven_by_map
        driven += self.bias.values


class _State:
    """A number for each neuron: its membrane or its synaptic current.

    Attributes
    ----------
    memory : array i16[neurons]
    values : the same as int16[neurons]
    by_pixel : the same as int16[pixels, maps] in a convolution, else `values`
    """

    def __init__(self, table):
        self.memory = array("h", bytes(2 * table.neurons))
        self.values = np.frombuffer(self.memory, dtype=np.int16)
        self.by_pixel = _by_pixel(table, self.values)

    def clear(self):
        """Set every number to 0."""
        values = self.values
        values -= values

    def like(self, parameter):
        """Return the numbers in a shape that fits the parameter."""
        return self.by_pixel if parameter.by_map else self.values


class _Parameter:
    """One of the tables' parameters.

    Attributes
    ----------
    values : int16[1] or int16[maps]
    by_map : bool, whether it fits the numbers by pixel
    number : int, the value for all neurons, or None if they differ
    """

    def __init__(self, table, name):
        self.values = values = _view(table, np.int16, *table.where[name])
        self.by_map = len(values) > 1
        self.number = None if self.by_map else values[0]


class _Room:
    """Scratch memory of a step, which layers share, one after the other.

    Attributes
    ----------
    zeros, one, other : array i16[neurons]; the zeros are never written to
    order : array u16[neurons], 0, 1, 2, ...
    """

    def __init__(self, neurons):
        self.neurons = neurons
        self.zeros = array("h", bytes(2 * neurons))
        self.one = array("h", bytes(2 * neurons))
        self.other = array("h", bytes(2 * neurons))
        self.order = array("H", range(neurons))

    def first(self, table):
        """Return int16[neurons]."""
        return np.frombuffer(_part_of(self.one, table), dtype=np.int16)

    def second(self, table):
        """Return another int16[neurons]."""
        return np.frombuffer(_part_of(self.other, table), dtype=np.int16)


# The largest so far.
_rooms = []


def _room(neurons):
    """Return a _Room for at least this number of neurons."""
    if not _rooms or _rooms[0].neurons < neurons:
        _rooms[:] = [_Room(neurons)]
    return _rooms[0]


def _part_of(memory, table):
    return memoryview(memory)[: table.neurons]


def _leak(table, state, room, d, r):
    """Return a function by which a state loses (value * d) >> r."""
    if d.number == 0:
        return _nothing
    halvings = _halvings(d.number, r)
    if halvings is None:
        return _leak_by_multiplying(table, state, room, d, r)
    values, shifted, operand = state.values, np.right_shift, _scalar(halvings)

    def leak():
        nonlocal values
        values -= shifted(values, operand)

    return leak


def _nothing():
    """No leak: a perfect integrator."""


def _halvings(d, r):
    """Return the k of a leak V >> k, None for any other."""
    for power in range(8):
        if d == 1 << power:
            return r - power
    return None


def _leak_by_multiplying(table, state, room, d, r):
    """Return a function by which a state loses (value * d) >> r, for any d.

    A value is 256 high + low, so that is (high * d + ((low * d) >> 8)) >> (r - 8). Each product fits
    16 bits, the lower one without a sign.
    """
    low_bytes = np.frombuffer(state.memory, dtype=np.uint8)[0::2]
    high_bytes = np.frombuffer(state.memory, dtype=np.int8)[1::2]
    multiply_low = _multiplication(table, room, room.other, low_bytes, d)
    multiply_high = _multiplication(table, room, room.one, high_bytes, d)
    carries = np.frombuffer(_part_of(room.other, table), dtype=np.uint8)[1::2]
    values, products = state.values, room.first(table)
    shifted, operand = np.right_shift, _scalar(r - 8) if r > 8 else None

    def leak():
        nonlocal values, products
        multiply_low()
        multiply_high()
        products += carries
        values -= products if operand is None else shifted(products, operand)

    return leak


def _multiplication(table, room, memory, octets, d):
    """Return a function that writes the products of octets and d into an array i16[>= neurons]."""
    products, zeros, factors = _part_of(memory, table), _part_of(room.zeros, table), d.values
    values = np.frombuffer(products, dtype=np.int16)
    multiplied = _by_pixel(table, values) if d.by_map else values

    def multiply():
        nonlocal values, multiplied
        products[:] = zeros
        values += octets
        multiplied *= factors

    return multiply


def _end(table, membrane, room):
    """Return the function that ends a step: it resets the neurons that fired and returns them."""
    fire = _fire(table, membrane, room) if table.fires else _none_fire
    if not table.floors:
        return fire
    lift = _lift(table, membrane, room)

    def lift_and_fire():
        lift()
        return fire()

    return lift_and_fire


def _none_fire():
    return ()


def _lift(table, membrane, room):
    """Return a function that lifts membranes below `low` to it."""
    parameter = _Parameter(table, "low")
    v, low, none = membrane.like(parameter), parameter.values, bytes(table.neurons)
    size, store = (table.neurons,), _storing(table, membrane, room, parameter)

    def lift():
        below = v < low
        if below.tobytes() != none:
            store(below.reshape(size))

    return lift


def _fire(table, membrane, room):
    """Return a function that resets the neurons at or above theta and returns them."""
    parameter = _Parameter(table, "theta")
    v, theta, none = membrane.like(parameter), parameter.values, bytes(table.neurons)
    if table.sets:
        reset = _storing(table, membrane, room, _Parameter(table, "v_reset"))
    else:
        reset = _subtracting(table, membrane, room, _Parameter(table, "rho"))
    size = (table.neurons,) if len(v.shape) > 1 else None
    order = np.frombuffer(_part_of(room.order, table), dtype=np.uint16)

    def fire():
        fired = v >= theta
        if fired.tobytes() == none:
            return ()
        if size:
            fired = fired.reshape(size)
        reset(fired)
        return order[fired]

    return fire


def _subtracting(table, membrane, room, parameter):
    """Return a function that subtracts a parameter from the neurons chosen by bool[neurons]."""
    losses, zeros, rho = _part_of(room.one, table), _part_of(room.zeros, table), parameter.values
    values, lost = membrane.values, room.first(table)
    multiplied = _by_pixel(table, lost) if parameter.by_map else lost

    def subtract(chosen):
        nonlocal values, lost, multiplied
        losses[:] = zeros
        lost += chosen
        multiplied *= rho
        values -= lost

    return subtract


def _storing(table, membrane, room, parameter):
    """Return a function that stores a parameter in the neurons chosen by bool[neurons]."""
    losses, before, goal = _part_of(room.one, table), memoryview(membrane.memory), parameter.values
    values, lost = membrane.values, room.first(table)
    differing = _by_pixel(table, lost) if parameter.by_map else lost

    def store(chosen):
        nonlocal values, lost, differing
        losses[:] = before
        # This may wrap; the subtraction below wraps back.
        differing -= goal
        lost *= chosen
        values -= lost

    return store


class _Dense:
    """Weights, biased: the rows of the inputs, or those of a layer's own spikes.

    Attributes
    ----------
    rows : a view on each row; if it pays, of bytes that are added by twos, as int16[]
    """

    def __init__(self, table, first, count):
        at = table.weights + first * table.stride
        self.bias = table.weight_bias
        self.number = array("H", (0,))
        self.correction = np.frombuffer(self.number, dtype=np.int16)
        kind, columns = (np.int16 if table.pairs else np.uint8), table.neurons
        self.group = None
        if not table.pairs and table.together >= LEAST_TOGETHER and hasattr(loops, "add_groups"):
            kind, columns = np.int16, table.stride // 2
            memory = bytearray(table.stride)
            words = np.frombuffer(memory, dtype=np.int16)
            octets = np.frombuffer(memory, dtype=np.uint8, count=table.neurons)
            place = table.data, at, table.stride
            self.group = place, memory, words, octets, table.together
        self.rows = [_view(table, kind, at + i * table.stride, columns) for i in range(count)]

    def add(self, sums, events, count, offset):
        """Add the rows of `events`, and `offset` to all sums."""
        if count:
            events = events if len(events) == count else events[:count]
            if self.group:
                loops.add_groups(sums, self.rows, events, self.group)
            else:
                loops.add_rows(sums, self.rows, events)
            offset -= self.bias * count
        if offset:
            self.number[0] = offset & 0xFFFF
            sums += self.correction


class _Convolution:
    """Weights int8 in patches; see tables.py for their order, and convolution_patches.py for places."""

    def __init__(self, table):
        self.geometry = g = table.geometry
        self.maps = table.maps
        parts = g.parts()
        # Parts of each channel, each an int8[rows, columns * maps].
        self.parts = []
        for channel in range(g.channels):
            offset = table.weights + channel * g.kernel_h * g.kernel_w * table.maps
            for k in range(0, len(parts), 3):
                self.parts.append(_part(table, offset, *parts[k : k + 3]))
        self.rows = _by_place(patches.rows(g, parts))
        self.columns = _by_place(patches.columns(g, parts))

    def add(self, sums, events, count, offset):
        """Add the patches of `events`, each as one rectangle, and `offset` to all sums."""
        if count:
            self._add_patches(sums, events if len(events) == count else events[:count])
        if offset:
            sums += _scalar(offset)

    def _add_patches(self, sums, events):
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


def _by_pixel(table, values):
    """Return numbers of all neurons in the shape that fits parameters of each map."""
    if not table.geometry:
        return values
    return values.reshape((table.neurons // table.maps, table.maps))


def _view(table, dtype, offset, count):
    return np.frombuffer(table.data, dtype=dtype, count=count, offset=offset)


def _scalar(number):
    return np.frombuffer(array("h", (number,)), dtype=np.int16)
