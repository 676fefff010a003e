"""Random spikes."""

from array import array

from spikert.emitters import fastest_form

bound, loops = fastest_form("loops.running").bound, fastest_form("loops.inputs")


class Encoder:
    """Random spikes, each with probability x / 256; the parameter is the seed, not 0.

    The numbers are the upper bytes of a 16-bit xorshift, one for each channel in order and step.
    Source: Marsaglia, Xorshift RNGs, Journal of Statistical Software 8 (2003); shifts 7, 9, 8.
    """

    def __init__(self, channels, steps, parameter):
        self.channels, self.x = channels, None
        self.seed = parameter
        self.state = array("H", [parameter])
        self.shifts = array("H", (0,))
        self.events = array("H", range(channels))

    def start(self):
        """Draw the same random numbers again."""
        self.state[0] = self.seed

    def take(self, x):
        """Start the next sample."""
        # Bind the arguments of a step once.
        if x is not self.x:
            self.x = x
            self.step = bound(loops.draw, x, self.state, self.events, self.channels)
