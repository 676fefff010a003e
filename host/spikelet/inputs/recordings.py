"""Load a folder of labelled recordings, and cut them into windows or folds.

The class of a recording is the end of its file's name, after the last underscore: `monday_squat.npy`
is a squat. If the folder has a `labels.csv`, with the columns file and label, its labels come first.
recording_files.py lists the formats of the files.
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

from spikelet.errors import RefusedInput, UsageError
from spikelet.inputs.class_names import check_names
from spikelet.inputs.recording_files import SUFFIXES, Unreadable, read_recording

LABELS = "labels.csv"


@dataclass(frozen=True, eq=False)
class Recordings:
    """Labelled recordings of one sensor.

    Attributes
    ----------
    raw : tuple of int16[samples, channels] or int32[samples, channels]
        Readings of each recording.
    labels : int64[n]
        Index into `classes`.
    classes : tuple of str
        Names of the classes, in alphabetical order.
    names : tuple of str
        File names without the folder.
    skipped : tuple of str
        A sentence for each file that was left out, with the reason.
    cut : tuple of str
        A sentence for each truncated file; its whole rows were read.
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
        """Return the recordings at `indices`, int[m], with the same classes."""
        return replace(
            self,
            raw=tuple(self.raw[i] for i in indices),
            labels=self.labels[indices],
            names=tuple(self.names[i] for i in indices),
        )

    def thinned(self, every: int) -> "Recordings":
        """Keep one of every `every` samples, as a slower sensor would.

        Raises
        ------
        SpikeletError
            If `every` is below 1.
        """
        if every < 1:
            raise UsageError(f"every is {every}; it must be at least 1")
        return replace(self, raw=tuple(raw[::every] for raw in self.raw))


class Windows(NamedTuple):
    """Equally long parts of recordings.

    Attributes
    ----------
    x : int16[n, window, channels] or int32[n, window, channels]
    y : int64[n]
        Index of the class.
    recording : int64[n]
        Index of the recording that contains the window.
    note : str
        A sentence that counts the recordings shorter than a window; "" without such recordings.
    """

    x: NDArray[np.integer[Any]]
    y: NDArray[np.int64]
    recording: NDArray[np.int64]
    note: str


class _File(NamedTuple):
    """A readable file; `cut` describes its missing part, "" if it is whole."""

    name: str
    label: str
    raw: NDArray[np.integer[Any]]
    cut: str


def load_recordings(folder: str | Path, excluded: Collection[str] = ()) -> Recordings:
    """Return the recordings in a folder, in the order of their names.

    Parameters
    ----------
    folder : path
    excluded : collection of str
        Labels whose recordings are left out.

    Raises
    ------
    SpikeletError
        If the folder or its labels.csv cannot be read, recordings differ in their channels, or no
        recording can be used.
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
            skipped.append(f"{path.name}: left out because {reason}")
    if not files:
        raise RefusedInput(f"{folder}: holds no recording that can be used; {_first(skipped)}")
    _check_channels(files, folder)
    classes = tuple(sorted({file.label for file in files}))
    check_names(classes, f"{folder}: ")
    return Recordings(
        raw=tuple(file.raw for file in files),
        labels=np.array([classes.index(file.label) for file in files], np.int64),
        classes=classes,
        names=tuple(file.name for file in files),
        skipped=tuple(sorted(skipped)),
        cut=tuple(f"{file.name}: {file.cut}" for file in files if file.cut),
    )


def read_labels(folder: str | Path) -> dict[str, str]:
    """Return the label of each file that the folder's labels.csv lists; {} without labels.csv.

    Raises
    ------
    SpikeletError
        If labels.csv is not a table with the columns file and label.
    """
    path = Path(folder) / LABELS
    if not path.exists():
        return {}
    try:
        table = csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))
        columns, rows = table.fieldnames or (), list(table)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error):
        raise RefusedInput(f"{path}: cannot be read: it is no table of text in UTF-8") from None
    if not {"file", "label"} <= set(columns):
        raise RefusedInput(
            f"{path}: has the columns {', '.join(columns) or 'of an empty file'}; "
            "it needs file and label"
        )
    for position, row in enumerate(rows, 1):
        if not row["file"] or not row["label"]:
            raise RefusedInput(f"{path}: row {position} lacks its file or its label")
        if Path(row["file"]).name != row["file"]:
            raise RefusedInput(
                f"{path}: row {position} lists {row['file']!a}; a file is named without a folder, "
                "and lies beside the table"
            )
    return {row["file"]: row["label"] for row in rows}


def folds(recordings: Recordings, k: int) -> NDArray[np.int64]:
    """Assign recordings to k folds with equal shares of the classes.

    The recordings of a class, in the order of the SHA-256 of their names, go to the folds in turn. The
    next class continues with the next fold. This rule depends on no random generator, so the folds
    stay the same in every version.

    Returns
    -------
    int64[n]
        The fold 0..k-1 of each recording.

    Raises
    ------
    SpikeletError
        If k is not 2..n.
    """
    if not 2 <= k <= len(recordings):
        raise UsageError(
            f"k is {k}, and there are {len(recordings)} recordings; it must be 2 at least, and no more "
            "than there are"
        )
    order = sorted(
        range(len(recordings)),
        key=lambda i: (recordings.labels[i], _shuffle_key(recordings.names[i])),
    )
    assigned = np.empty(len(recordings), np.int64)
    assigned[order] = np.arange(len(recordings)) % k
    return assigned


def windows(recordings: Recordings, window: int, hop: int) -> Windows:
    """Return the parts of `window` samples that begin every `hop` samples of each recording.

    Raises
    ------
    SpikeletError
        If window or hop is below 1, or every recording is shorter than a window.
    """
    if window < 1 or hop < 1:
        raise UsageError(f"window is {window} and hop is {hop}; each must be at least 1 sample")
    lengths = np.array([len(raw) for raw in recordings.raw])
    if lengths.max(initial=0) < window:
        raise UsageError(
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
    """Return the reason why the first file was left out, or a hint if there is no file."""
    return skipped[0] if skipped else "it needs files that end in .npy or .csv"


def _paths(folder: Path) -> list[Path]:
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error.strerror or error}") from error
    return sorted(path for path in paths if path.name != LABELS)


def _file(path: Path, labels: dict[str, str], excluded: Collection[str]) -> _File:
    """Return the recording at a path, or raise Unreadable."""
    label = labels.get(path.name) or _label(path)
    if label in excluded:
        raise Unreadable(f"its label {label} is excluded")
    raw, cut = read_recording(path)
    return _File(path.name, label, raw, cut)


def _label(path: Path) -> str:
    """Return the end of a file's name, after the last underscore."""
    label = path.stem.rpartition("_")[2] if "_" in path.stem else ""
    if not label:
        raise Unreadable(f"its name does not end in _class, and no {LABELS} lists it")
    return label


def _check_channels(files: list[_File], folder: Path) -> None:
    first = files[0]
    for file in files:
        if file.raw.shape[1] != first.raw.shape[1]:
            raise RefusedInput(
                f"{folder}: {file.name} has {file.raw.shape[1]} channels and {first.name} "
                f"{first.raw.shape[1]}; keep recordings of one sensor in a folder"
            )
