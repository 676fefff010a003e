"""The forms in which a journal can be exported, and the suffixes of their files."""

from __future__ import annotations

import importlib
from pathlib import Path

from spikelet import files
from spikelet.errors import SpikeletError
from spikelet.monitoring.journal import to_csv
from spikelet.monitoring.journal.reader import Journal

SUFFIXES = {".npz": "npz", ".csv": "csv", ".h5": "nirdata", ".npy": "tonic", ".nix": "neo"}
FORMS = tuple(SUFFIXES.values())


def form_of(path: str | Path) -> str:
    """Return the form that a file's suffix names; raises SpikeletError if it names none."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(f"{each} ({form})" for each, form in SUFFIXES.items())
        raise SpikeletError(f"{path} names no form; end it with {known}, or give --form")
    return SUFFIXES[suffix]


def export(journal: Journal, path: str | Path, form: str, rate: float | None = None) -> list[Path]:
    """Write a journal in a form, whole or not at all, and return the files that were written.

    rate    samples a second, if it is known better than from the journal
    Raises SpikeletError if the form needs what is not there, or a file cannot be written.
    """
    path = Path(path)
    if form == "csv":
        answers = to_csv.answers_path(path)
        with files.replacing(path) as first, files.replacing(answers) as second:
            to_csv.write(journal, first, second, rate)
        return [path, answers]
    writer = importlib.import_module(
        f"spikelet.monitoring.journal.to_{form}"
    )  # neo is imported only when asked
    with files.replacing(path) as temporary:
        writer.write(journal, temporary, rate)
    return [path]
