"""A sensor's readings at a fixed rate, from a sensor that may go and come back."""

import gc
from array import array

from spikert import compat, sensors
from spikert.sensors.sample_clock import SampleClock

FIRST_WAIT = 100  # ms until a sensor that failed is tried again; it doubles from time to time
LONGEST_WAIT = 5_000
COLLECTED = 32  # samples from one collection of garbage to the next
LONG = 1 << 28  # microseconds
NAP = 50  # ms, after which who waits for a sensor looks for commands
OTHERS = ("button",)  # settings that are not the sensor's


class Sampler:
    """Reads a sensor whenever its next sample is due; one that fails is tried again later.

    settings     dict, of the sensor as sensors.open takes it, and "rate" in samples a second,
                 without which they follow each other as fast as they can
    rate         number, samples a second, 0 without one
    row          array i16[channels], the last readings; None until the sensor was there once
    samples      int, how many were taken
    late         int, how many of them began after their time
    skipped      int, times that passed altogether
    failures     int, how often the sensor failed
    trouble      str, why it is not there now, or nothing
    gap          bool, whether there should have been others between the last two samples
    Raises ValueError for settings that make no sense.
    """

    def __init__(self, settings):
        self.rate = rate = settings.get("rate", 0)
        self.settings = {key: settings[key] for key in settings if key not in OTHERS}
        self.samples = self.late = self.failures = self.skipped = 0
        self.row = self.sensor = self.clock = None
        self.trouble, self.wait, self.left = "", FIRST_WAIT, 0
        self.since, self.takes = 0, 0  # samples since a collection; microseconds of the longest
        self.gap = False
        if rate:
            if not compat.CLOCK:
                raise ValueError("a rate of %s, and this board has no clock; leave it out" % rate)
            sensors.rate(settings, sensors.FASTEST)
            self.clock = SampleClock(round(1_000_000 / rate))
        self._open()

    def take(self):
        """Wait until the next sample is due, and take it into `row`; return whether it is there.

        Without a sensor, it waits but a moment.
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

    def rest(self):
        """Collect garbage now and then, when there is time until the next sample.

        How much memory is free is not asked: on a heap of 200 kB that alone takes 8 ms at 125 MHz.
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
        """Give the sensor's pins back."""
        sensor, self.sensor = self.sensor, None
        if sensor is not None:
            try:
                sensor.close()
            except OSError:  # it is gone
                pass

    def _wait(self):
        """Wait until the next sample is due; return how many times passed before."""
        clock = self.clock
        if clock is None:
            return 0
        before = clock.skipped
        self.late += not clock.wait()
        self.skipped += clock.skipped - before
        return clock.skipped - before

    def _again(self):
        """Let some time pass; return the sensor if it is there again."""
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
