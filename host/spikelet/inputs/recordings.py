"""Recordings: a folder of labelled files, each what a sensor gave in one go, in raw readings.

A recording's class is the end of its file's name, after the last underscore (`monday_squat.npy` is a
squat), or what the folder's `labels.csv`, with the columns file and label, says: that counts before
the name. Which files can be read, recording_files.py says.
"""

import csv
import hashlib
import io
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.inputs.recording_files import SUFFIXES, Unreadable, read_recording

LABELS = "labels.csv"


@dataclass(frozen=True, eq=False)
class Recordings:
    """Labelled recordings of one sensor.

    raw      readings of each, int16 or int32[samples, channels]
    labels   int64[n], index into `classes`
    classes  names of the classes, in alphabetical order
    names    the file of each, without its folder
    skipped  a sentence for each file that was left out, with the reason
    cut      a sentence for each file that holds less than it should, of which the rest was read
    """

    raw: tuple[NDArray[np.integer[Any]], ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    names: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.raw)

    def take(self, indices: NDArray[np.integer[Any]]) -> "Recordings":
        """Return the recordings at `indices` (int[m]), of the same classes."""
        return replace(
            self,
            raw=tuple(self.raw[i] for i in indices),
            labels=self.labels[indices],
            names=tuple(self.names[i] for i in indices),
        )

    def thinned(self, every: int) -> "Recordings":
        """Return what a sensor would have recorded that is so many times slower.

        Raises SpikeletError unless every is at least 1.
        """
        if every < 1:
            raise SpikeletError(f"every is {every}; it must be at least 1")
        return replace(self, raw=tuple(raw[::every] for raw in self.raw))


class Windows(NamedTuple):
    """Equally long parts of recordings.

    x          int16 or int32[n, window, channels]
    y          int64[n], index of the class
    recording  int64[n], index of the recording that each is a part of
    note       a sentence that counts the recordings shorter than a window; "" if there are none
    """

    x: NDArray[np.integer[Any]]
    y: NDArray[np.int64]
    recording: NDArray[np.int64]
    note: str


class _File(NamedTuple):
    """A readable file; `cut` says what it lacks, "" if nothing."""

    name: str
    label: str
    raw: NDArray[np.integer[Any]]
    cut: str


def load_recordings(folder: str | Path, excluded: Collection[str] = ()) -> Recordings:
    """Return the recordings in a folder, in the order of their names.

    excluded  labels whose recordings are left out
    Raises SpikeletError if the folder or its labels.csv cannot be read, recordings differ in their
    channels, or none is left.
    """
    folder = Path(folder)
    labels, paths = read_labels(folder), _paths(folder)
    present = {path.name for path in paths}
    files = []
    skipped = [
        f"{name}: {LABELS} lists it, but it is not there" for name in labels.keys() - present
    ]
    for path in paths:
        try:
            files.append(_file(path, labels, excluded))
        except Unreadable as reason:
            skipped.append(f"{path.name}: left out, for {reason}")
    if not files:
        raise SpikeletError(f"{folder}: holds no recording that can be used; {_first(skipped)}")
    _check_channels(files, folder)
    classes = tuple(sorted({file.label for file in files}))
    return Recordings(
        raw=tuple(file.raw for file in files),
        labels=np.array([classes.index(file.label) for file in files], np.int64),
        classes=classes,
        names=tuple(file.name for file in files),
        skipped=tuple(sorted(skipped)),
        cut=tuple(f"{file.name}: {file.cut}" for file in files if file.cut),
    )


def read_labels(folder: str | Path) -> dict[str, str]:
    """Return the label of each file that the folder's labels.csv lists; {} if there is none.

    Raises SpikeletError if it is not a table with the columns file and label.
    """
    path = Path(folder) / LABELS
    if not path.exists():
        return {}
    try:
        table = csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))
        columns, rows = table.fieldnames or (), list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpikeletError(f"{path}: cannot be read: {error}") from error
    if not {"file", "label"} <= set(columns):
        raise SpikeletError(
            f"{path}: has the columns {', '.join(columns) or 'of an empty file'}; "
            "it needs file and label"
        )
    for position, row in enumerate(rows, 1):
        if not row["file"] or not row["label"]:
            raise SpikeletError(f"{path}: row {position} lacks its file or its label")
    return {row["file"]: row["label"] for row in rows}


def folds(recordings: Recordings, k: int) -> NDArray[np.int64]:
    """Return int64[n], the fold 0..k-1 of each recording; alike in classes, the same for ever.

    The recordings of a class, in the order of the SHA-256 of their names, are dealt to the folds in
    turn; the next class continues where the last one ended. No version of a random generator can
    change that.
    Raises SpikeletError unless k is 2..n.
    """
    if not 2 <= k <= len(recordings):
        raise SpikeletError(
            f"k is {k}, and there are {len(recordings)} recordings; it must be 2 at least, and no more "
            "than there are"
        )
    order = sorted(
        range(len(recordings)),
        key=lambda i: (recordings.labels[i], _shuffle_key(recordings.names[i])),
    )
    found = np.empty(len(recordings), np.int64)
    found[order] = np.arange(len(recordings)) % k
    return found


def windows(recordings: Recordings, window: int, hop: int) -> Windows:
    """Return the parts of `window` samples that begin every `hop` samples of each recording.

    Raises SpikeletError if window or hop is below 1, or every recording is shorter than a window.
    """
    if window < 1 or hop < 1:
        raise SpikeletError(f"window is {window} and hop is {hop}; each must be at least 1 sample")
    lengths = np.array([len(raw) for raw in recordings.raw])
    if lengths.max(initial=0) < window:
        raise SpikeletError(
            f"window is {window} samples, above the longest recording's {lengths.max(initial=0)}; "
            "lower it"
        )
    starts = [range(0, length - window + 1, hop) for length in lengths]
    recording = np.repeat(np.arange(len(recordings)), [len(each) for each in starts])
    return Windows(
        x=np.stack(
            [
                raw[start : start + window]
                for raw, each in zip(recordings.raw, starts, strict=True)
                for start in each
            ]
        ),
        y=recordings.labels[recording],
        recording=recording,
        note=_note(int((lengths < window).sum()), len(lengths), window),
    )


def _note(short: int, recordings: int, window: int) -> str:
    if not short:
        return ""
    return f"{short} of {recordings} recordings are shorter than {window} samples and left out"


def _shuffle_key(name: str) -> bytes:
    return hashlib.sha256(b"spikelet fold " + name.encode()).digest()


def _first(skipped: list[str]) -> str:
    """Say why the first file was left out, or that there is none."""
    return skipped[0] if skipped else "it needs files that end in .npy or .csv"


def _paths(folder: Path) -> list[Path]:
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise SpikeletError(f"{folder}: cannot be read: {error.strerror or error}") from error
    return sorted(path for path in paths if path.name != LABELS)


def _file(path: Path, labels: dict[str, str], excluded: Collection[str]) -> _File:
    """Return the recording at a path; raises Unreadable."""
    label = labels.get(path.name) or _label(path)
    if label in excluded:
        raise Unreadable(f"its label {label} is excluded")
    raw, cut = read_recording(path)
    return _File(path.name, label, raw, cut)


def _label(path: Path) -> str:
    """Return what follows the last underscore of a file's name."""
    label = path.stem.rpartition("_")[2] if "_" in path.stem else ""
    if not label:
        raise Unreadable(f"its name does not end in _class, and no {LABELS} lists it")
    return label


def _check_channels(files: list[_File], folder: Path) -> None:
    first = files[0]
    for file in files:
        if file.raw.shape[1] != first.raw.shape[1]:
            raise SpikeletError(
                f"{folder}: {file.name} has {file.raw.shape[1]} channels and {first.name} "
                f"{first.raw.shape[1]}; keep recordings of one sensor in a folder"
            )
