"""Differences of a clock that counts modulo a power of two."""

from collections.abc import Callable


def wrapping_difference(period: int) -> Callable[[int, int], int]:
    """Return a ticks_diff as MicroPython has it, for ticks modulo `period`."""
    half = period // 2
    return lambda later, earlier: (later - earlier + half) % period - half
