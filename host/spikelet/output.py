"""What a verb says: to people on a terminal, or as one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

Report = Callable[[int, int], None]
"""Told how much is done, and of how much."""


class Output:
    """Collects a verb's results, and shows them.

    json    bool: print the results as one JSON object at the end, and nothing else on stdout
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.results: dict[str, Any] = {}
        self.people = Console(quiet=json, highlight=False, soft_wrap=True)
        self.errors = Console(stderr=True, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.json:
            sys.stdout.write(json.dumps(self.results, default=_plain) + "\n")
            sys.stdout.flush()

    def say(self, text: str = "") -> None:
        """Show people a line."""
        self.people.print(text, markup=False)

    def warn(self, text: str) -> None:
        """Show a line on stderr, in whatever mode."""
        self.errors.print(text, markup=False)

    def log(self, text: str) -> None:
        """Show what a board printed."""
        for line in text.replace("\x04", "").splitlines():
            if line.strip(" >"):
                self.warn(f"board: {line}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Show people a table; numbers stand to the right."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for i, column in enumerate(columns):
            number = bool(rows) and isinstance(rows[0][i], int | float)
            table.add_column(column, justify="right" if number else "left")
        for row in rows:
            table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
        self.people.print(table)

    def fail(self, line: str, sentence: str) -> None:
        """Say why the work failed."""
        self.results["error"] = sentence
        self.warn(line)

    @contextmanager
    def progress(self, what: str) -> Iterator[Report]:
        """Show a bar on a terminal while the work goes on; nothing in a pipe."""
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        hidden = not self.errors.is_terminal
        with Progress(*columns, console=self.errors, disable=hidden, transient=True) as bar:
            task = bar.add_task(what, total=None)

            def report(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            yield report


def _plain(value: Any) -> Any:
    """Turn numpy's numbers and arrays, and bytes, into what JSON has."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
