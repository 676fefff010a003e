"""Test boards that sample a sensor: each reading runs once and is verified."""

import json

import flash_image
import numpy as np
import pytest
from stream_networks import CHANNELS, stream_network

from spikelet.boards import interpreter
from spikelet.flashing.runtime.needs import Task
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.link import sensor, verify
from spikelet.link.link import Link
from spikelet.link.sensor import Readings
from spikelet.link.turn import Status, Turn
from spikelet.networks import lif_file

# The seed of a network that scales its readings.
SEED = 1
TURNS = 12
NO_CLOCK = ("qemu:m3", "qemu:m0", "qemu:rv32")


@pytest.fixture
def network():
    return stream_network(SEED)


@pytest.fixture
def raw(network):
    """Return int16[samples, channels], less than are asked for, so that they begin again."""
    rng = np.random.default_rng(4)
    return rng.integers(-3000, 3000, (5 * network.stream.hop + 1, CHANNELS)).astype(np.int16)


@pytest.fixture
def link(port, network, raw):
    """Return a link to each board with a network, a replay for a sensor, and their files."""
    settings = {"sensor": "replay", "channels": CHANNELS}
    if port.name not in NO_CLOCK:
        settings["rate"] = 1000
    parts = RuntimeParts.for_interpreter(interpreter.survey_port(port))
    files = parts.needed(Task(network, settings)) | {
        "network.lif": lif_file.to_bytes(network),
        "samples.bin": raw.tobytes(),
        "sensor.json": json.dumps(settings).encode(),
    }
    flash_image.put(port, files)
    with port.session() as stream:
        opened = Link(stream, port.name, lambda text: None)
        verify.check_identity(network, opened.hello(), port.name)
        yield opened
        opened.close()


def test_turns_of_a_sensor(link, network, raw):
    seen = list(sensor.turns(link, network, 0, TURNS))
    observations = [one for one in seen if isinstance(one, Turn)]
    read = np.concatenate([observation.readings for observation in observations])
    assert np.array_equal(read, np.resize(raw, read.shape))
    check = verify.LiveCheck(network)
    for observation in observations:
        check.check(observation)
    assert (check.found.samples, check.found.differences, link.lost_frames) == (TURNS, 0, 0)
    assert isinstance(seen[-1], Status)
    assert (seen[-1].samples, seen[-1].failed, seen[-1].trouble) == (len(read), 0, "")


def test_readings_of_a_sensor_and_then_the_network_again(link, network, raw):
    parts = [one for one in sensor.readings(link, 6) if isinstance(one, Readings)]
    read = np.concatenate([part.raw for part in parts])
    assert np.array_equal(read, np.resize(raw, read.shape))
    assert link.lost_frames == 0
    x = raw[: 2 * network.stream.hop].reshape(1, -1, CHANNELS)
    assert verify.verify(link, network, x).passed


def test_a_command_ends_listening(link, network, raw, port):
    if port.name in NO_CLOCK:
        pytest.skip("it cannot tell that a command has come; Ctrl-C ends its listening")
    turns = sensor.turns(link, network)
    seen = next(one for one in turns if isinstance(one, Turn))
    assert seen.readings.shape == (network.stream.hop, CHANNELS)
    turns.close()
    x = raw[: network.stream.hop].reshape(1, -1, CHANNELS)
    assert verify.verify(link, network, x).passed
