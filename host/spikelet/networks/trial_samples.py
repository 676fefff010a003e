"""Samples to try a network on: named ones, recordings in a folder, or random ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.inputs import dataset, recordings
from spikelet.inputs.dataset import Dataset
from spikelet.networks.network import Network
from spikelet.networks.protocol import check_samples

RANDOM_SAMPLES = 100
RANDOM_RECORDINGS, RANDOM_TURNS = 5, 20  # of a stream
RANDOM_CHANGE = 20  # most, of x from sample to sample


def fitting(network: Network, name: str | None, every: int = 1) -> Dataset:
    """Return the samples that are named, or the digits' fixed test part if the network is for them.

    A network of another kind gets seeded random samples, which have no classes.
    """
    if name is not None:
        return samples_named(name, network, every)
    digits = dataset.load_digits()
    if (network.channels, network.classes) == (digits.x.shape[1], digits.classes):
        return dataset.split(digits)[1]
    x = random_readings(network, np.random.default_rng(0))
    return Dataset(x, np.full(len(x), dataset.UNLABELLED), (), "random samples")


def samples_named(name: str, network: Network, every: int = 1) -> Dataset:
    """Return the digits' fixed test part, all samples of an .npz, or windows of recordings.

    every    of so many samples of a recording one is kept, as from a slower sensor
    Raises SpikeletError unless the network takes them.
    """
    if name == "digits":
        samples = dataset.split(dataset.load_digits())[1]
    elif Path(name).is_dir():
        samples = _windows(name, network, every)
    else:
        samples = dataset.load_npz(name, need_labels=False)
    try:
        check_samples(samples.x, network)
    except SpikeletError as error:
        raise SpikeletError(f"{samples.name}: {error}") from None
    return samples


def random_readings(network: Network, random: np.random.Generator) -> NDArray[Any]:
    """Return readings to try a network on, as `reference.simulate` takes them.

    Samples are noise; recordings of a stream wander, all over the range that the network scales.
    """
    if network.stream is None:
        x = random.integers(0, 256, (RANDOM_SAMPLES, network.channels))
    else:
        shape = RANDOM_RECORDINGS, RANDOM_TURNS * network.stream.hop, network.channels
        x = 128 + random.integers(-RANDOM_CHANGE, RANDOM_CHANGE + 1, shape).cumsum(axis=1)
        x = np.abs((x + 255) % 510 - 255)  # there and back
    return x.astype(np.uint8) if network.scaling is None else network.scaling.undo(x)


def _windows(folder: str, network: Network, every: int) -> Dataset:
    """Return whole windows of the recordings whose class the network knows, one after the other."""
    if network.stream is None:
        raise SpikeletError(f"{folder} is a folder of recordings, but this network takes no stream")
    window = network.stream.window
    found = recordings.load_recordings(folder).thinned(every)
    known = np.isin(found.classes, network.classes)[found.labels]
    if not known.any():
        raise SpikeletError(
            f"{folder}: its classes are {', '.join(found.classes)}, "
            f"of which the network knows none; it knows {', '.join(network.classes)}"
        )
    cut = recordings.windows(found.take(np.flatnonzero(known)), window, window)
    names = [found.classes[label] for label in cut.y]
    y = np.array([network.classes.index(name) for name in names], np.int64)
    return Dataset(cut.x, y, network.classes, folder, cut.recording)
