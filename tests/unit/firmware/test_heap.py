"""A heap that is watched: collected between turns before it runs out, and seldom looked at."""

import pytest

from spikert.garbage import MOST, Garbage

SIZE = 100_000
LIVE = 10_000


class Heap:
    """Counts what is used; fails where it runs out before it was collected."""

    def __init__(self):
        self.used, self.looks, self.collections = LIVE, 0, 0
        self.least = SIZE

    def free(self):
        self.looks += 1
        return SIZE - self.used

    def collect(self):
        self.collections += 1
        self.used = LIVE

    def turn(self, size):
        self.used += size
        self.least = min(self.least, SIZE - self.used)


@pytest.mark.parametrize("size", [16, 500, 2_000, 9_000, 30_000])
def test_it_is_collected_before_it_runs_out(size):
    heap = Heap()
    watched = Garbage(heap.free, heap.collect, SIZE)
    for _ in range(5_000):
        heap.turn(size)
        watched.between()
    assert heap.least >= 0
    assert heap.collections > 1
    worth = (SIZE - LIVE) // size  # turns that a collection is good for
    assert heap.collections <= 2 + 5_000 * 3 // worth


def test_what_allocates_nothing_is_hardly_looked_at_and_never_collected_again():
    heap = Heap()
    watched = Garbage(heap.free, heap.collect, SIZE)
    for _ in range(20_000):
        watched.between()
    assert heap.collections == 1
    assert heap.looks <= 2 + 10 + 20_000 // MOST


def test_without_a_measure_nothing_is_looked_at():
    collected = []
    watched = Garbage(None, lambda: collected.append(1), 0)
    for _ in range(10):
        watched.between()
    assert collected == [1]
