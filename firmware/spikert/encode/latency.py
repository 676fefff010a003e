"""One spike per channel, the earlier the stronger."""

from array import array

from spikert.loops import pick

loops = pick("inputs")


class Encoder:
    """One spike per channel, the earlier the larger x; none below the parameter."""

    shift = 0

    def __init__(self, channels, steps, parameter):
        self.ends = array("H", range(steps + 1))  # of the spikes of each step in `events`
        self.events = array("H", range(channels))
        times = array("H", range(channels))
        self.parts = times, self.ends, self.events, steps, parameter, channels

    def start(self):
        """Do nothing: samples know nothing of each other."""

    def take(self, x):
        """Begin the next sample: sort its spikes by their time."""
        self.t = 0
        loops.plan(x, self.parts)

    def step(self):
        """List the inputs that spike; return how many."""
        t = self.t
        self.t = t + 1
        return loops.due(self.ends, t, self.events)
