"""What training and test get from a folder of recordings, and what networks are tried on."""

from dataclasses import replace

import numpy as np
import pytest
import recording_folder
from stream_networks import stream_network

from spikelet.errors import SpikeletError
from spikelet.networks import trial_samples
from spikelet.networks.protocol import StreamWindow
from spikelet.training import data as training_data
from spikelet.training.data import Cut

CUT = Cut(window=40, hop=10, rate=recording_folder.RATE, excluded=("odd",))


@pytest.fixture
def folder(tmp_path):
    return recording_folder.make(tmp_path)


def test_no_recording_is_in_both_parts(folder):
    data = training_data.load_training_data(str(folder), CUT)
    assert data.train.classes == data.test.classes == ("fast", "slow")
    assert data.train.x.shape[1:] == (40, 3)
    assert len(np.unique(data.train.groups)) + len(np.unique(data.test.groups)) == 16
    assert len(np.unique(data.test.groups)) == 4
    assert (np.bincount(data.test.y) > 0).all()
    assert data.dt == 1 / recording_folder.RATE


def test_the_scaling_is_from_the_training_part_and_the_same_for_all_axes(folder):
    data = training_data.load_training_data(str(folder), CUT)
    assert len(data.scaling.scale) == 1
    assert data.train.x.dtype == np.uint8
    assert data.train.x.min() == 0
    assert data.train.x.max() == 255
    assert 0.003 < (data.train.x == 255).mean() < 0.007  # half a percent is beyond


def test_what_is_left_out_is_said(folder):
    notes = " ".join(training_data.load_training_data(str(folder), CUT).notes)
    assert "9_slow.npy: left out because it is empty" in notes
    assert "9_odd.npy: left out because its label odd is excluded" in notes


def test_a_slower_sensor(folder):
    data = training_data.load_training_data(str(folder), replace(CUT, window=20, hop=None, every=2))
    assert data.train.x.shape[1:] == (20, 3)
    assert data.dt == 2 / recording_folder.RATE
    assert len(data.train) == 12 * 5  # windows one after the other


def test_samples_that_are_no_recordings_are_split_as_ever():
    data = training_data.load_training_data("digits")
    assert (len(data.train), len(data.test), data.scaling, data.notes) == (1437, 360, None, ())


@pytest.mark.parametrize(
    ("name", "cut", "words"),
    [
        ("digits", CUT, "digits is no folder of recordings"),
        (None, None, "say with --window"),
        (None, replace(CUT, every=0), "every is 0"),
        (None, replace(CUT, window=500), "window is 500 samples, above the longest"),
    ],
)
def test_what_cannot_be_cut_is_refused(folder, name, cut, words):
    with pytest.raises(SpikeletError, match=words):
        training_data.load_training_data(name or str(folder), cut)


def network():
    """Return a stream whose classes are partly the folder's."""
    made = replace(
        stream_network(1), classes=("slow", "a", "b", "fast"), stream=StreamWindow(40, 10)
    )
    assert made.scaling is not None
    return made


def test_a_network_is_tried_on_whole_windows_of_recordings(folder):
    found = trial_samples.samples_named(str(folder), network())
    assert found.x.dtype == np.int16
    assert found.x.shape == (16 * 5, 40, 3)
    assert found.classes == ("slow", "a", "b", "fast")
    assert np.bincount(found.y).tolist() == [40, 0, 0, 40]
    assert network().simulate(found.x).answers.shape == (80, 4)


def test_recordings_of_other_classes_are_refused(folder):
    with pytest.raises(SpikeletError, match="its classes are fast, odd, slow, and the network"):
        trial_samples.samples_named(str(folder), replace(network(), classes=("a", "b", "c", "d")))
    with pytest.raises(SpikeletError, match="takes no stream"):
        trial_samples.samples_named(str(folder), replace(network(), stream=None))


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_random_readings_make_a_stream_work(seed):
    made = stream_network(seed)
    found = trial_samples.fitting(made, None)
    assert found.classes == ()
    assert found.x.shape[1] % made.stream.hop == 0
    trace = made.simulate(found.x)
    assert all(spikes.any() for spikes in trace.spikes[:-1])
    again = trial_samples.fitting(made, None)
    np.testing.assert_array_equal(found.x, again.x)
