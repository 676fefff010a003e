"""One spike per channel, the earlier the stronger."""

from array import array

from spikert.loops import pick

loops = pick("inputs")


class Encoder:
    """One spike per channel, the earlier the larger x; none below the parameter."""

    shift = 0

    def __init__(self, channels, steps, parameter):
        self.channels = channels
        self.steps = steps
        self.least = parameter
        self.times = array("H", range(channels))
        self.events = array("H", range(channels))

    def start(self):
        """Do nothing: samples know nothing of each other."""

    def take(self, x):
        """Begin the next sample: set the time of every spike."""
        self.t = 0
        loops.plan(x, self.times, self.steps, self.least, self.channels)

    def step(self):
        """List the inputs that spike; return how many."""
        t = self.t
        self.t = t + 1
        return loops.due(self.times, t, self.events, self.channels)
