"""Prints the results of a verb: text on a terminal, or one JSON object."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from spikelet.errors import SpikeletError

Report = Callable[[int, int], None]
"""Called with (done, total)."""


class Output:
    """Collects and prints the results of a verb.

    Parameters
    ----------
    json : bool
        Print only the results to stdout, as one JSON object at the end.

    Attributes
    ----------
    results : dict of str to any
        The values of the JSON object.
    people : Console
        stdout for text; silent with `json`.
    errors : Console
        stderr.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.results: dict[str, Any] = {}
        self.people = Console(quiet=json, highlight=False, soft_wrap=True)
        self.errors = Console(stderr=True, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.json and sys.stdout is not None:
            with printing():
                sys.stdout.write(json.dumps(self.results, default=_plain) + "\n")
                sys.stdout.flush()

    def say(self, text: str = "") -> None:
        """Print a line of text, except with JSON."""
        with printing():
            self.people.print(text, markup=False)

    def warn(self, text: str) -> None:
        """Print a line to stderr, also with JSON; a stderr without room is no reason to stop."""
        with contextlib.suppress(OSError):
            self.errors.print(text, markup=False)

    def log(self, text: str) -> None:
        """Print to stderr the text that a board printed, without its empty prompts."""
        for line in text.replace("\x04", "").splitlines():
            if line.strip(" >"):
                self.warn(f"board: {line}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table, except with JSON; columns of numbers are aligned to the right."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for i, column in enumerate(columns):
            number = bool(rows) and isinstance(rows[0][i], int | float)
            table.add_column(Text(column), justify="right" if number else "left")
        for row in rows:
            # A Text has no markup, so that names with brackets are printed as they are.
            cells = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row)
            table.add_row(*map(Text, cells))
        with printing():
            self.people.print(table)

    def fail(self, line: str, sentence: str) -> None:
        """Print a line to stderr, and store the sentence as the error in the results."""
        self.results["error"] = sentence
        self.warn(line)

    @contextmanager
    def progress(self, what: str) -> Iterator[Report]:
        """Show a progress bar on stderr if that is a terminal; yield its update function."""
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        hidden = not self.errors.is_terminal
        with Progress(*columns, console=self.errors, disable=hidden, transient=True) as bar:
            task = bar.add_task(what, total=None)

            def report(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            yield report


@contextmanager
def printing() -> Iterator[None]:
    """Convert the error of a full disk; a closed pipe stays a BrokenPipeError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SpikeletError(f"cannot write to stdout: {error.strerror or error}") from None


def _plain(value: Any) -> Any:
    """Return a value as a type of JSON: numbers and arrays of numpy, bytes as hexadecimal."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
