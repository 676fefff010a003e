"""Take a sensor's readings at a fixed rate; the sensor may go and come back."""

import gc
from array import array

from spikert import compat, sensors
from spikert.sensors.sample_clock import SampleClock

# Milliseconds before the first retry of a sensor that failed; each retry doubles it.
FIRST_WAIT = 100
LONGEST_WAIT = 5_000
# Samples from one garbage collection to the next.
COLLECTED = 32
# Microseconds, longer than any period.
LONG = 1 << 28
# Milliseconds between two checks for commands during the wait for a sensor.
NAP = 50
# Microseconds of a period from which the sampler does not sleep as a whole; milliseconds of a part.
SLOW = 1_000_000
PART = 500
# Settings that do not belong to the sensor.
OTHERS = ("button",)


class Sampler:
    """Reads a sensor whenever its next sample is due; retries a sensor that failed.

    Parameters
    ----------
    settings : dict
        Of the sensor as for sensors.open, and "rate" in samples a second. Without a rate samples follow
        each other as fast as possible.

    Attributes
    ----------
    rate : number, samples a second, 0 without one
    row : array i16[channels], the last readings; None until the first sample
    samples : int, number of samples
    late : int, number of samples after their time
    skipped : int, times without a sample
    failures : int, number of the sensor's failures
    trouble : str, the reason why the sensor is missing, or empty
    gap : bool, whether samples are missing between the last two

    Raises
    ------
    ValueError
        If the settings are wrong.
    """

    def __init__(self, settings):
        self.rate = rate = settings.get("rate", 0)
        self.settings = {key: settings[key] for key in settings if key not in OTHERS}
        self.samples = self.late = self.failures = self.skipped = 0
        self.row = self.sensor = self.clock = None
        self.trouble, self.wait, self.left = "", FIRST_WAIT, 0
        # Samples since a collection; microseconds of the longest collection.
        self.since, self.takes = 0, 0
        # Whether the sensor waits for each reading, so that no sample is lost.
        self.waits = self.gap = False
        if rate:
            if not compat.CLOCK:
                raise ValueError("a rate of %s, and this board has no clock; leave it out" % rate)
            sensors.rate(settings, sensors.FASTEST)
            self.clock = SampleClock(round(1_000_000 / rate))
        self._open()

    def take(self):
        """Wait until the next sample is due, and take it into `row`; return whether it succeeded.

        Without a sensor it waits only a moment.
        """
        sensor = self.sensor or self._again()
        if sensor is None:
            return False
        skipped = self._wait()
        try:
            sensor.read(self.row)
        except OSError as error:
            self._failed(error)
            return False
        self.gap = self.samples > 0 and (skipped > 0 or self.trouble != "")
        self.samples += 1
        self.trouble, self.wait = "", FIRST_WAIT
        return True

    def near(self):
        """Return whether the next sample is due soon; let a moment pass if it is not.

        So a board with a slow rate still reports, and takes commands, between two samples.
        """
        clock = self.clock
        if not clock or clock.period < SLOW or not clock.samples or self.sensor is None:
            return True
        if clock.slack() < 2000 * PART:
            return True
        compat.sleep_ms(PART)
        return False

    def rest(self):
        """Collect garbage at times, if the next sample is far enough away.

        It does not measure the free memory: on a heap of 200 kB that alone takes 8 ms at 125 MHz.
        """
        self.since += 1
        if self.since < COLLECTED:
            return
        slack = self.clock.slack() if self.clock else LONG
        if slack < self.takes and self.since < 4 * COLLECTED:
            return
        gc.collect()
        self.since = 0
        if self.clock:
            self.takes = max(self.takes, (slack - self.clock.slack()) * 5 // 4)

    def close(self):
        """Release the sensor's pins."""
        sensor, self.sensor = self.sensor, None
        if sensor is not None:
            try:
                sensor.close()
            # The sensor is gone.
            except OSError:
                pass

    def _wait(self):
        """Wait until the next sample is due; return the number of skipped times."""
        clock = self.clock
        if clock is None:
            return 0
        before = clock.skipped
        self.late += not clock.wait()
        if self.waits:
            return 0
        self.skipped += clock.skipped - before
        return clock.skipped - before

    def _again(self):
        """Let some time pass; return the sensor if it has come back."""
        if compat.CLOCK:
            nap = min(self.left, NAP)
            compat.sleep_ms(nap)
            self.left -= nap
        else:
            self.left = 0
        if self.left <= 0:
            self._open()
        return self.sensor

    def _open(self):
        try:
            self.sensor = sensor = sensors.open(self.settings)
        except OSError as error:
            self._failed(error)
            return
        self.waits = getattr(sensor, "waits", False)
        if self.row is None:
            self.row = array("h", bytes(2 * sensor.channels))
        if self.clock:
            self.clock.start()

    def _failed(self, error):
        self.close()
        self.failures += 1
        self.trouble = "%s: %s" % (self.settings.get("sensor"), error)
        self.left = self.wait
        self.wait = min(2 * self.wait, LONGEST_WAIT)
