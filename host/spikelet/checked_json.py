"""Read JSON that others wrote: an object whose numbers are finite and whose fields have their types.

Python's own reader accepts NaN, turns 1e999 into infinity, and raises several kinds of errors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

# The largest whole number that floating point holds exactly, and so any reader of JSON.
LARGEST = 2**53
# Characters of a wrong value that an error quotes.
QUOTED = 40


def read_object(data: bytes | str) -> dict[str, Any]:
    """Return the object in a text.

    Raises
    ------
    ValueError
        If the text is no JSON object, or holds a number that is not finite or above LARGEST. The text
        of the error is a reason for the user.
    """
    try:
        text = data if isinstance(data, str) else data.decode()
    except UnicodeDecodeError:
        raise ValueError("it is no UTF-8 text") from None
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"it is no JSON: {error.msg.lower()} in line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise ValueError("its values are nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value


def text(values: Mapping[str, Any], name: str) -> str:
    """Return a field that is text; raises ValueError otherwise."""
    return _typed(values, name, str, "text")


def whole(values: Mapping[str, Any], name: str, least: int = 0) -> int:
    """Return a field that is a whole number of at least `least`; raises ValueError otherwise."""
    number: int = _typed(values, name, int, f"a whole number of at least {least}")
    if number < least:
        raise ValueError(f"its {name} is {number}; it must be at least {least}")
    return number


def number(values: Mapping[str, Any], name: str) -> float:
    """Return a field that is a number; raises ValueError otherwise."""
    return float(_typed(values, name, (int, float), "a number"))


def mapping(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a field that is an object; raises ValueError otherwise."""
    return dict(_typed(values, name, dict, "an object"))


def texts(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return a field that is a list of texts; raises ValueError otherwise."""
    found = _typed(values, name, list, "a list of texts")
    if not all(isinstance(each, str) for each in found):
        raise ValueError(f"its {name} is {quoted(found)}; it must be a list of texts")
    return tuple(found)


def quoted(value: object) -> str:
    """Return a value as a message quotes it, cut to QUOTED characters."""
    shown = ascii(value)
    return shown if len(shown) <= QUOTED else shown[:QUOTED] + "..."


def _typed(values: Mapping[str, Any], name: str, kind: Any, words: str) -> Any:
    if name not in values:
        raise ValueError(f"it has no field {name}")
    value = values[name]
    # A truth value is a number to Python.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"its {name} is {quoted(value)}; it must be {words}")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}, which is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"it holds {text[:QUOTED]}, which is too large a number")
    return number


def _whole(text: str) -> int:
    # Python refuses to read thousands of digits.
    if len(text) > len(str(LARGEST)) + 1 or abs(int(text)) > LARGEST:
        raise ValueError(f"it holds {text[:QUOTED]}, which is too large a number")
    return int(text)
