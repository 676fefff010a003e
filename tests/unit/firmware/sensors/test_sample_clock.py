"""A sampling period on a clock that only sleep and work move."""

import pytest
from wrapping_ticks import wrapping_difference

from spikert import compat
from spikert.sensors import sample_clock


class Clock:
    """Replaces compat's time: a look takes a microsecond, a sleep the requested time and `over`."""

    def __init__(self, monkeypatch, *, over=0, stops=False):
        self.now = 5
        self.slept = []
        self.over, self.stops = over, stops
        monkeypatch.setattr(compat, "ticks_us", self.look)
        monkeypatch.setattr(compat, "ticks_diff", lambda later, earlier: later - earlier)
        monkeypatch.setattr(compat, "sleep_ms", self.sleep)

    def look(self):
        self.now += 1
        return self.now

    def sleep(self, ms, unheard=False):
        self.slept.append((ms, unheard))
        self.now += 0 if self.stops else 1000 * ms + self.over


def begin_times(clock, timer, works):
    """Return the start of each sample, the first at 0, and whether each was in time."""
    begins, in_time = [], []
    for work in works:
        in_time.append(timer.wait())
        begins.append(clock.now)
        clock.now += work
    return [begin - begins[0] for begin in begins], in_time


def test_sample_clock_keeps_period_without_drift(monkeypatch):
    clock = Clock(monkeypatch, over=300)
    timer = sample_clock.SampleClock(20_000)
    begins, in_time = begin_times(clock, timer, [3_000] * 50)
    assert all(0 <= begin - 20_000 * k <= 301 for k, begin in enumerate(begins))
    assert in_time == [True] * 50
    assert (timer.samples, timer.late, timer.total) == (50, 0, begins[-1])
    assert timer.duty() == pytest.approx(3 / 20, abs=0.05)
    assert {ms for ms, _ in clock.slept} == {16}


def test_sample_clock_counts_late_and_skips_passed_times(monkeypatch):
    clock = Clock(monkeypatch)
    timer = sample_clock.SampleClock(10_000)
    begins, in_time = begin_times(clock, timer, [0, 12_000, 0, 45_000, 0, 0])
    assert in_time == [True, True, False, True, False, True]
    assert [round(begin, -2) for begin in begins] == [0, 10_000, 22_000, 30_000, 75_000, 80_000]
    assert (timer.samples, timer.late) == (6, 2)


def test_sample_clock_counts_sleep_if_the_clock_stops(monkeypatch):
    clock = Clock(monkeypatch, stops=True)
    timer = sample_clock.SampleClock(10_000, unheard=True)
    for _ in range(5):
        timer.wait()
    assert timer.asleep >= 4 * 9_000
    assert clock.slept[0] == (9, True)
    assert timer.total == pytest.approx(40_000, abs=10)


def test_sample_clock_waits_below_a_millisecond_awake(monkeypatch):
    clock = Clock(monkeypatch)
    timer = sample_clock.SampleClock(900)
    begins, _ = begin_times(clock, timer, [100] * 4)
    assert begins == [0, 900, 1800, 2700]
    assert clock.slept == []
    assert (timer.asleep, timer.duty()) == (0, 1)


def test_sample_clock_duty_is_1_before_second_sample():
    assert sample_clock.SampleClock(10).duty() == 1


@pytest.mark.parametrize("wrap", [1 << 29, 1 << 30])
@pytest.mark.parametrize("period", [20_000_000, 1 << 28])
def test_sample_clock_keeps_period_when_ticks_wrap(monkeypatch, wrap, period):
    clock, samples = Clock(monkeypatch), 4 * wrap // period
    clock.now = wrap - 3 * period // 2
    monkeypatch.setattr(compat, "ticks_us", lambda: clock.look() % wrap)
    monkeypatch.setattr(compat, "ticks_diff", wrapping_difference(wrap))
    timer = sample_clock.SampleClock(period)
    begins, in_time = begin_times(clock, timer, [period // 3] * samples)
    assert in_time == [True] * samples
    assert all(0 <= begin - period * k <= 2 for k, begin in enumerate(begins))
    assert begins[-1] > 2 * wrap
    assert (timer.samples, timer.late, timer.skipped) == (samples, 0, 0)
    assert timer.total == begins[-1]


@pytest.mark.parametrize("period", [0, -5, (1 << 28) + 1])
def test_sample_clock_refuses_other_periods(period):
    with pytest.raises(ValueError, match=rf"a period of {period} us; it must be 1..268435456"):
        sample_clock.SampleClock(period)


@pytest.mark.parametrize("unheard", [False, True])
def test_sleep_ms_is_deep_only_without_a_host(monkeypatch, unheard):
    deep, light = [], []
    monkeypatch.setattr(compat, "lightsleep", deep.append)
    monkeypatch.setattr(compat.time, "sleep", light.append)
    compat.sleep_ms(30, unheard)
    assert (deep, light) == (([30], []) if unheard else ([], [0.03]))
