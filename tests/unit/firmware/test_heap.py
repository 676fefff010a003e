"""A watched heap is collected between turns in time, and measured rarely."""

import pytest

from spikert.heap import MOST, Heap

SIZE = 100_000
LIVE = 10_000


class Memory:
    """Counts the used bytes, and remembers the fewest free ones."""

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
def test_heap_is_collected_before_it_runs_out(size):
    memory = Memory()
    watched = Heap(memory.free, memory.collect, SIZE)
    for _ in range(5_000):
        memory.turn(size)
        watched.between()
    assert memory.least >= 0
    assert memory.collections > 1
    # Turns that one collection allows.
    worth = (SIZE - LIVE) // size
    assert memory.collections <= 2 + 5_000 * 3 // worth


def test_heap_without_allocation_is_measured_rarely():
    memory = Memory()
    watched = Heap(memory.free, memory.collect, SIZE)
    for _ in range(20_000):
        watched.between()
    assert memory.collections == 1
    assert memory.looks <= 2 + 10 + 20_000 // MOST


def test_heap_without_mem_free_is_never_measured():
    collected = []
    watched = Heap(None, lambda: collected.append(1), 0)
    for _ in range(10):
        watched.between()
    assert collected == [1]
