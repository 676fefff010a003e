"""Hold a sampling period by sleeping until the next sample's time."""

from spikert import compat

# Microseconds of a period: ticks_us starts again after 2**30 on some boards.
LONGEST = 1 << 28
# Microseconds, the shortest sleep.
MILLISECOND = 1000


class SampleClock:
    """Starts samples one period apart, counted from the first, so that no delay adds up.

    A sample whose time has passed starts at once, and the next at its own time; further times that have
    passed are skipped.

    Parameters
    ----------
    period : int, microseconds, 1..LONGEST
    unheard : bool
        Whether no host listens, so that sleep may be deep; see compat.sleep_ms.

    Attributes
    ----------
    samples : int, number of samples so far
    late : int, number of samples after their time, because work took longer than a period
    skipped : int, times without a sample
    asleep : int, microseconds slept since the first sample
    total : int, microseconds from the first sample's start to the last one's

    Raises
    ------
    ValueError
        For another period.
    """

    def __init__(self, period, unheard=False):
        if not 1 <= period <= LONGEST:
            raise ValueError("a period of %d us; it must be 1..%d" % (period, LONGEST))
        self.period = period
        self.unheard = unheard
        self.start()

    def start(self):
        """Reset: the next sample is the first, and starts at once."""
        self.samples = self.late = self.skipped = self.asleep = self.total = 0
        # Microseconds to the next sample's time.
        self.left = 0

    def wait(self):
        """Sleep until the next sample's time; return whether it starts in time."""
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
        """Return the microseconds until the next sample's time, below 0 if it passed."""
        self._let_pass()
        return self.left

    def duty(self):
        """Return the share of time awake, 0..1; 1 before the second sample."""
        return 1 - self.asleep / self.total if self.total else 1

    def _sleep(self):
        """Sleep while a millisecond is left, then poll the clock for the rest."""
        while self.left >= MILLISECOND:
            ms = self.left // MILLISECOND
            compat.sleep_ms(ms, self.unheard)
            # Some boards' clocks stop in deep sleep; then count the requested time.
            self.asleep += self._let_pass(ms * MILLISECOND)
        while self.left > 0:
            self._let_pass()

    def _let_pass(self, least=0):
        """Count the microseconds since the last call, at least `least`, and return them."""
        now = compat.ticks_us()
        passed = max(compat.ticks_diff(now, self.now), least)
        self.now = now
        self.total += passed
        self.left -= passed
        return passed
