"""The sensor of the demonstration: repeatable takes, and motions that a network can learn."""

from array import array

import numpy as np
import pytest

from spikelet.boards import sensor_settings
from spikelet.errors import UsageError
from spikelet.inputs import scaling
from spikelet.inputs.dataset import Dataset
from spikelet.networks import score
from spikelet.training import train
from spikelet.training.data import TrainingData
from spikelet.training.options import TrainingOptions
from spikert import sensors
from spikert.sensors import demo

MOTIONS = tuple(name for name, _ in demo.MOTIONS)


def samples(count, **settings):
    sensor = sensors.open({"sensor": "demo", **settings})
    buffer, rows = array("h", bytes(6)), []
    for _ in range(count):
        sensor.read(buffer)
        rows.append(list(buffer))
    return np.array(rows)


def test_demo_repeats_a_take_and_varies_takes():
    first = samples(50, motion="wave", take=1)
    assert not np.array_equal(samples(50, motion="wave", take=2), first)
    assert np.array_equal(samples(50, motion="wave", take=1), first)


def test_demo_rests_at_one_g_and_moves_within_int16():
    assert abs(np.linalg.norm(samples(100, motion="rest").mean(0)) - 8192) < 800
    for name in MOTIONS:
        assert np.abs(samples(600, motion=name)).max() < 20_000


def test_demo_performs_motions_in_turn():
    both = samples(2 * demo.MOTION_LENGTH, motion=["rest", "shake"])
    still, shaken = both[: demo.MOTION_LENGTH], both[demo.MOTION_LENGTH :]
    assert still.std(0).max() < 200
    assert shaken.std(0).max() > 3000


@pytest.mark.parametrize("text", ["demo:motion=sleep", "demo:take=-1", "demo:g=2"])
def test_demo_refuses_impossible_settings(text):
    with pytest.raises(UsageError):
        sensor_settings.parse_settings(text, None)


def test_demo_motions_of_unseen_takes_are_recognised_as_streams():
    raw = np.array([samples(400, motion=name, take=k) for k in range(8) for name in MOTIONS])
    y = np.tile(np.arange(len(MOTIONS)), 8)
    fitted = scaling.fit_scaling(tuple(raw[:24].astype(np.int16)), shared=True)
    windows = fitted.apply(raw[:24].astype(np.int16)).reshape(-1, 50, 3)
    labels = np.repeat(y[:24], 8)
    data = Dataset(windows, labels, MOTIONS, "demo", np.repeat(np.arange(24), 8))
    options = TrainingOptions(epochs=40, hop=25)
    network = train.train_on(TrainingData(data, data, fitted), options).network
    unseen = Dataset(raw[24:].astype(np.int16), y[24:], MOTIONS, "unseen")
    answers = network.simulate(unseen.x).answers[:, 1:]
    assert (answers == unseen.y[:, None]).mean() > 0.9
    assert score.evaluate(network, unseen).accuracy > 0.9
