"""A sampling period, kept by sleeping from the end of one sample's work to the next one's time."""

from spikert import compat

LONGEST = 1 << 28  # microseconds of a period: ticks_us begins again after 2**30 on some boards
MILLISECOND = 1000  # microseconds, the shortest sleep


class SampleClock:
    """Lets samples begin one period apart, counted from the first, so that no delay adds up.

    A sample whose time has passed begins at once, and the next at its own time; times that have
    passed as well are left out.

    period     int, microseconds, 1..LONGEST
    unheard    bool, whether no host listens, so that sleep may be deep; see compat.sleep_ms
    samples    int, how many have begun
    late       int, how many of them began after their time, because work took longer than a period
    skipped    int, times that were left out
    asleep     int, microseconds slept since the first sample
    total      int, microseconds from the first sample's beginning to the last one's
    Raises ValueError for another period.
    """

    def __init__(self, period, unheard=False):
        if not 1 <= period <= LONGEST:
            raise ValueError("a period of %d us; it must be 1..%d" % (period, LONGEST))
        self.period = period
        self.unheard = unheard
        self.start()

    def start(self):
        """Begin anew: the next sample is the first, and begins at once."""
        self.samples = self.late = self.skipped = self.asleep = self.total = 0
        self.left = 0  # microseconds to the next sample's time

    def wait(self):
        """Sleep until the next sample's time; return whether it begins in time."""
        if self.samples:
            self._let_pass()
        else:
            self.now = compat.ticks_us()
        in_time = self.left >= 0
        if in_time:
            self._sleep()
        else:
            self.late += 1
            passed = -self.left // self.period
            self.skipped += passed
            self.left += passed * self.period
        self.left += self.period
        self.samples += 1
        return in_time

    def slack(self):
        """Return the microseconds that are left until the next sample's time, below 0 if it passed."""
        self._let_pass()
        return self.left

    def duty(self):
        """Return the share of time that is not slept, 0..1; 1 before the second sample."""
        return 1 - self.asleep / self.total if self.total else 1

    def _sleep(self):
        """Sleep while a millisecond is left, then look at the clock until the rest has passed."""
        while self.left >= MILLISECOND:
            asked = self.left // MILLISECOND
            compat.sleep_ms(asked, self.unheard)
            # some boards' clocks stand still in deep sleep: then what was asked for has passed
            self.asleep += self._let_pass(asked * MILLISECOND)
        while self.left > 0:
            self._let_pass()

    def _let_pass(self, least=0):
        """Count the time since the last look, at least so much; return it in microseconds."""
        now = compat.ticks_us()
        passed = max(compat.ticks_diff(now, self.now), least)
        self.now = now
        self.total += passed
        self.left -= passed
        return passed
