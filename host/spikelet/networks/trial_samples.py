"""Choose samples to try a network on: by name, from recordings, or at random."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet import files
from spikelet.errors import RefusedInput, SpikeletError
from spikelet.inputs import dataset, recordings
from spikelet.inputs.dataset import Dataset
from spikelet.networks.network import Network
from spikelet.networks.protocol import check_samples

RANDOM_SAMPLES = 100
# Number of random recordings of a stream, and their turns.
RANDOM_RECORDINGS, RANDOM_TURNS = 5, 20
# Largest change of x from sample to sample.
RANDOM_CHANGE = 20


def fitting(network: Network, name: str | None, every: int = 1) -> Dataset:
    """Return the samples of this name, or samples that fit the network.

    Without a name, a network for the digits gets their fixed test part. Any other network gets seeded
    random samples, which have no classes.
    """
    if name is not None:
        return samples_named(name, network, every)
    digits = dataset.load_digits()
    if (network.channels, network.classes) == (digits.x.shape[1], digits.classes):
        return dataset.split(digits)[1]
    x = random_readings(network, np.random.default_rng(0))
    return Dataset(x, np.full(len(x), dataset.UNLABELLED), (), "random samples")


def samples_named(name: str, network: Network, every: int = 1) -> Dataset:
    """Return the fixed test part of the digits, all samples of an .npz, or windows of recordings.

    Parameters
    ----------
    name : str
        "digits", a folder of recordings, or the path of an .npz file.
    network : Network
    every : int
        Keep one of `every` samples of a recording, as a slower sensor would.

    Raises
    ------
    SpikeletError
        If the network does not take the samples.
    """
    if name == "digits":
        samples = dataset.split(dataset.load_digits())[1]
    elif files.is_folder(name):
        samples = _windows(name, network, every)
    else:
        samples = dataset.load_npz(name, need_labels=False)
    try:
        check_samples(samples.x, network)
    except SpikeletError as error:
        raise type(error)(f"{samples.name}: {error}") from None
    return samples


def random_readings(network: Network, random: np.random.Generator) -> NDArray[Any]:
    """Return random readings for `reference.simulate`.

    Samples are noise. Recordings of a stream are random walks over the range that the network scales.
    """
    if network.stream is None:
        x = random.integers(0, 256, (RANDOM_SAMPLES, network.channels))
    else:
        shape = RANDOM_RECORDINGS, RANDOM_TURNS * network.stream.hop, network.channels
        x = 128 + random.integers(-RANDOM_CHANGE, RANDOM_CHANGE + 1, shape).cumsum(axis=1)
        # Reflect the walk at 0 and 255.
        x = np.abs((x + 255) % 510 - 255)
    return x.astype(np.uint8) if network.scaling is None else network.scaling.undo(x)


def _windows(folder: str, network: Network, every: int) -> Dataset:
    """Return consecutive whole windows of the recordings whose class the network knows."""
    if network.stream is None:
        raise RefusedInput(f"{folder} is a folder of recordings, but this network takes no stream")
    window = network.stream.window
    loaded = recordings.load_recordings(folder).thinned(every)
    known = np.isin(loaded.classes, network.classes)[loaded.labels]
    if not known.any():
        raise RefusedInput(
            f"{folder}: its classes are {', '.join(loaded.classes)}, "
            f"and the network knows none of them; it knows {', '.join(network.classes)}"
        )
    cut = recordings.windows(loaded.take(np.flatnonzero(known)), window, window)
    names = [loaded.classes[label] for label in cut.y]
    y = np.array([network.classes.index(name) for name in names], np.int64)
    return Dataset(cut.x, y, network.classes, folder, cut.recording)
