"""Rate coding."""

from array import array

from spikert.loops import pick

loops = pick("inputs")


class Encoder:
    """Rate coding: each step adds x to an 8-bit sum, and a carry is a spike; no parameter."""

    shift = 0

    def __init__(self, channels, steps, parameter):
        self.channels = channels
        self.sums = bytearray(channels)
        self.events = array("H", range(channels))

    def start(self):
        """Start every sum at 128."""
        for i in range(len(self.sums)):
            self.sums[i] = 128

    def take(self, x):
        """Begin the next sample."""
        self.x = x

    def step(self):
        """List the inputs that spike; return how many."""
        return loops.rate(self.x, self.sums, self.events, self.channels)
