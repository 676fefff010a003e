"""The kernel in viper, MicroPython's native emitter: two 16-bit sums in a word.

This module has dense layers whose neurons are compared two in a word; general.py has all others.
build.py describes the method.
"""

from array import array

import micropython

# A global with a submodule's name would be lost when that is unloaded, see spikert.unload.
from spikert.kernels.viper import words as word_code


def Layer(table):
    """Return a layer of integer leaky integrate-and-fire neurons; see the package for the contract."""
    from spikert.kernels.viper import build

    if table.geometry or table.recurrent or table.current or not build.fits(table):
        from spikert.kernels.viper import general

        return general.Layer(table)
    return Dense(table, build)


def chain(layers, fired, readout):
    """Return `advance`, which takes the layers through steps, and `restart`; see the package."""
    from spikert.emitters import fastest_form

    for layer in layers:
        if not isinstance(layer, Dense):
            return fastest_form("loops.chain").chain(layers, fired, readout)
    told, gather = word_code.address(fired), None
    if readout.counts or readout.follows:
        gather = fastest_form("loops.gather")
    steps = tuple([layer.parts + (told + 4 * k, layer.events) for k, layer in enumerate(layers)])
    follow = readout.follows and gather.follow_biased
    parts = steps, readout.counts and gather.add_spikes, follow, layers[-1].biased, readout.scores
    starting = word_code.copy, tuple([layer.start_at for layer in layers]), readout.start

    @micropython.native
    def advance(events, count, shift):
        layers, add_spikes, follow, last, scores = parts
        times = 1
        if events is None:
            times = count
        for _ in range(times):
            spikes = events
            for add, rows, weights, at, sums, neurons, step, work, numbers, told, heard in layers:
                if spikes is not None:
                    add(rows, weights, count, at, spikes)
                    if shift:
                        word_code.shift(sums, neurons, shift)
                        shift = 0
                count = step(work, numbers, told, heard)
                spikes = heard
            if add_spikes:
                # Without spikes `events` can be any object.
                if count:
                    add_spikes(scores, spikes, count)
            elif follow:
                follow(last, scores, 0)

    @micropython.native
    def restart():
        copy, starts, begin = starting
        for to, start, size in starts:
            copy(to, start, size)
        begin()

    return advance, restart


class Dense:
    """A dense layer whose step only adds rows and advances neurons.

    A function closes over one tuple only. With more than five values, its arguments included, it would
    allocate memory from the heap in each call. So does a function of Python with more than eleven
    variables and places for arguments.

    Attributes
    ----------
    biased : u16[], the membranes, in `work` behind the sums
    parts : the function that adds rows; the addresses of the rows' numbers, of the first row and of the
        sums; these sums and the number of neurons; the function that takes the neurons through a step;
        the addresses of `work` and of the neurons' numbers
    start_at : the addresses of the membranes and of their start values, and the number of words
    kept : the objects behind these addresses
    step, hold, reset : functions, those of the contract
    """

    def __init__(self, table, build):
        address = word_code.address
        self.neurons = table.neurons
        size = 2 * build.padded(table.neurons)
        work, rows = bytearray(2 * size), build.rows(table, table.inputs)
        self.biased, numbers = memoryview(work)[size:], build.neurons(table, size)
        self.raw = bytearray(2 * table.neurons)
        self.events, count = array("H", range(table.neurons)), array("i", (0,))
        word_code.clear(work, size >> 1)
        word_code.flip(self.biased, table.expanded("v_start"), table.neurons, 1)
        start = bytes(self.biased[: (2 * table.neurons + 3) & -4])
        self.start_at = address(self.biased), address(start), len(start) >> 2
        at = address(rows), address(table.data) + table.weights, address(work)
        of_neurons = work, table.neurons, build.advancer(table), at[2], address(numbers)
        self.parts = (build.adder(table),) + at + of_neurons
        self.kept = table.data, rows, numbers, start, count
        self.step = _step(self.parts + (address(count), self.events))
        self.hold = _hold(at, table.inputs)
        self.reset = _reset(self.start_at)

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        word_code.flip(self.raw, self.biased, self.neurons, 1)
        return self.raw


def _step(parts):
    """Return `step` of a layer."""

    @micropython.native
    def step(events, count, shift):
        add, rows, weights, at, sums, neurons, advance, work, numbers, told, fired = parts
        if events is not None:
            add(rows, weights, count, at, events)
            if shift:
                word_code.shift(sums, neurons, shift)
        return advance(work, numbers, told, fired)

    return step


def _hold(at, inputs):
    """Return `hold` of a layer, which allocates memory at its first call."""
    parts = list(at) + [inputs, None, None]

    @micropython.native
    def hold(x):
        rows, weights, sums, inputs, run, listed = parts
        if run is None:
            from spikert.kernels.viper import hold as hold_code

            run = parts[4] = hold_code.hold
            listed = parts[5] = array("H", range(inputs))
        run(rows, weights, sums, x, listed)

    return hold


def _reset(at):
    """Return `reset` of a layer."""

    @micropython.native
    def reset():
        to, start, size = at
        word_code.copy(to, start, size)

    return reset
