"""Collect garbage between turns, at moments that the runtime chooses.

By default Python collects when memory runs out, even in the middle of a step. A network in viper or
in assembler allocates no memory. Reports do, and kernels on ulab allocate some kilobytes a step. So
the session calls the heap after each turn, and the heap collects before memory becomes short. If a
single turn uses all free memory, the interpreter still collects by itself.

A collection takes about 350,000 instructions on a heap of 128 KiB. Measuring the free memory walks
the whole heap too. So measurements are rare: each comes after twice as many turns as the last
one, at most MOST. It comes earlier if half of the usable memory would be consumed at the present rate.

MicroPython searches for free space from the first hole in its heap, which lies among the modules.
That took a third of ulab's time, because these holes are too small for an array. So they are filled.
"""

import gc

from spikert import compat

# One of SHARE bytes of the heap must be free after each turn.
SHARE = 4
# Turns between two measurements.
MOST = 1024


class Heap:
    """Watches a heap from turn to turn.

    Parameters
    ----------
    free, collect : gc.mem_free and gc.collect; without `free` the heap is not watched
    size : int
        Bytes of the heap.
    kept : object
        Lives as long as the heap.
    """

    def __init__(self, free, collect, size, kept=None):
        self.free, self.collect, self.kept = free, collect, kept
        self.reserve = size // SHARE
        self.start()

    def start(self):
        """Collect, and start to watch."""
        # Turns between the last measurement and the next.
        self.turns = 1
        # Turns until the next measurement.
        self.wait = 1
        self.collect()
        self.before = self.free() if self.free else 0

    def between(self):
        """Count a finished turn, and collect if memory becomes short."""
        self.wait -= 1
        if not self.wait and self.free:
            self._look()

    def _look(self):
        free = self.free()
        used = self.before - free
        # The same amount will be used until the next measurement.
        if free - used < self.reserve:
            self.collect()
            free = self.free()
        self.before = free
        self.turns = self.wait = self._next(used, free)

    def _next(self, used, free):
        turns = min(2 * self.turns, MOST)
        if used > 0:
            turns = min(turns, (free - self.reserve) * self.turns // (2 * used))
        return max(1, turns)


def watch():
    """Return the Heap of this interpreter."""
    if hasattr(gc, "threshold"):
        # From here on Heap collects between turns; the interpreter only if memory runs out.
        gc.threshold(-1)
    if not hasattr(gc, "mem_free"):
        return Heap(None, gc.collect, 0)
    size = gc.mem_free() + gc.mem_alloc()  # type: ignore[attr-defined]
    filling = _filling(size // SHARE) if compat.np and compat.addressof else None
    return Heap(gc.mem_free, gc.collect, size, filling)


def _filling(room):
    """Return a chain of the smallest objects, which fills all holes before one of `room` bytes."""
    gc.collect()
    free = gc.mem_free()  # type: ignore[attr-defined]
    end = compat.addressof(bytearray(min(room, free // 2)))
    gc.collect()
    filling = ()
    while True:
        box: tuple = (filling,)
        if id(box) >= end:
            return filling
        filling = box
