"""Rate coding."""

from array import array

from spikert.emitters import fastest_form

bound, loops = fastest_form("loops.running").bound, fastest_form("loops.inputs")


class Encoder:
    """Rate coding: each step adds x to an 8-bit sum, and a carry is a spike; no parameter."""

    def __init__(self, channels, steps, parameter):
        self.channels, self.x = channels, None
        self.sums = bytearray(channels)
        self.shifts = array("H", (0,))
        self.events = array("H", range(channels))

    def start(self):
        """Start every sum at 128."""
        for i in range(len(self.sums)):
            self.sums[i] = 128

    def take(self, x):
        """Start the next sample."""
        # Bind the arguments of a step once.
        if x is not self.x:
            self.x = x
            self.step = bound(loops.rate, x, self.sums, self.events, self.channels)
