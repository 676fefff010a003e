"""Garbage, collected at moments of the runtime's choosing.

Python collects when memory has run out, be it in the middle of a step. A network in viper or in
assembler allocates nothing, but reports do, and so do kernels on ulab, some kilobytes a step. So the
session says after each turn that it is over, and what would soon run out is collected there. Should
a single turn use up all that is free, the interpreter still collects by itself.

A collection takes some 350,000 instructions on a heap of 128 KiB, and to ask how much is free goes
through all of it as well. So that is asked only once in a while: after twice as many turns as the
last time, up to MOST, and before half of what may be used will be, at the rate so far.

MicroPython looks for room from the first hole in its heap on, which is among the modules: a third of
ulab's time went there, for none of these holes is large enough for an array. So they are filled.
"""

import gc

from spikert import compat

SHARE = 4  # one in so many bytes of the heap is to be free after each turn
MOST = 1024  # turns from one look to the next


class Heap:
    """Watches a heap from turn to turn.

    free, collect    functions, gc's mem_free and collect; without the first nothing is watched
    size             int, bytes of the heap
    kept             whatever is to live as long
    """

    def __init__(self, free, collect, size, kept=None):
        self.free, self.collect, self.kept = free, collect, kept
        self.reserve = size // SHARE
        self.start()

    def start(self):
        """Collect, and begin to watch."""
        self.turns = 1  # from the last look to the next
        self.wait = 1  # turns until then
        self.collect()
        self.before = self.free() if self.free else 0

    def between(self):
        """Take notice that a turn is over."""
        self.wait -= 1
        if not self.wait and self.free:
            self._look()

    def _look(self):
        free = self.free()
        used = self.before - free
        if free - used < self.reserve:  # and as much will be used until the next look
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
    """Return what watches this interpreter's heap."""
    if hasattr(gc, "threshold"):
        gc.threshold(-1)  # from here on between turns, or when memory has run out
    if not hasattr(gc, "mem_free"):
        return Heap(None, gc.collect, 0)
    size = gc.mem_free() + gc.mem_alloc()  # type: ignore[attr-defined]
    filling = _filling(size // SHARE) if compat.np and compat.addressof else None
    return Heap(gc.mem_free, gc.collect, size, filling)


def _filling(room):
    """Return a chain of the smallest objects there are, in all holes before one of `room` bytes."""
    gc.collect()
    free = gc.mem_free()  # type: ignore[attr-defined]
    end = compat.addressof(bytearray(min(room, free // 2)))
    gc.collect()
    filling = ()
    while True:
        one: tuple = (filling,)
        if id(one) >= end:
            return filling
        filling = one
