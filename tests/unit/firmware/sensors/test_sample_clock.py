"""A sampling period on a clock that only sleep and work move."""

import pytest

from spikert import compat
from spikert.sensors import sample_clock


class Clock:
    """Stands in for compat's time: a look takes a microsecond, a sleep what was asked and `over`."""

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


def begin_times(clock, kept, works):
    """Return when each sample began, the first at 0, and whether each was in time."""
    begins, in_time = [], []
    for work in works:
        in_time.append(kept.wait())
        begins.append(clock.now)
        clock.now += work
    return [begin - begins[0] for begin in begins], in_time


def test_samples_begin_one_period_apart_and_no_delay_adds_up(monkeypatch):
    clock = Clock(monkeypatch, over=300)
    kept = sample_clock.SampleClock(20_000)
    begins, in_time = begin_times(clock, kept, [3_000] * 50)
    assert all(0 <= begin - 20_000 * k <= 301 for k, begin in enumerate(begins))
    assert in_time == [True] * 50
    assert (kept.samples, kept.late, kept.total) == (50, 0, begins[-1])
    assert kept.duty() == pytest.approx(3 / 20, abs=0.05)
    assert {asked for asked, _ in clock.slept} == {16}


def test_what_is_late_is_counted_and_times_that_passed_are_left_out(monkeypatch):
    clock = Clock(monkeypatch)
    kept = sample_clock.SampleClock(10_000)
    begins, in_time = begin_times(clock, kept, [0, 12_000, 0, 45_000, 0, 0])
    assert in_time == [True, True, False, True, False, True]
    assert [round(begin, -2) for begin in begins] == [0, 10_000, 22_000, 30_000, 75_000, 80_000]
    assert (kept.samples, kept.late) == (6, 2)


def test_a_clock_that_stands_still_in_sleep_counts_what_was_asked(monkeypatch):
    clock = Clock(monkeypatch, stops=True)
    kept = sample_clock.SampleClock(10_000, unheard=True)
    for _ in range(5):
        kept.wait()
    assert kept.asleep >= 4 * 9_000
    assert clock.slept[0] == (9, True)
    assert kept.total == pytest.approx(40_000, abs=10)


def test_less_than_a_millisecond_is_waited_for_awake(monkeypatch):
    clock = Clock(monkeypatch)
    kept = sample_clock.SampleClock(900)
    begins, _ = begin_times(clock, kept, [100] * 4)
    assert begins == [0, 900, 1800, 2700]
    assert clock.slept == []
    assert (kept.asleep, kept.duty()) == (0, 1)


def test_before_the_second_sample_all_is_work():
    assert sample_clock.SampleClock(10).duty() == 1


@pytest.mark.parametrize("period", [0, -5, (1 << 28) + 1])
def test_other_periods_are_refused(period):
    with pytest.raises(ValueError, match=rf"a period of {period} us; it must be 1..268435456"):
        sample_clock.SampleClock(period)


@pytest.mark.parametrize("unheard", [False, True])
def test_sleep_is_deep_only_where_nobody_listens(monkeypatch, unheard):
    deep, light = [], []
    monkeypatch.setattr(compat, "lightsleep", deep.append)
    monkeypatch.setattr(compat.time, "sleep", light.append)
    compat.sleep_ms(30, unheard)
    assert (deep, light) == (([30], []) if unheard else ([], [0.03]))
