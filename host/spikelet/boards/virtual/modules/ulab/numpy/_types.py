"""Define ulab's dtypes and rules: for pairs of dtypes, Python numbers and stored values.

numpy's one-letter `char` identifies a dtype, because ulab uses the same letter for every dtype here: "B"
uint8, "b" int8, "H" uint16, "h" int16, "f" float, "?" bool.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy

Raw: TypeAlias = numpy.ndarray[Any, numpy.dtype[Any]]
# numpy's own type of ufuncs has no keywords.
Ufunc: TypeAlias = Callable[..., Raw]
Rule: TypeAlias = Mapping[str, str | None]

bool_, uint8, int8, uint16, int16, float_ = (ord(char) for char in "?BbHhf")

_DTYPES = {ord(char): numpy.dtype(char) for char in "?BbHhf"}
LIMITS = {
    "?": (0, 1),
    "B": (0, 255),
    "b": (-128, 127),
    "H": (0, 65535),
    "h": (-32768, 32767),
    "f": (-numpy.inf, numpy.inf),
}
NAMES = {"?": "bool", "B": "uint8", "b": "int8", "H": "uint16", "h": "int16", "f": "float32"}

# {pair: result} for pairs of dtypes with a result that differs from numpy's; None for an error. ulab
# mixes int8 with uint16 into either of them, depending on the operation and the order. It reads int16 on
# the left of a float as uint16 in some operations.
_PAIRS: Rule = {"??": "B", "?b": "h", "b?": "h", "Hh": "f", "hH": "f"}
ADD: Rule = {**_PAIRS, "bH": "h", "Hb": "h"}
SUBTRACT: Rule = {**_PAIRS, "bH": "h", "Hb": "H", "hf": None}
EXTREME: Rule = {**_PAIRS, "bH": None, "Hb": None}
BITWISE: Rule = {**_PAIRS, "bH": "H", "Hb": "H", "Hh": "h", "hH": "h"}
SHIFT: Rule = {**EXTREME, "Hh": None, "hH": None}
LOGIC: Rule = {"?b": "h", "b?": "h", "bH": "h", "Hb": "h"}
MORE: Rule = {"hf": None}
LESS: Rule = {"fh": None}
ANY_PAIR: Rule = {}


def combine(ufunc: Ufunc, left: Raw, right: Raw, rule: Rule) -> Raw:
    """Return ufunc(left, right) in ulab's dtype; integers wrap."""
    pair = left.dtype.char + right.dtype.char
    if pair not in rule:
        return ufunc(left, right)
    char = rule[pair]
    if char is None:
        raise NotImplementedError(f"ulab gets {describe(pair)} wrong in this operation")
    return ufunc(left, right, dtype=char, casting="unsafe")


def describe(pair: str) -> str:
    """Return a pair of dtypes in words."""
    return f"{NAMES[pair[0]]} with {NAMES[pair[1]]}"


def dtype_of(code: int) -> numpy.dtype[Any]:
    """Return the numpy dtype of ulab's `code`, such as np.int16."""
    if type(code) is not int:
        raise TypeError(f"can't convert {type(code).__name__} to int")
    if code not in _DTYPES:
        raise ValueError("bad typecode")
    return _DTYPES[code]


def number(value: object, beside: str = "") -> Raw:
    """Return the one-element array that ulab makes of a Python number.

    Parameters
    ----------
    value : int, float or bool
    beside : str
        Letter of the dtype of an array on the left of the number; empty without one.
    """
    kind = type(value)
    if kind is int:
        return _integer(value, beside in ("b", "h"))
    if kind is float:
        return numpy.array([value], "f")
    if kind is bool:
        return numpy.array([value])
    raise TypeError(f"unsupported operand: {kind.__name__}")


@lru_cache(maxsize=4096)
def _integer(value: Any, signed: bool) -> Raw:
    if not -(2**31) <= value < 2**31:
        raise OverflowError("overflow converting long int to machine word")
    array = numpy.array([value], _smallest(value, signed))
    # All users of the cache share the array.
    array.flags.writeable = False
    return array


def _smallest(value: int, signed: bool) -> str:
    """Return the dtype of an int in 6.5.3; in 6.12 integers reach from -32768 to 65535."""
    if not -32767 <= value <= 32767:
        return "f"
    if value < 0:
        return "b" if value > -128 else "h"
    if signed:
        return "b" if value < 128 else "h"
    return "B" if value < 256 else "H"


def stored(values: Raw, dtype: numpy.dtype[Any]) -> Raw:
    """Return `values` as an assignment stores them, with floats rounded half away from zero.

    Raises
    ------
    OverflowError
        If a value does not fit, as in CircuitPython; MicroPython wraps.
    """
    if values.dtype == dtype:
        return values
    if values.dtype.char == "f" and dtype.char != "f":
        wide = values.astype("d")
        values = numpy.copysign(numpy.floor(numpy.abs(wide) + 0.5), wide)
    check_fits(values, dtype)
    return values.astype(dtype)


def check_filled(*operands: Raw) -> None:
    """Refuse an empty array, because ulab would read other memory or return None."""
    if not all(operand.size for operand in operands):
        raise NotImplementedError("ulab does not look whether an array is empty in this operation")


def check_fits(values: Raw, dtype: numpy.dtype[Any]) -> None:
    """Raise OverflowError unless `dtype` holds all `values`."""
    low, high = LIMITS[dtype.char]
    if values.size == 1:
        fits = low <= values.item() <= high
    else:
        fits = not values.size or (low <= values.min() and values.max() <= high)
    if not fits:
        raise OverflowError(f"value must fit {NAMES[dtype.char]}")
