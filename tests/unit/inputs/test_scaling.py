"""Scaling follows its formula exactly, and a fit meets the percentiles."""

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.inputs.scaling import Percentiles, Scaling, fit_scaling

INT32 = np.iinfo(np.int32)


def by_formula(raw, offset, scale, shift):
    """Return x of one reading, in Python's own integers, which have no limit."""
    return min(255, max(0, ((int(raw) - int(offset)) * int(scale)) >> shift))


def one_for_all(offset=0, scale=1, shift=0):
    return Scaling(np.array([offset], np.int32), np.array([scale], np.int32), shift)


@pytest.mark.parametrize("shift", [0, 7, 16, 31])
def test_scaling_follows_formula_at_ends_of_int32(shift):
    random = np.random.default_rng(shift)
    ends = [INT32.min, -1, 0, 1, INT32.max]
    raw = np.concatenate([ends, random.integers(INT32.min, INT32.max, 200)]).astype(np.int32)
    for offset in ends:
        for scale in (*ends, 5, 418, 99_999):
            x = one_for_all(offset, scale, shift).apply(raw[:, None])
            expected = [by_formula(reading, offset, scale, shift) for reading in raw]
            assert x[:, 0].tolist() == expected
            assert x.dtype == np.uint8


def test_scaling_per_channel_keeps_any_shape():
    scaling = Scaling(np.array([0, 10, -10]), np.array([1, 2, -1]), 1)
    raw = np.array([5, 12, -30], np.int16)
    expected = [2, 2, 10]
    assert scaling.apply(raw).tolist() == expected
    assert scaling.apply(np.tile(raw, (4, 6, 1))).tolist() == np.tile(expected, (4, 6, 1)).tolist()


def test_scaling_shift_rounds_down_below_offset():
    assert one_for_all(0, -1, 1).apply(np.array([[1], [-1], [-3]])).tolist() == [[0], [0], [1]]


@pytest.mark.parametrize(
    ("offset", "scale", "shift", "words"),
    [
        ([0, 0], [1], 0, "2 offsets for 1 scales"),
        ([0.5], [1], 0, "offset is float64"),
        ([0], [[1]], 0, r"scale is int64 of shape \(1, 1\)"),
        ([], [], 0, "offset is float64 of shape"),
        ([2**31], [1], 0, "offset lies in 2147483648..2147483648"),
        ([0], [1], 32, "shift is 32; it must be 0..31"),
        ([0], [1], -1, "shift is -1"),
    ],
)
def test_scaling_impossible_fields_are_refused(offset, scale, shift, words):
    with pytest.raises(SpikeletError, match=words):
        Scaling(np.array(offset), np.array(scale), shift)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (np.zeros((4, 2), np.int16), "have 2 channels, but the scaling has 3"),
        (np.int16(1), "have 0 channels"),
        (np.zeros((4, 3)), "raw is float64"),
        (np.full((4, 3), 2**31), "raw lies in 2147483648..2147483648"),
    ],
)
def test_scaling_other_readings_are_refused(raw, words):
    scaling = Scaling(np.zeros(3, np.int32), np.ones(3, np.int32), 0)
    with pytest.raises(SpikeletError, match=words):
        scaling.apply(raw)


@pytest.mark.parametrize("span", [1, 3, 254, 255, 256, 1000, 40_000, 65_535])
def test_fit_scaling_least_scale_maps_percentiles_to_ends(span):
    raw = np.array([[-700], [span - 700]], np.int32)
    scaling = fit_scaling([raw], Percentiles(0, 100))
    assert scaling.apply(raw)[:, 0].tolist() == [0, 255]
    smaller = Scaling(scaling.offset, scaling.scale - 1, scaling.shift)
    assert smaller.apply(raw)[1, 0] < 255


def test_fit_scaling_is_even_and_ignores_shocks():
    raw = np.arange(-2000, 2000, dtype=np.int16)[:, None]
    shocks = np.array([[-32768], [32767]] * 5, np.int16)
    scaling = fit_scaling([raw, shocks])
    x = scaling.apply(raw)[:, 0]
    assert (np.diff(x.astype(int)) >= 0).all()
    # 0.5 % of 4,010 readings are cut at each end, 5 of them shocks; the rest fills 0..255.
    counts = np.bincount(x)
    assert (counts[1:255] >= 15).all()
    assert (counts[1:255] <= 16).all()
    assert counts[[0, 255]].max() <= 32


def test_fit_scaling_by_channel_or_shared():
    random = np.random.default_rng(0)
    raw = (random.uniform(-1, 1, (1000, 2)) * [100, 10_000]).astype(np.int16)
    each = fit_scaling([raw[:500], raw[500:]])
    assert (each.scale[0] / each.scale[1]) == pytest.approx(100, rel=0.1)
    assert all(each.apply(raw)[:, channel].max() == 255 for channel in (0, 1))
    shared = fit_scaling([raw], shared=True)
    assert (len(shared.offset), len(shared.scale)) == (1, 1)
    assert np.ptp(shared.apply(raw)[:, 0]) <= 4


@pytest.mark.parametrize(
    ("recordings", "options", "words"),
    [
        ([], {}, "no recordings"),
        ([np.zeros((9, 2), np.int16)], {}, "channel 0 do not change"),
        ([np.arange(9)[:, None]], {"shift": 31}, "needs scale .* lower shift"),
        ([np.arange(9)[:, None]], {"shift": 32}, "shift is 32"),
        ([np.arange(9)[:, None]], {"percentiles": Percentiles(60, 40)}, "are 60 and 40"),
        ([np.zeros((9, 2))], {}, "raw is float64"),
    ],
)
def test_fit_scaling_impossible_readings_are_refused(recordings, options, words):
    with pytest.raises(SpikeletError, match=words):
        fit_scaling(recordings, **options)
