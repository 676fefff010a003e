"""The bits of each input, one after the other."""

from array import array

from spikert.emitters import fastest_form

bound, loops = fastest_form("loops.running").bound, fastest_form("loops.inputs")


class Encoder:
    """The bits of x, highest first, one in each step; a period's later spikes weigh less.

    The parameter is the period in steps. Source: Kim et al., Deep Neural Networks with Weighted
    Spikes, Neurocomputing 311 (2018).
    """

    def __init__(self, channels, steps, parameter):
        self.channels, self.x = channels, None
        self.shifts = array("H", (0, parameter))
        self.events = array("H", range(channels))

    def start(self):
        """No state between samples."""

    def take(self, x):
        """Start the next sample, with its highest bits."""
        # A step increments it, modulo the period.
        self.shifts[0] = self.shifts[1] - 1
        # Bind the arguments of a step once.
        if x is not self.x:
            self.x = x
            self.step = bound(loops.bits, x, self.shifts, self.events, self.channels)
