"""Test that Tonic reads exported spikes as frames of the network's steps."""

import journals
import numpy as np
import pytest
from random_networks import random_network

from spikelet.monitoring.journal import export

functional = pytest.importorskip("tonic.functional")

RATE = 50.0


@pytest.mark.parametrize("seed", range(4))
def test_tonic_frames_have_every_spike_at_its_step(tmp_path, seed):
    network = random_network(seed)
    journal, turns = journals.make(tmp_path / "a", network, turns=20, lost=(3,), rate=RATE)
    export.export(journal, tmp_path / "a.npy", "tonic")
    events = np.load(tmp_path / "a.npy", allow_pickle=False)
    widest = max(layer.neurons for layer in network.layers)
    window = 1e6 / (RATE * network.steps)
    frames = functional.to_frame_numpy(
        events.copy(),
        (widest, len(network.layers), 1),
        time_window=window,
        # Times are rounded to microseconds.
        start_time=-window / 2,
        end_time=events["t"][-1] + window / 2,
        include_incomplete=True,
    )
    got = {(step, layer, x) for step, _, layer, x in np.argwhere(frames).tolist()}
    assert got == journals.spikes(network, turns)
    assert frames.max() == 1


def test_tonic_transforms_accept_events(tmp_path):
    transforms = pytest.importorskip("tonic.transforms")
    journal, turns = journals.make(tmp_path / "a", random_network(1), turns=10, rate=RATE)
    export.export(journal, tmp_path / "a.npy", "tonic")
    events = np.load(tmp_path / "a.npy", allow_pickle=False)
    frames = transforms.ToFrame(sensor_size=None, time_window=1e7, include_incomplete=True)(events)
    assert frames.sum() == len(journals.spikes(journal.network, turns))
