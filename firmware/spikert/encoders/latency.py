"""One spike per channel, the earlier the larger its input."""

from array import array

from spikert.emitters import fastest_form

bound, loops = fastest_form("loops.running").bound, fastest_form("loops.inputs")


class Encoder:
    """One spike per channel, the earlier the larger x; none below the parameter."""

    def __init__(self, channels, steps, parameter):
        # Ends in `events` of each step's spikes and of the silent channels, then the next step's
        # number.
        self.ends = array("H", range(steps + 2))
        self.shifts = array("H", (0,))
        self.events = array("H", range(channels))
        times = array("H", range(channels))
        # Starts the next sample: sorts its spikes by their time.
        self.take = loops.planning(times, self.ends, self.events, steps, parameter, channels)
        self.step = bound(loops.due, self.ends, steps + 1, self.events, None)
        self.times = times

    def start(self):
        """No state between samples."""
