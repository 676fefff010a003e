"""What a network is trained on and tested with: samples, or windows of recordings in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spikelet.errors import SpikeletError
from spikelet.inputs import dataset, recordings, scaling
from spikelet.inputs.dataset import Dataset
from spikelet.inputs.recording_folder import Folder
from spikelet.inputs.recordings import Recordings
from spikelet.inputs.scaling import Scaling

TEST_FOLDS = 5  # of as many parts of the recordings one is the test


@dataclass(frozen=True)
class Cut:
    """How recordings become windows.

    window    samples, of those that are kept
    hop       samples from one window to the next; None: as many as in a window
    every     of so many samples in a file one is kept, as from a slower sensor
    rate      samples per second in the files; None: as `spikelet record` noted, else unknown
    excluded  labels whose recordings are left out
    """

    window: int
    hop: int | None = None
    every: int = 1
    rate: float | None = None
    excluded: tuple[str, ...] = ()


class TrainingData(NamedTuple):
    """Two parts that share no recording.

    scaling  from readings to x, found in the part to train on; None: samples came as x
    dt       seconds per sample; None: unknown
    notes    sentences: what was left out, and why
    """

    train: Dataset
    test: Dataset
    scaling: Scaling | None = None
    dt: float | None = None
    notes: tuple[str, ...] = ()


def load_training_data(name_or_path: str, cut: Cut | None = None) -> TrainingData:
    """Return "digits", an .npz or a folder of recordings, split for training and test.

    cut    of the recordings, which need it
    Raises SpikeletError if there is nothing of that name, or it cannot be split.
    """
    if not Path(name_or_path).is_dir():
        if cut is not None:
            raise SpikeletError(
                f"{name_or_path} is no folder of recordings, so it cannot be cut into windows; "
                "leave out --window"
            )
        return TrainingData(*dataset.split(dataset.load_dataset(name_or_path)))
    if cut is None:
        raise SpikeletError(
            f"{name_or_path} is a folder of recordings, of which a network sees windows; "
            "say with --window how many samples one has"
        )
    return _windows(name_or_path, cut)


def _windows(folder: str, cut: Cut) -> TrainingData:
    found = recordings.load_recordings(folder, cut.excluded).thinned(cut.every)
    if len(found) < TEST_FOLDS:
        raise SpikeletError(
            f"{folder}: holds {len(found)} recordings; training and test need {TEST_FOLDS} at least"
        )
    fold = recordings.folds(found, TEST_FOLDS)
    learned = found.take(np.flatnonzero(fold != 0))
    tested = found.take(np.flatnonzero(fold == 0))
    # Axes in threes may be turned into each other, for which they must have one scale.
    axes = learned.raw[0].shape[1] % 3 == 0
    scale = scaling.fit_scaling(learned.raw, shared=axes)
    train, of_train = _dataset(learned, cut, scale, folder)
    test, of_test = _dataset(tested, cut, scale, folder)
    notes = (*found.skipped, *found.cut, of_train, of_test)
    noted = Folder(folder).settings()
    rate = cut.rate or (noted.rate if noted else None)
    dt = cut.every / rate if rate else None
    return TrainingData(train, test, scale, dt, tuple(note for note in notes if note))


def _dataset(part: Recordings, cut: Cut, scale: Scaling, folder: str) -> tuple[Dataset, str]:
    raw, y, recording, note = recordings.windows(part, cut.window, cut.hop or cut.window)
    return Dataset(scale.apply(raw), y, part.classes, folder, recording), note
