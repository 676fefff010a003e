"""Test a board with its own sensor: it runs every reading once and survives all faults."""

import errno
import json
import struct

import numpy as np
import pytest
from board_in_memory import BoardInMemory, Clock
from framing import encoded
from random_networks import random_network
from stream_networks import SEEDS, stream_network
from wrapping_ticks import wrapping_difference

from spikelet.errors import SpikeletError
from spikelet.flashing import sensor_trial
from spikelet.link import link as link_module
from spikelet.link import sensor as listening
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.link.sensor import Readings
from spikelet.link.turn import Status, Turn
from spikelet.monitoring.recorder import Recorder
from spikelet.networks.lif_file import save_network
from spikert import compat, wire
from spikert.sensors import sampler

RATE = 100
# Microseconds.
PERIOD = 1_000_000 // RATE


class Sensor:
    """A sensor that plays a recording in a loop, with faults.

    Parameters
    ----------
    raw : int16[samples, channels]
    faults : dict of int to int
        {number of a sample: failed readings before it}
    """

    def __init__(self, raw, faults=None):
        self.raw = raw
        self.faults = dict(faults or {})
        self.reads = self.samples = self.opened = self.closed = 0

    def open(self, settings):
        self.opened += 1
        self._fail()
        self.channels = self.raw.shape[1]
        return self

    def read(self, row):
        self.reads += 1
        self._fail()
        for channel, value in enumerate(self.raw[self.samples % len(self.raw)]):
            row[channel] = value
        self.samples += 1

    def close(self):
        self.closed += 1

    def _fail(self):
        if self.faults.get(self.samples, 0) > 0:
            self.faults[self.samples] -= 1
            raise OSError(errno.ENODEV, "no such device")


class BoardsTime:
    """The board's clock: sleep advances it, and each call of ticks_us adds `work`."""

    def __init__(self, work=1):
        self.now, self.work = 0, work

    def ticks_us(self):
        self.now += self.work
        return self.now

    def sleep_ms(self, ms, unheard=False):
        self.now += ms * 1000


@pytest.fixture
def time(monkeypatch):
    clock = BoardsTime()
    monkeypatch.setattr(compat, "ticks_us", clock.ticks_us)
    monkeypatch.setattr(compat, "sleep_ms", clock.sleep_ms)
    return clock


@pytest.fixture
def connect(tmp_path, monkeypatch, time):
    """Return a function that writes a network and a sensor to a board and returns (link, board)."""
    clock = Clock()
    monkeypatch.setattr(link_module, "time", clock)

    def connected(network, sensor, settings=None):
        save_network(network, tmp_path / "network.lif")
        monkeypatch.setattr(sampler.sensors, "open", sensor.open)
        written = {"sensor": "wave", "rate": RATE} if settings is None else settings
        (tmp_path / "sensor.json").write_text(json.dumps(written))
        board = BoardInMemory(
            tmp_path / "network.lif", clock=clock, settings=tmp_path / "sensor.json"
        )
        link = Link(board, "board", pytest.fail)
        link.hello()
        return link, board

    return connected


def wave(network, samples, seed=0):
    """Return int16[samples, channels] within the network's range of inputs."""
    rng = np.random.default_rng(seed)
    if network.scaling is None:
        return rng.integers(0, 256, (samples, network.channels)).astype(np.int16)
    return rng.integers(-3000, 3000, (samples, network.channels)).astype(np.int16)


def receive(link, network, count, **options):
    """Return (observations, reports) of `count` turns."""
    items = list(listening.turns(link, network, 0, count, **options))
    observations = [item for item in items if isinstance(item, Turn)]
    return observations, [item for item in items if isinstance(item, Status)]


@pytest.mark.parametrize("wrap", [1 << 29, 1 << 30])
def test_sensor_turns_survive_ticks_that_wrap(connect, monkeypatch, time, wrap):
    """At one sample in 10 s the board's clock wraps twice, between samples and in the middle."""
    network, period = stream_network(1), 10_000_000
    hop = network.stream.hop
    count = 3 * wrap // (2 * period * hop)
    time.now = wrap - 3 * period - 1
    monkeypatch.setattr(compat, "ticks_us", lambda: time.ticks_us() % wrap)
    monkeypatch.setattr(compat, "ticks_diff", wrapping_difference(wrap))
    link, _ = connect(network, Sensor(wave(network, 64)), {"sensor": "wave", "rate": 0.1})
    turns, reports = receive(link, network, count)
    check = verify.LiveCheck(network)
    for turn in turns:
        check.check(turn)
    assert (check.found.samples, check.found.differences) == (count, 0)
    assert (link.lost_frames, link.late_frames, link.missed) == (0, 0, 0)
    assert (reports[-1].samples, reports[-1].late, reports[-1].skipped) == (count * hop, 0, 0)
    assert time.now > 2 * wrap
    # One a second, or after each nap of half a second.
    seconds = (count * hop - 1) * period / 1e6
    assert seconds * 0.6 < len(reports) <= seconds + 3


@pytest.mark.parametrize("seed", SEEDS)
def test_sensor_turns_of_stream_cover_all_readings(connect, seed):
    network = stream_network(seed)
    raw = wave(network, 6 * network.stream.hop)
    link, _ = connect(network, Sensor(raw))
    observations, _ = receive(link, network, 6)
    check = verify.LiveCheck(network)
    for observation in observations:
        check.check(observation)
    read = np.concatenate([observation.readings for observation in observations])
    assert np.array_equal(read, raw)
    assert (check.found.samples, check.found.differences, link.lost_frames) == (6, 0, 0)


def test_sensor_turns_without_stream_are_readings(connect):
    network = random_network(1)
    raw = wave(network, 20)
    link, _ = connect(network, Sensor(raw))
    observations, reports = receive(link, network, 20)
    expected = network.simulate(raw.astype(np.uint8) if network.scaling is None else raw)
    assert [turn.answer for turn in observations] == expected.answers.tolist()
    assert reports[-1] == Status(20, 0, 0, "", RATE, 0, network.channels)


def test_sensor_readings_need_no_network(connect):
    network = random_network(1)
    raw = np.arange(3 * 300, dtype=np.int16).reshape(300, 3)
    link, board = connect(network, Sensor(raw))
    board.session.network = None
    parts = [item for item in listening.readings(link, 20) if isinstance(item, Readings)]
    read = np.concatenate([part.raw for part in parts])
    assert np.array_equal(read, raw[: len(read)])
    assert len(parts) == 20
    assert max(len(part.raw) for part in parts) <= 12
    assert (sum(part.lost for part in parts), link.lost_frames) == (0, 0)


def test_sensor_readings_gap_splits_recording(connect, time):
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


def test_sensor_samples_at_rate(connect, time):
    network = stream_network(0)
    link, _ = connect(network, Sensor(wave(network, 50)))
    before = time.now
    receive(link, network, 5)
    assert abs(time.now - before - (5 * network.stream.hop - 1) * PERIOD) < 1000


def test_sensor_late_and_skipped_samples_are_counted(connect, time):
    network = stream_network(0)
    sensor = Sensor(wave(network, 50))
    read = sensor.read

    def slow(row):
        read(row)
        if sensor.reads in (3, 6):
            time.now += 2 * PERIOD + 1

    sensor.read = slow
    link, _ = connect(network, sensor)
    reports = receive(link, network, 5)[1]
    samples = 5 * network.stream.hop
    assert reports[-1] == Status(samples, 2, 0, "", RATE, 2, network.channels)


def test_sensor_failure_is_reported_and_retried(connect, time):
    network = stream_network(0)
    sensor = Sensor(wave(network, 90), {0: 1, 7: 4})
    link, _ = connect(network, sensor)
    before = time.now
    observations, reports = receive(link, network, 4)
    read = np.concatenate([observation.readings for observation in observations])
    assert np.array_equal(read, sensor.raw[: len(read)])
    troubles = [report.trouble for report in reports]
    assert "no such device" in troubles[0]
    assert troubles[0].startswith("wave: ")
    assert troubles[-1] == ""
    assert reports[-1].failed == 5
    waited = time.now - before - (4 * network.stream.hop - 1) * PERIOD
    assert waited == pytest.approx((100 + 100 + 200 + 400 + 800) * 1000, abs=2 * PERIOD)
    # The sensor was closed at its failure at 7, and at the end.
    assert sensor.closed == 2


def test_sensor_turns_end_at_other_command(connect):
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
def test_sensor_invalid_settings_are_error(connect, tmp_path, settings, words):
    network = stream_network(0)
    link, _ = connect(network, Sensor(wave(network, 9)), settings)
    if settings is None:
        (tmp_path / "sensor.json").unlink()
    with pytest.raises(SpikeletError, match=words):
        receive(link, network, 1)
    assert link.hello().problem == ""


def test_sensor_channels_unlike_network_are_error(connect):
    network = stream_network(0)
    link, _ = connect(network, Sensor(np.zeros((9, 5), np.int16)))
    with pytest.raises(SpikeletError, match="a sensor of 5 channels, and the network takes 3"):
        receive(link, network, 1)


def test_sensor_readings_beyond_input_range_are_error(connect):
    network = stream_network(0)
    link, _ = connect(network, Sensor(np.full((9, 3), 256, np.int16)))
    with pytest.raises(SpikeletError, match=r"reads 256, and the network takes 0\.\.255"):
        receive(link, network, 1)


def test_sensor_lost_frame_loses_one_turn(connect):
    network = stream_network(0)
    link, board = connect(network, Sensor(wave(network, 90)))
    kinds = []

    def outgoing(kind, data):
        kinds.append(kind)
        lost = kind == wire.SPIKES and kinds.count(kind) == 2 * network.turn_steps + 1
        return (b"" if lost else data), 0.0

    board.outgoing = outgoing
    turns = [item for item in listening.turns(link, network, 0, 5) if not isinstance(item, Status)]
    assert [turn is None for turn in turns] == [False, True, False, False, False]
    assert link.lost_frames == 1
    assert struct.calcsize(wire.SENSOR_FORMAT) == wire.SENSOR_SIZE


# Sensors that give no sample


class Absent(Sensor):
    """A sensor that does not answer."""

    def open(self, settings):
        raise OSError(errno.ENODEV, "no lis3dh answers")


@pytest.mark.parametrize("listen", ["turns", "readings"])
def test_sensor_that_never_comes_is_error_with_its_trouble(connect, listen):
    network = stream_network(SEEDS[0])
    link, board = connect(network, Absent(wave(network, 9)))
    receive_all = {
        "turns": lambda: listening.turns(link, network, 0, 4),
        "readings": lambda: listening.readings(link, 4),
    }
    board.session.receiver.ready = reports(board, 100)
    sentence = (
        r"board has read no sample of its sensor for 20 s \(wave: .*no lis3dh answers\); .*timeout"
    )
    with pytest.raises(SpikeletError, match=sentence):
        list(receive_all[listen]())


def test_sensor_that_never_comes_is_awaited_by_a_patient_host(connect):
    network = stream_network(SEEDS[0])
    link, board = connect(network, Absent(wave(network, 9)))
    board.session.receiver.ready = reports(board, 100)
    with pytest.raises(SpikeletError, match="has said nothing of its sensor for 10 s"):
        list(listening.turns(link, network, 0, 4, patient=True))


def reports(board, count):
    """Return a check for commands that ends LIVE after `count` reports, each a second later."""

    def ready():
        waiting = board._under_way
        if board.sent.count(wire.SENSOR) < count:
            return False
        for number, (_, data) in enumerate(list(waiting)):
            waiting[number] = board.clock.now + number, data
        return True

    return ready


@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_sensor_of_slow_rate_is_reported_between_samples(connect, rate):
    network = stream_network(SEEDS[0])
    settings = {"sensor": "wave", "rate": rate}
    link, board = connect(network, Sensor(wave(network, 9)), settings)
    events = list(listening.readings(link, 3))
    assert sum(isinstance(event, Readings) for event in events) == 3
    assert board.sent.count(wire.SENSOR) > 2 / rate
    assert link.patience.limit >= 3 / rate


@pytest.mark.parametrize("size", [0, 1, 3])
def test_sensor_readings_of_odd_size_are_error(connect, size):
    link, _ = connect(stream_network(SEEDS[0]), Sensor(np.zeros((4, 2), np.int16)))
    payload = struct.pack(wire.PART_FORMAT, 0, 0, 0, 0, 0) + bytes(size)
    with pytest.raises(SpikeletError, match=f"readings of {size} bytes, which are no samples of 2"):
        listening._block(link, payload, 2)


def test_sensor_trouble_is_reported_at_flash(connect):
    network = stream_network(SEEDS[0])
    link, board = connect(network, Absent(wave(network, 9)))
    board.session.receiver.ready = reports(board, 1)
    assert sensor_trial.read_once(link, network).trouble == "wave: [Errno 19] no lis3dh answers"


def test_sensor_that_works_has_no_trouble_at_flash(connect):
    network = stream_network(SEEDS[0])
    link, board = connect(network, Sensor(wave(network, 9)))
    board.session.receiver.ready = reports(board, 1)
    assert sensor_trial.read_once(link, network).trouble == ""
