"""The bits of each input, one after the other."""

from array import array

from spikert.loops import pick

loops = pick("inputs")


class Encoder:
    """The bits of x, highest first, one in each step; a period's later spikes weigh less.

    The parameter is the period in steps. Source: Kim et al., Deep Neural Networks with Weighted
    Spikes, Neurocomputing 311 (2018).
    """

    def __init__(self, channels, steps, parameter):
        self.channels = channels
        self.period = parameter
        self.events = array("H", range(channels))

    def start(self):
        """Do nothing: samples know nothing of each other."""

    def take(self, x):
        """Begin the next sample, with its highest bits."""
        self.x = x
        self.shift = -1

    def step(self):
        """List the inputs that spike; return how many."""
        self.shift = (self.shift + 1) % self.period
        return loops.bits(self.x, 0x80 >> self.shift, self.events, self.channels)
