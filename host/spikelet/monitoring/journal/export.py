"""Exports a journal in the form that the suffix of a file names."""

from __future__ import annotations

import importlib
from pathlib import Path

from spikelet import files
from spikelet.errors import UsageError
from spikelet.monitoring.journal import to_csv
from spikelet.monitoring.journal.reader import Journal

SUFFIXES = {".npz": "npz", ".csv": "csv", ".h5": "nirdata", ".npy": "tonic", ".nix": "neo"}
FORMS = tuple(SUFFIXES.values())


def form_of(path: str | Path) -> str:
    """Return the form that the suffix of a file names.

    Raises
    ------
    SpikeletError
        If the suffix names no form.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(f"{each} ({form})" for each, form in SUFFIXES.items())
        raise UsageError(f"{path} names no form; end it with {known}, or give --form")
    return SUFFIXES[suffix]


def paths(path: str | Path, form: str) -> list[Path]:
    """Return the paths of the files that `export` writes."""
    path = Path(path)
    return [path, to_csv.answers_path(path)] if form == "csv" else [path]


def export(journal: Journal, path: str | Path, form: str, rate: float | None = None) -> list[Path]:
    """Write a journal in a form, completely or not at all.

    Parameters
    ----------
    journal : Journal
    path : path
    form : str
        One of `FORMS`.
    rate : float, optional
        Samples per second; without it the rate in the journal.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    SpikeletError
        If a package or the rate is missing, the journal holds no turn, or a file cannot be written.
    """
    targets = paths(path, form)
    if form == "csv":
        with files.replacing(targets[0]) as first, files.replacing(targets[1]) as second:
            to_csv.write(journal, first, second, rate)
        return targets
    # The import is here because neo is optional, and slow to load.
    writer = importlib.import_module(f"spikelet.monitoring.journal.to_{form}")
    with files.replacing(path) as temporary:
        writer.write(journal, temporary, rate)
    return targets
