"""Replace CircuitPython's `traceback`, which prints to the console by default."""

import sys
import traceback
from types import TracebackType
from typing import TextIO

format_exception = traceback.format_exception


def print_exception(
    exc: BaseException,
    value: BaseException | None = None,
    tb: TracebackType | None = None,
    limit: int | None = None,
    file: TextIO | None = None,
    chain: bool | None = True,
) -> None:
    """Print an exception with its traceback."""
    error = exc if value is None else value
    lines = traceback.TracebackException(type(error), error, tb or error.__traceback__, limit=limit)
    for line in lines.format(chain=bool(chain)):
        print(line, end="", file=file or sys.stdout)
