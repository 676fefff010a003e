"""Reads the answers of a board's REPL: finds each by its frame, and checks its type and range.

A board prints its answer as `<spikelet LENGTH SUM VALUE >`, so text of other programs among the answers
is recognised. The value is a literal of Python; the host never executes it.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any, Protocol

from spikelet.errors import BoardError
from spikelet.printable import quoted

# Defines `_say`, which prints a value in its frame: length and sum of its UTF-8 bytes.
SAY = """\
def _say(value):
 text=repr(value)
 data=text.encode()
 print('<spikelet',len(data),sum(data),text,'>')
"""
HEAD = re.compile(rb"<spikelet (\d{1,7}) (\d{1,9}) ")
END = b" >"
# Characters of a value in a message.
SHOWN = 60


class Evaluator(Protocol):
    """A REPL that evaluates expressions."""

    def eval(self, expression: str) -> Any:
        """Return the value of an expression, a literal."""


class NoAnswer(ValueError):
    """The text of a board contains no whole answer."""


def ask(repl: Evaluator, expression: str, shape: Any) -> Any:
    """Return the value of an expression on a board.

    Parameters
    ----------
    repl : Evaluator
    expression : str
    shape : object
        The value that the board must answer, as for `fits`.

    Raises
    ------
    BoardError
        If the board answers with another type or range.
    """
    value = repl.eval(expression)
    if not fits(value, shape):
        raise BoardError(
            f"the board answered {quoted(repr(value), SHOWN)} to {quoted(expression, SHOWN)}, which "
            "is no possible answer; reset the board and try again"
        )
    return value


def fits(value: object, shape: Any) -> bool:
    """Return whether a value has a shape.

    Parameters
    ----------
    value : object
    shape : object
        A type, None, a range for an integer, a set of shapes of which one must fit, or a container. A
        tuple has a shape for each item, a list one for all items, a dict one for keys and for values.
    """
    if isinstance(shape, set | frozenset):
        return any(fits(value, each) for each in shape)
    if isinstance(shape, tuple | list | dict):
        return _fits_container(value, shape)
    if shape is None:
        return value is None
    # A bool is an int, too.
    if isinstance(value, bool) or shape is bool:
        return shape is bool and isinstance(value, bool)
    return value in shape if isinstance(shape, range) else isinstance(value, shape)


def _fits_container(value: object, shape: Any) -> bool:
    if isinstance(shape, dict):
        ((key, of),) = shape.items()
        return isinstance(value, dict) and all(
            fits(k, key) and fits(v, of) for k, v in value.items()
        )
    if not isinstance(value, tuple | list):
        return False
    shapes = shape * len(value) if isinstance(shape, list) else shape
    return len(value) == len(shapes) and all(map(fits, value, shapes))


def framed(text: bytes) -> list[Any]:
    """Return the values of all whole answers in the text of a board, in their order."""
    values = []
    for head in HEAD.finditer(text):
        length, total = int(head[1]), int(head[2])
        data, end = text[head.end() :][:length], text[head.end() + length :][: len(END)]
        if len(data) == length and sum(data) == total and end == END:
            values.append(_literal(data))
    return values


def _literal(data: bytes) -> Any:
    try:
        # No interpreter writes a literal of which Python warns, and the warning would reach the user.
        with warnings.catch_warnings(action="error"):
            return ast.literal_eval(data.decode())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, Warning):
        raise NoAnswer(f"{quoted(data)} is no literal") from None
