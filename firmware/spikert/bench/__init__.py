"""Measure the runtime on the board that it runs on.

Only `spikelet bench` imports this package. A clock counts ticks: start() begins a span, spent() returns
the ticks since. The host knows the length of a tick: see host/spikelet/bench/clock.py.
"""

import gc
import sys
from array import array

import spikert
from spikert import compat, heap, kernels
from spikert.compat import const
from spikert.network import Network
from spikert.wire.frames import Sender
from spikert.wire.turn_frames import Report

# The limit of calls in one span.
MOST_CALLS = const(4096)

SYSTICK_CONTROL = 0xE000E010
SYSTICK_RELOAD = 0xE000E014
SYSTICK_VALUE = 0xE000E018
SYSTICK_MOST = const(0xFFFFFF)
SYSTICK_ENDED = const(0x10000)  # the bit of CONTROL that shows that it has reached 0
MTIME = 0x0200BFF8
MTIME_MASK = const(0x3FFFFFFF)  # the bits of a small integer
TIMER = 0x40054000
TIMERAWL = const(0x28)
TIMER_SIZE = const(0x30)


class SysTick:
    """The 24-bit counter in Arm's Cortex-M, at the processor's clock. Source: Armv7-M manual, B3.3."""

    def __init__(self):
        from machine import mem32  # type: ignore[import-not-found]

        self.registers = mem32

    def start(self):
        """Start a span."""
        registers = self.registers
        registers[SYSTICK_RELOAD] = SYSTICK_MOST
        registers[SYSTICK_VALUE] = 0
        # On, at the processor's clock, without interrupts.
        registers[SYSTICK_CONTROL] = 5

    def spent(self):
        """Return the ticks since start.

        Raises
        ------
        ValueError
            If the span exceeds the counter.
        """
        ticks = SYSTICK_MOST - self.registers[SYSTICK_VALUE]
        if self.registers[SYSTICK_CONTROL] & SYSTICK_ENDED:
            raise ValueError("a span of more than %d ticks" % SYSTICK_MOST)
        return ticks


class Mtime:
    """RISC-V's machine timer at its address in QEMU's `virt`. Source: QEMU hw/riscv/virt.c, CLINT."""

    def __init__(self):
        from machine import mem32  # type: ignore[import-not-found]

        self.registers = mem32

    def start(self):
        """Start a span."""
        self.started = self.registers[MTIME]

    def spent(self):
        """Return the ticks since start."""
        return (self.registers[MTIME] - self.started) & MTIME_MASK


class Microseconds:
    """MicroPython's time."""

    def __init__(self):
        from time import ticks_diff, ticks_us  # type: ignore[attr-defined]

        self.now, self.difference = ticks_us, ticks_diff

    def start(self):
        """Start a span."""
        self.started = self.now()

    def spent(self):
        """Return the microseconds since start."""
        return self.difference(self.now(), self.started)


class Nanoseconds:
    """CircuitPython's and CPython's time."""

    def __init__(self):
        from time import monotonic_ns

        self.now = monotonic_ns

    def start(self):
        """Start a span."""
        self.started = self.now()

    def spent(self):
        """Return the nanoseconds since start."""
        return self.now() - self.started


class Rp2040Timer:
    """The RP2040's timer of microseconds, for CircuitPython, whose own time has steps of 30.5 us there.

    Source: RP2040 datasheet, 4.6 (TIMERAWL).
    """

    def __init__(self):
        from memorymap import AddressRange

        self.registers = AddressRange(start=TIMER, length=TIMER_SIZE)

    def start(self):
        """Start a span."""
        self.started = self._now()

    def spent(self):
        """Return the nanoseconds since start."""
        return ((self._now() - self.started) & 0xFFFFFFFF) * 1000

    def _now(self):
        return int.from_bytes(self.registers[TIMERAWL : TIMERAWL + 4], "little")


def nanoseconds():
    """Return the finest clock that counts nanoseconds on this interpreter."""
    if sys.platform == "RP2040":
        try:
            return Rp2040Timer()
        except (ImportError, ValueError):
            pass
    return Nanoseconds()


class Bench:
    """Measures one network with one kernel.

    Parameters
    ----------
    clock : a clock of this module
    kernel : str
    path : str, of the network
    least : int, ticks that repeated calls should take at least
    tries : int, number of spans; the shortest counts

    Attributes
    ----------
    empty : int, ticks of an empty span
    litter : int, bytes that an empty span allocates
    memory : (int, int, int), bytes of the kernel, of the network, and still free
    """

    def __init__(self, clock, kernel, path, least, tries):
        self.clock, self.least, self.tries = clock, least, tries
        self.empty = min([self._empty() for _ in range(tries)])
        before = used()
        self._empty()
        self.litter = used(False) - before
        # kernels.available left one in memory.
        spikert.unload(kernels.__name__ + ".")
        start = used()
        network = _loaded(kernel, path)
        whole = used()
        del network
        # The modules stay when the network has gone.
        modules = used()
        self.network = _loaded(kernel, path)
        self.memory = modules - start, whole - modules, compat.memory_free()
        self.sink = Sink()
        self.report = Report(Sender(self.sink), self.network)
        # From here on only explicit calls collect garbage.
        self.heap = heap.watch()

    def steps(self, k, events):
        """Measure layer k's step: (ticks, calls, allocated bytes, fired neurons of all calls).

        The layer is reset before the first call only.

        Parameters
        ----------
        k : int
        events : list of int or None
            The inputs that spike; None for a held input.
        """
        layer, count = self.network.layers[k], 0
        if events is not None:
            count, events = len(events), array("H", events or [0])
        cost = self.repeated(layer.reset, _step, layer.step, events, count)
        layer.reset()
        fired = 0
        for call in range(2 * cost[1]):
            now = layer.step(events, count, 0)
            # Only the second half was measured.
            if call >= cost[1]:
                fired += now
        return cost + (fired,)

    def holds(self, k, x):
        """Measure layer k's hold of x u8[inputs]: (ticks, calls, allocated bytes)."""
        layer = self.network.layers[k]
        return self.repeated(layer.reset, _call, layer.hold, x)

    def turn(self, readings, fresh):
        """Run a whole turn: (ticks, allocated bytes, answer).

        Parameters
        ----------
        readings : bytes, of all its samples
        fresh : bool, whether a stream starts
        """
        network, best = self.network, None
        # A stream has moved on after a turn, so it gets only one try.
        for _ in range(1 if network.hop else self.tries):
            if fresh:
                network.start()
            before = used()
            self.clock.start()
            answer = network.run(readings)
            ticks = self.clock.spent() - self.empty
            allocated = used(False) - before - self.litter
            best = ticks if best is None else min(best, ticks)
        return best, allocated, answer

    def parts(self, readings, fresh, telling):
        """Run a turn in parts: (ticks of taking, of steps, of the answer; sent bytes).

        Each part is measured from its call to its return.

        Parameters
        ----------
        readings : bytes, of all samples
        fresh : bool, whether a stream starts
        telling : bool, whether the turn is reported as to a host; the reports count as answer
        """
        clock, network, report = self.clock, self.network, self.report
        if fresh or not network.hop:
            network.start()
        view, size = memoryview(readings), network.size
        samples = [view[first : first + size] for first in range(0, len(view), size)]
        taking = stepping = answering = step = self.sink.bytes = 0
        report.sender.start(readings)
        gc.collect()
        for sample in samples:
            clock.start()
            network.take(sample)
            taking += clock.spent() - self.empty
            for _ in range(network.steps):
                clock.start()
                network.step(1)
                stepping += clock.spent() - self.empty
                if telling:
                    clock.start()
                    report.spikes(0, step)
                    answering += clock.spent() - self.empty
                    step += 1
        clock.start()
        if telling:
            report.membranes(0)
            report.answer(0)
        else:
            network.answer()
        answering += clock.spent() - self.empty
        return taking, stepping, answering, self.sink.bytes

    def _empty(self):
        self.clock.start()
        return self.clock.spent()

    def repeated(self, prepare, loop, *arguments):
        """Repeat a call until it takes long enough: (ticks, calls, bytes allocated by the first).

        The ticks are the difference between twice the calls and once the calls. So they exclude the
        overhead of a span, such as a pending interrupt.

        Parameters
        ----------
        prepare : function, called before each span
        loop : function, called with the arguments and the number of calls; its own cost is subtracted
        """
        prepare()
        before = used()
        loop(*arguments, 1)
        allocated = used(False) - before
        most = max(2, compat.memory_free() // (2 * allocated)) if allocated > 0 else MOST_CALLS
        most = min(most, MOST_CALLS)
        calls = 1
        once = self.shortest(prepare, loop, arguments, 1)
        twice = self.shortest(prepare, loop, arguments, 2)
        while twice - once < self.least and 4 * calls <= most:
            calls *= 2
            once, twice = twice, self.shortest(prepare, loop, arguments, 2 * calls)
        empty = self.shortest(gc.collect, _nothing, (), 2 * calls)
        empty -= self.shortest(gc.collect, _nothing, (), calls)
        return twice - once - empty, calls, allocated

    def shortest(self, prepare, loop, arguments, calls):
        """Return the ticks of `calls` calls, of the shortest try."""
        clock, best = self.clock, None
        for _ in range(self.tries):
            prepare()
            gc.collect()
            clock.start()
            loop(*arguments, calls)
            ticks = clock.spent()
            if best is None or ticks < best:
                best = ticks
        return best


class Sink:
    """A stream that only counts the bytes written to it."""

    bytes = 0

    def write(self, data):
        """Count."""
        self.bytes += len(data)


def _loaded(kernel, path):
    from spikert.network import tables

    network = Network(tables.load(path), kernels.load(kernel))
    del tables
    spikert.unload("spikert.network.tables", ".build")
    return network


def used(collect=True):
    """Return the bytes of heap in use; 0 if the interpreter cannot report it."""
    if collect:
        gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def _step(step, events, count, calls):
    for _ in range(calls):
        step(events, count, 0)


def _call(function, argument, calls):
    for _ in range(calls):
        function(argument)


def _nothing(calls):
    for _ in range(calls):
        pass
