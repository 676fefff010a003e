"""Load the samples for training and test, or cut a folder of recordings into windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spikelet import files
from spikelet.errors import RefusedInput, UsageError
from spikelet.inputs import dataset, recordings, scaling
from spikelet.inputs.dataset import Dataset
from spikelet.inputs.recording_folder import Folder
from spikelet.inputs.recordings import Recordings
from spikelet.inputs.scaling import Scaling

# The recordings are split into 5 parts; one of them is the test part.
TEST_FOLDS = 5


@dataclass(frozen=True)
class Cut:
    """Settings that cut recordings into windows.

    Attributes
    ----------
    window : int
        Samples in a window, counted after `every`.
    hop : int or None
        Samples from one window to the next; None: the length of a window.
    every : int
        Keep one of `every` samples in a file, as from a slower sensor.
    rate : float or None
        Samples per second in the files. None: the rate that `spikelet record` noted, or unknown.
    excluded : tuple of str
        Labels whose recordings are left out.
    """

    window: int
    hop: int | None = None
    every: int = 1
    rate: float | None = None
    excluded: tuple[str, ...] = ()


class TrainingData(NamedTuple):
    """Two parts that share no recording.

    Attributes
    ----------
    train, test : Dataset
    scaling : Scaling or None
        Scaling from readings to x, fitted to the training part; None: the samples are x already.
    dt : float or None
        Seconds per sample; None: unknown.
    notes : tuple of str
        Sentences on the recordings that were left out or cut, with the reason.
    """

    train: Dataset
    test: Dataset
    scaling: Scaling | None = None
    dt: float | None = None
    notes: tuple[str, ...] = ()


def load_training_data(name_or_path: str, cut: Cut | None = None) -> TrainingData:
    """Return samples, split for training and test.

    Parameters
    ----------
    name_or_path : str
        "digits", an .npz file or a folder of recordings.
    cut : Cut, optional
        Windows of the recordings; a folder needs it.

    Raises
    ------
    SpikeletError
        If the samples do not exist or cannot be split.
    """
    if not files.is_folder(name_or_path):
        if cut is not None:
            raise UsageError(
                f"{name_or_path} is no folder of recordings, so it cannot be cut into windows; "
                "leave out --window"
            )
        return TrainingData(*dataset.split(dataset.load_dataset(name_or_path)))
    if cut is None:
        raise UsageError(
            f"{name_or_path} is a folder of recordings, and a network sees windows of them; "
            "say with --window how many samples one has"
        )
    return _windows(name_or_path, cut)


def _windows(folder: str, cut: Cut) -> TrainingData:
    loaded = recordings.load_recordings(folder, cut.excluded).thinned(cut.every)
    if len(loaded) < TEST_FOLDS:
        raise RefusedInput(
            f"{folder}: holds {len(loaded)} recordings; training and test need {TEST_FOLDS} at least"
        )
    fold = recordings.folds(loaded, TEST_FOLDS)
    learned = loaded.take(np.flatnonzero(fold != 0))
    tested = loaded.take(np.flatnonzero(fold == 0))
    # Augmentation rotates x, y and z into each other, so they need a common scale.
    axes = learned.raw[0].shape[1] % 3 == 0
    scale = scaling.fit_scaling(learned.raw, shared=axes)
    train, of_train = _dataset(learned, cut, scale, folder)
    test, of_test = _dataset(tested, cut, scale, folder)
    notes = (*loaded.skipped, *loaded.cut, of_train, of_test)
    settings = Folder(folder).settings()
    rate = cut.rate or (settings.rate if settings else None)
    dt = cut.every / rate if rate else None
    return TrainingData(train, test, scale, dt, tuple(note for note in notes if note))


def _dataset(part: Recordings, cut: Cut, scale: Scaling, folder: str) -> tuple[Dataset, str]:
    raw, y, recording, note = recordings.windows(part, cut.window, cut.hop or cut.window)
    return Dataset(scale.apply(raw), y, part.classes, folder, recording), note
