"""Read and append the results of a sweep: a JSON line for each trained network.

{"spikelet": "0.1.0", "dataset": "digits", "sha256": "a1...", "options": {"encoder": "direct", ...},
 "validation": {"accuracy": 0.98, "synaptic_events": 2300.0, "spikes": 21.0}, "test": {...},
 "bytes": 5164, "epochs": 63}

For a failed network, "error" with a sentence replaces the last four fields. Lines are never changed
or removed, and damaged lines are ignored. An interrupted sweep may leave a last line without an end,
which the next sweep cuts off.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from spikelet import checked_json, files
from spikelet.errors import SpikeletError, UsageError
from spikelet.inputs.dataset import Dataset
from spikelet.networks.score import Score
from spikelet.training.options import TrainingOptions
from spikelet.version import __version__

# Every line begins so.
BEGINNING = b'{"spikelet": '
_OPTIONS = TrainingOptions.__dataclass_fields__.keys()


@dataclass(frozen=True)
class Measurement:
    """Scores of a network in integers, its size and its training.

    Attributes
    ----------
    validation : Score
        Score on the part of the training samples that also decided which epoch was best.
    test : Score
        Score on samples that had no influence on training.
    bytes : int
        Size of the network's tables.
    epochs : int
        Number of epochs of its training.
    """

    validation: Score
    test: Score
    bytes: int
    epochs: int


@dataclass(frozen=True)
class Outcome:
    """The outcome of one network: a measurement, or the sentence of its error."""

    options: TrainingOptions
    measured: Measurement | None
    error: str = ""


class SweepResults(NamedTuple):
    """The results in a file for one dataset and this version of Spikelet.

    Attributes
    ----------
    outcomes : dict of TrainingOptions to Outcome
        The last outcome for each combination of options.
    damaged : tuple of int
        Numbers of the lines that cannot be read, from 1.
    torn : int
        Number of bytes of a last line that is incomplete; 0 if it is complete.
    """

    outcomes: dict[TrainingOptions, Outcome]
    damaged: tuple[int, ...]
    torn: int = 0


def identity(dataset: Dataset) -> str:
    """Return the SHA-256 in hexadecimal of all samples, labels and classes, without the name."""
    digest = hashlib.sha256(json.dumps([dataset.x.shape, dataset.classes]).encode())
    digest.update(dataset.x.tobytes())
    digest.update(dataset.y.astype("<i8").tobytes())
    if dataset.groups is not None:
        digest.update(dataset.groups.astype("<i8").tobytes())
    return digest.hexdigest()


def read_results(path: str | Path, dataset: Dataset) -> SweepResults:
    """Return the results for `dataset` in the file at `path`; none if the file does not exist.

    Raises
    ------
    SpikeletError
        If the file cannot be read, or is a file of another kind.
    """
    if not files.is_there(path) or _is_stream(path):
        return SweepResults({}, ())
    sha256 = identity(dataset)
    content = files.read(path)
    torn = _torn(content)
    lines = content[: len(content) - torn].split(b"\n")
    outcomes, damaged, readable = {}, [], 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            outcome = _parsed(line, sha256)
        except (ValueError, TypeError, KeyError, AttributeError, SpikeletError):
            damaged.append(number)
            continue
        readable += 1
        if outcome is not None:
            outcomes[outcome.options] = outcome
    if damaged and not readable:
        raise UsageError(f"{path} holds no results of a sweep; name another file for them")
    return SweepResults(outcomes, tuple(damaged), torn)


@contextmanager
def appending(path: str | Path, dataset: Dataset) -> Iterator[Callable[[Outcome], None]]:
    """Open the file at `path` to append outcomes.

    Yields
    ------
    callable
        A function that writes an outcome to the file immediately, as a line.

    Raises
    ------
    SpikeletError
        If the file cannot be written.
    """
    origin = {"spikelet": __version__, "dataset": dataset.name, "sha256": identity(dataset)}
    try:
        with open(path, "wb" if _is_stream(path) else "a+b", buffering=0) as file:
            separator = b"" if _is_stream(path) else _mended(file)

            def append(outcome: Outcome) -> None:
                nonlocal separator
                line = json.dumps(origin | _record(outcome)).encode()
                file.write(separator + line + b"\n")
                separator = b""

            yield append
    except OSError as error:
        raise SpikeletError(f"cannot write {path}: {error.strerror or error}") from None


def _is_stream(path: str | Path) -> bool:
    """Return whether a path is a pipe or a device, which keeps no results."""
    return files.is_there(path) and not files.is_regular(path)


def _torn(content: bytes) -> int:
    """Return the number of bytes at the end that are the beginning of a line of results."""
    last = content[content.rfind(b"\n") + 1 :]
    if not last.startswith(BEGINNING[: len(last)]):
        return 0
    try:
        checked_json.read_object(last)
    except ValueError:
        return len(last)
    return 0


def _mended(file: BinaryIO) -> bytes:
    """Cut off an incomplete last line; return the line end that a complete one lacks."""
    size = file.seek(0, 2)
    file.seek(0)
    content = file.read()
    torn = _torn(content)
    file.truncate(size - torn)
    return b"\n" if not torn and content and not content.endswith(b"\n") else b""


def _record(outcome: Outcome) -> dict[str, Any]:
    options = {"options": asdict(outcome.options)}
    if outcome.measured is None:
        return options | {"error": outcome.error}
    return options | asdict(outcome.measured)


def _parsed(line: bytes, sha256: str) -> Outcome | None:
    """Return the outcome in a line, or None if it is of another dataset or version.

    If the line is no result, raise ValueError, TypeError, KeyError, AttributeError or SpikeletError.
    """
    record = checked_json.read_object(line)
    if (record["spikelet"], record["sha256"]) != (__version__, sha256):
        return None
    fields = record["options"]
    # During development the options change without a new version.
    if fields.keys() != _OPTIONS:
        raise ValueError("other options")
    options = TrainingOptions(**fields | {"hidden": tuple(fields["hidden"])})
    if "error" in record:
        return Outcome(options, None, str(record["error"]))
    measured = Measurement(
        validation=_score(record["validation"]),
        test=_score(record["test"]),
        bytes=int(record["bytes"]),
        epochs=int(record["epochs"]),
    )
    return Outcome(options, measured)


def _score(fields: dict[str, Any]) -> Score:
    return Score(**{name: float(value) for name, value in fields.items()})
