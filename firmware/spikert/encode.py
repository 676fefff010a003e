"""Numbers to spikes: the encoders. Each turns x u8[channels] into the events of every step."""

from array import array


class Rate:
    """Rate coding: each step adds x to an 8-bit sum, and a carry is a spike.

    events    u16[channels], of which `step` returns how many are valid
    """

    def __init__(self, channels):
        self.sums = bytearray(channels)
        self.events = array("H", range(channels))

    def start(self, x):
        """Begin a sample: x u8[channels]; every sum starts at 128."""
        self.x = x
        for i in range(len(self.sums)):
            self.sums[i] = 128

    def step(self):
        """List the inputs that spike in this step in `events`; return how many."""
        x, sums, events = self.x, self.sums, self.events
        count = 0
        for i in range(len(sums)):
            total = sums[i] + x[i]
            if total > 255:
                events[count] = i
                count += 1
                total -= 256
            sums[i] = total
        return count
