"""Curves in braille: each dot is at its place, and each picture fits its size."""

import numpy as np
import pytest
from rich.cells import cell_len

from spikelet.monitoring.braille_plot import Signals, braille

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def dots(lines):
    """Return bool[rows, columns], the dots of a picture."""
    picture = np.zeros((4 * len(lines), 2 * len(lines[0])), bool)
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            for i in range(4):
                for j in range(2):
                    lit = (ord(character) - 0x2800) & DOTS[i][j]
                    picture[4 * row + i, 2 * column + j] = bool(lit)
    return picture


def test_braille_ramp_rises_a_dot_per_column():
    picture = dots(braille(np.arange(8), 4, 2))
    assert picture.shape == (8, 8)
    # A column is drawn from the dot of the column before to its own.
    for column in range(8):
        assert np.flatnonzero(picture[:, column]).tolist() == sorted(
            {7 - column, min(8 - column, 7)}
        )


def test_braille_shows_a_peak_among_many_samples():
    values = np.zeros(1000, np.int16)
    values[637] = 32767
    picture = dots(braille(values, 10, 1))
    assert np.flatnonzero(picture[0]).tolist() == [637 * 20 // 1000]
    assert picture[3].all()


def test_braille_draws_constant_in_middle_and_int16_extremes():
    assert dots(braille(np.full(4, -7), 2, 1)).sum(axis=1).tolist() == [0, 4, 0, 0]
    picture = dots(braille(np.array([-32768, 32767], np.int16), 1, 3))
    assert picture[:, 0].nonzero()[0].tolist() == [11]
    assert picture[:, 1].all()


@pytest.mark.parametrize("width", [1, 5, 29, 30, 31, 80, 300])
@pytest.mark.parametrize("height", [0, 1, 2, 3, 7, 40])
def test_signals_fit_width_and_height(width, height):
    signals = Signals(["ax", "速度", "a long name of a channel"], kept=50)
    signals.add(np.random.default_rng(0).integers(-32768, 32768, (120, 3)))
    lines = signals.picture(width, height).plain.split("\n")
    assert len(lines) <= max(height, 1)
    assert all(cell_len(line) <= width for line in lines)


def test_signals_keep_last_samples_with_a_scale_per_channel():
    signals = Signals(["a", "b"], kept=4)
    signals.add(np.array([[9, 9]]))
    for k in range(4):
        signals.add(np.array([k, 1000 * k]))
    assert len(signals) == 4
    first, second = signals.picture(60, 2).plain.split("\n")
    assert first.split()[:2] == ["a", "0..3"]
    assert second.split()[:2] == ["b", "0..3000"]
    assert first.split()[2] == second.split()[2]


def test_signals_that_do_not_fit_are_counted():
    signals = Signals([f"c{k}" for k in range(12)])
    signals.add(np.zeros((3, 12)))
    lines = signals.picture(60, 5).plain.split("\n")
    assert len(lines) == 5
    assert lines[-1] == "and 8 more channels"


def test_signals_without_readings_draw_nothing():
    assert Signals(["a"]).picture(60, 5).plain == ""
