"""One spike per channel, the earlier the stronger."""

from array import array

from spikert.emitters import fastest_form

bound, loops = fastest_form("loops.running").bound, fastest_form("loops.inputs")


class Encoder:
    """One spike per channel, the earlier the larger x; none below the parameter."""

    def __init__(self, channels, steps, parameter):
        # of the spikes of each step in `events`, of those without a time, and what step comes next
        self.ends = array("H", range(steps + 2))
        self.shifts = array("H", (0,))
        self.events = array("H", range(channels))
        times = array("H", range(channels))
        # what begins the next sample: it sorts its spikes by their time
        self.take = loops.planning(times, self.ends, self.events, steps, parameter, channels)
        self.step = bound(loops.due, self.ends, steps + 1, self.events, None)
        self.times = times

    def start(self):
        """Do nothing: samples know nothing of each other."""
