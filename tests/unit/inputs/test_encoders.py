"""The encoders: worked by hand on the host, and the firmware's against the host's."""

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.inputs import encoders
from spikert import encoders as on_board
from spikert.network import tables

CODED = tables.ENCODERS[1:]


def train_of(encoder, level, steps, value=0):
    return encoders.spikes(encoder, np.array([[level]], np.uint8), steps, value)[0, :, 0].tolist()


class Table:
    """The fields of a table that `encoders.make` reads."""

    def __init__(self, encoder, steps, parameter, channels):
        self.encoder, self.steps = encoder, steps
        self.parameter, self.channels = parameter, channels


@pytest.mark.parametrize(
    ("level", "time"), [(255, 0), (254, 0), (192, 0), (191, 1), (128, 1), (127, 2), (63, None)]
)
def test_latency_spike_is_earlier_for_larger_x(level, time):
    # (255 - x) * 4 >> 8; no spike below 64
    assert train_of("latency", level, 4, 64) == [t == time for t in range(4)]


def test_phase_spikes_are_bits_from_the_highest():
    assert train_of("phase", 0b1011_0010, 8, 8) == [1, 0, 1, 1, 0, 0, 1, 0]
    assert train_of("phase", 0b1011_0010, 7, 3) == [1, 0, 1, 1, 0, 1, 1]
    assert encoders.drive_shifts("phase", 7, 3).tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_phase_weighted_period_sums_to_x():
    x = np.arange(256, dtype=np.uint8)[None]
    signal = encoders.signal("phase", x, 8, 8)
    np.testing.assert_array_equal(signal.sum(axis=0)[0] * 128, x[0])


def test_bernoulli_draws_equal_xorshift_by_hand():
    # by hand from 1: 1 ^ 1 << 7 = 0x81; ^ >> 9 = 0x81; ^ << 8 = 0x8181, so the first draw is 0x81
    assert train_of("bernoulli", 0x81, 1, 1) == [False]
    assert train_of("bernoulli", 0x82, 1, 1) == [True]


@pytest.mark.parametrize("level", [0, 1, 64, 128, 255])
def test_bernoulli_rate_is_proportional_to_x(level):
    x = np.full((1, 50), level, np.uint8)
    rate = encoders.spikes("bernoulli", x, 200, encoders.DEFAULTS["bernoulli"]).mean()
    assert rate == pytest.approx(level / 256, abs=0.02)


@pytest.mark.parametrize("encoder", CODED)
@pytest.mark.parametrize("steps", [1, 4, 13])
@pytest.mark.parametrize("samples", [1, 5])
def test_encoders_of_board_and_host_agree(encoder, steps, samples):
    least, most = encoders.PARAMETERS.get(encoder, (0, 0))
    x = np.random.default_rng(steps).integers(0, 256, (3, samples, 40)).astype(np.uint8)
    x[0, :, :4] = 0, 1, 254, 255
    # Changes little; may wrap.
    x[1] = x[1, :1] + np.arange(samples, dtype=np.uint8)[:, None]
    for value in {least, encoders.DEFAULTS.get(encoder, 0), most}:
        expected = encoders.spikes(encoder, x, steps, value)
        shifts = encoders.drive_shifts(encoder, steps, value)
        board = on_board.make(Table(encoder, steps, value, 40))
        for recording, spikes in zip(x, expected.reshape(3, samples, steps, -1), strict=True):
            board.start()
            for sample, rows in zip(recording, spikes, strict=True):
                board.take(bytearray(sample.tobytes()))
                for row, shift in zip(rows, shifts, strict=True):
                    count = board.step()
                    assert list(board.events[:count]) == np.flatnonzero(row).tolist()
                    assert board.shifts[0] == shift


@pytest.mark.parametrize("encoder", tables.ENCODERS)
def test_encoder_stream_in_parts_equals_whole(encoder):
    value = encoders.DEFAULTS.get(encoder, 0)
    x = np.random.default_rng(0).integers(0, 256, (2, 9, 5)).astype(np.uint8)
    parts = encoders.Encoder(encoder, 3, value)
    joined = np.concatenate([parts.spikes(x[:, :4]), parts.spikes(x[:, 4:])], axis=1)
    np.testing.assert_array_equal(joined, encoders.spikes(encoder, x, 3, value))
    assert joined.any() != (encoder == "direct")


def test_direct_makes_no_spikes():
    assert on_board.make(Table("direct", 4, 0, 3)) is None
    assert not encoders.spikes("direct", np.full((1, 3), 255, np.uint8), 4).any()


@pytest.mark.parametrize(
    ("encoder", "value", "words"),
    [
        ("bernoulli", 0, "1..65535"),
        ("latency", 256, "0..255"),
        ("phase", 0, "1..8"),
        ("rate", 1, "0..0"),
        ("morse", 0, "must be one of direct, rate"),
    ],
)
def test_encoder_impossible_parameter_is_refused(encoder, value, words):
    with pytest.raises(SpikeletError, match=words):
        encoders.check_encoder(encoder, value)
