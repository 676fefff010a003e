"""A board that listens to its own sensor: every reading is run once, and nothing stops it."""

import errno
import json
import struct

import numpy as np
import pytest
from board_in_memory import BoardInMemory, Clock
from framing import encoded
from random_networks import random_network
from stream_networks import SEEDS, stream_network

from spikelet.errors import SpikeletError
from spikelet.link import link as link_module
from spikelet.link import sensor as listening
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.link.sensor import Readings
from spikelet.link.turn import Observation, Status
from spikelet.monitoring.recorder import Recorder
from spikelet.networks.lif_file import save_network
from spikert import compat, wire
from spikert.sensors import sampler

RATE = 100
PERIOD = 1_000_000 // RATE  # microseconds


class Sensor:
    """Stands in for a sensor: rows of a recording, one after the other, then nonsense.

    raw      int16[samples, channels]
    faults   {number of a read: how many fail from there on}
    """

    def __init__(self, raw, faults=None):
        self.raw = raw
        self.faults = dict(faults or {})
        self.reads = self.given = self.opened = self.closed = 0

    def open(self, settings):
        self.opened += 1
        self._fail()
        self.channels = self.raw.shape[1]
        return self

    def read(self, row):
        self.reads += 1
        self._fail()
        for channel, value in enumerate(self.raw[self.given % len(self.raw)]):
            row[channel] = value
        self.given += 1

    def close(self):
        self.closed += 1

    def _fail(self):
        if self.faults.get(self.given, 0) > 0:
            self.faults[self.given] -= 1
            raise OSError(errno.ENODEV, "no such device")


class BoardsTime:
    """The board's clock: it goes on by what is slept, and by `work` with each look."""

    def __init__(self, work=1):
        self.now, self.work = 0, work

    def ticks_us(self):
        self.now += self.work
        return self.now

    def sleep_ms(self, ms, unheard=False):
        self.now += ms * 1000


@pytest.fixture
def time(monkeypatch):
    made = BoardsTime()
    monkeypatch.setattr(compat, "ticks_us", made.ticks_us)
    monkeypatch.setattr(compat, "sleep_ms", made.sleep_ms)
    return made


@pytest.fixture
def connect(tmp_path, monkeypatch, time):
    """Return a function that puts a network and a sensor on a board and gives (link, board)."""
    clock = Clock()
    monkeypatch.setattr(link_module, "time", clock)

    def connected(network, sensor, settings=None):
        save_network(network, tmp_path / "network.lif")
        monkeypatch.setattr(sampler.sensors, "open", sensor.open)
        told = {"sensor": "wave", "rate": RATE} if settings is None else settings
        (tmp_path / "sensor.json").write_text(json.dumps(told))
        board = BoardInMemory(
            tmp_path / "network.lif", clock=clock, settings=tmp_path / "sensor.json"
        )
        link = Link(board, "board", pytest.fail)
        link.hello()
        return link, board

    return connected


def wave(network, samples, seed=0):
    """Return int16[samples, channels] that the network's inputs can be."""
    rng = np.random.default_rng(seed)
    if network.scaling is None:
        return rng.integers(0, 256, (samples, network.channels)).astype(np.int16)
    return rng.integers(-3000, 3000, (samples, network.channels)).astype(np.int16)


def told(link, network, count, **options):
    """Return (observations, samplings) of so many turns."""
    seen = list(listening.turns(link, network, 0, count, **options))
    observations = [one for one in seen if isinstance(one, Observation)]
    return observations, [one for one in seen if isinstance(one, Status)]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_reading_of_a_stream_is_run_and_told(connect, seed):
    network = stream_network(seed)
    raw = wave(network, 6 * network.stream.hop)
    link, _ = connect(network, Sensor(raw))
    observations, _ = told(link, network, 6)
    check = verify.LiveCheck(network)
    for observation in observations:
        check.check(observation)
    read = np.concatenate([observation.readings for observation in observations])
    assert np.array_equal(read, raw)
    assert (check.found.samples, check.found.differences, link.lost_frames) == (6, 0, 0)


def test_a_network_without_a_stream_answers_every_reading(connect):
    network = random_network(1)
    raw = wave(network, 20)
    link, _ = connect(network, Sensor(raw))
    observations, samplings = told(link, network, 20)
    expected = network.simulate(raw.astype(np.uint8) if network.scaling is None else raw)
    assert [seen.answer for seen in observations] == expected.answers.tolist()
    assert samplings[-1] == Status(20, 0, 0, "", RATE, 0, network.channels)


def test_readings_alone_come_in_order_and_need_no_network(connect):
    network = random_network(1)
    raw = np.arange(3 * 300, dtype=np.int16).reshape(300, 3)
    link, board = connect(network, Sensor(raw))
    board.session.network = None
    parts = [seen for seen in listening.readings(link, 20) if isinstance(seen, Readings)]
    read = np.concatenate([part.raw for part in parts])
    assert np.array_equal(read, raw[: len(read)])
    assert len(parts) == 20
    assert max(len(part.raw) for part in parts) <= 12
    assert (sum(part.lost for part in parts), link.lost_frames) == (0, 0)


def test_a_gap_between_readings_is_told_where_it_is(connect, time):
    raw = np.arange(3 * 300, dtype=np.int16).reshape(300, 3)
    sensor = Sensor(raw, {40: 2})
    read = sensor.read

    def slow(row):
        read(row)
        if sensor.reads == 20:
            time.now += 3 * PERIOD

    sensor.read = slow
    link, _ = connect(random_network(1), sensor)
    recorder = Recorder(0.9)
    recorder.record(listening.readings(link, 12), lambda event: None)
    pieces = recorder.recorded.pieces
    assert [len(piece) for piece in pieces] == [20, 20, 50]
    assert np.array_equal(np.concatenate(pieces), raw[:90])
    status = recorder.recorded.status
    assert (status.late, status.skipped, status.failed) == (1, 2, 2)


def test_it_samples_at_the_rate(connect, time):
    network = stream_network(0)
    link, _ = connect(network, Sensor(wave(network, 50)))
    before = time.now
    told(link, network, 5)
    assert abs(time.now - before - (5 * network.stream.hop - 1) * PERIOD) < 1000


def test_samples_that_begin_late_or_are_left_out_are_counted(connect, time):
    network = stream_network(0)
    sensor = Sensor(wave(network, 50))
    read = sensor.read

    def slow(row):
        read(row)
        if sensor.reads in (3, 6):
            time.now += 2 * PERIOD + 1

    sensor.read = slow
    link, _ = connect(network, sensor)
    samplings = told(link, network, 5)[1]
    samples = 5 * network.stream.hop
    assert samplings[-1] == Status(samples, 2, 0, "", RATE, 2, network.channels)


def test_a_sensor_that_fails_is_told_tried_again_with_patience_and_stops_nothing(connect, time):
    network = stream_network(0)
    sensor = Sensor(wave(network, 90), {0: 1, 7: 4})
    link, _ = connect(network, sensor)
    before = time.now
    observations, samplings = told(link, network, 4)
    read = np.concatenate([observation.readings for observation in observations])
    assert np.array_equal(read, sensor.raw[: len(read)])
    troubles = [sampling.trouble for sampling in samplings]
    assert "no such device" in troubles[0]
    assert troubles[0].startswith("wave: ")
    assert troubles[-1] == ""
    assert samplings[-1].failed == 5
    waited = time.now - before - (4 * network.stream.hop - 1) * PERIOD
    assert waited == pytest.approx((100 + 100 + 200 + 400 + 800) * 1000, abs=2 * PERIOD)
    assert sensor.closed == 2  # when it failed at 7, and at the end


def test_another_command_ends_it(connect):
    network = stream_network(0)
    sensor = Sensor(wave(network, 90))
    link, board = connect(network, sensor)
    read, x = sensor.read, wave(network, network.stream.hop)

    def interrupted(row):
        read(row)
        if sensor.reads == 30:
            board.inbox.data += wire.shield(encoded(wire.BYE, 77))

    sensor.read = interrupted
    turns = listening.turns(link, network)
    with pytest.raises(SpikeletError, match="has said nothing of its sensor for 10 s"):
        list(turns)
    assert board.ended
    assert (sensor.reads, sensor.closed) == (30, 1)
    assert len(x)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rate": -1}, "rate is -1; it must be a number above 0"),
        ([1], "says nothing of a sensor"),
        (None, "knows of no sensor; spikelet flash --sensor"),
    ],
)
def test_settings_that_make_no_sense(connect, tmp_path, settings, words):
    network = stream_network(0)
    link, _ = connect(network, Sensor(wave(network, 9)), settings)
    if settings is None:
        (tmp_path / "sensor.json").unlink()
    with pytest.raises(SpikeletError, match=words):
        told(link, network, 1)
    assert link.hello().problem == ""


def test_a_sensor_of_other_channels_than_the_networks(connect):
    network = stream_network(0)
    link, _ = connect(network, Sensor(np.zeros((9, 5), np.int16)))
    with pytest.raises(SpikeletError, match="a sensor of 5 channels, and the network takes 3"):
        told(link, network, 1)


def test_readings_beyond_what_a_network_takes_that_does_not_scale(connect):
    network = stream_network(0)
    link, _ = connect(network, Sensor(np.full((9, 3), 256, np.int16)))
    with pytest.raises(SpikeletError, match=r"reads 256, and the network takes 0\.\.255"):
        told(link, network, 1)


def test_a_lost_frame_loses_its_turn_and_no_other(connect):
    network = stream_network(0)
    link, board = connect(network, Sensor(wave(network, 90)))
    kinds = []

    def outgoing(kind, data):
        kinds.append(kind)
        lost = kind == wire.SPIKES and kinds.count(kind) == 2 * network.turn_steps + 1
        return (b"" if lost else data), 0.0

    board.outgoing = outgoing
    seen = [one for one in listening.turns(link, network, 0, 5) if not isinstance(one, Status)]
    assert [one is None for one in seen] == [False, True, False, False, False]
    assert link.lost_frames == 1
    assert struct.calcsize(wire.SENSOR_FORMAT) == wire.SENSOR_SIZE
