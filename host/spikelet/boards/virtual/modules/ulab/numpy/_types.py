"""The dtypes: what becomes of two of them, of a Python number, and of values that are stored.

An array holds a numpy array; a dtype is told apart by numpy's one-letter `char`, which for every
dtype here is also ulab's: "B" uint8, "b" int8, "H" uint16, "h" int16, "f" float, "?" bool.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy

Raw: TypeAlias = numpy.ndarray[Any, numpy.dtype[Any]]
Ufunc: TypeAlias = Callable[..., Raw]  # numpy's own type of ufuncs knows no keyword
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

# Where ulab's result of two dtypes is not numpy's: the pair to the result, None where the stand-in
# refuses. ulab mixes int8 with uint16 into either of them, as the operation and the order happen to
# be; and it reads int16 as uint16 where it stands left of a float in these operations.
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
    """Return ufunc(left, right) in the dtype that ulab gives it; integers wrap."""
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

    `beside` is the dtype of the array at the number's left, if one is there.
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
    array.flags.writeable = False  # the cache shares it
    return array


def _smallest(value: int, signed: bool) -> str:
    """Return the dtype that 6.5.3 gives an int; 6.12 reaches from -32768 to 65535."""
    if not -32767 <= value <= 32767:
        return "f"
    if value < 0:
        return "b" if value > -128 else "h"
    if signed:
        return "b" if value < 128 else "h"
    return "B" if value < 256 else "H"


def stored(values: Raw, dtype: numpy.dtype[Any]) -> Raw:
    """Return `values` as an assignment stores them: floats rounded half away from zero.

    Raises OverflowError where they do not fit, as CircuitPython does; MicroPython wraps.
    """
    if values.dtype == dtype:
        return values
    if values.dtype.char == "f" and dtype.char != "f":
        wide = values.astype("d")
        values = numpy.copysign(numpy.floor(numpy.abs(wide) + 0.5), wide)
    check_fits(values, dtype)
    return values.astype(dtype)


def check_filled(*operands: Raw) -> None:
    """Refuse an empty array where ulab would read beside it, or answer with None."""
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
