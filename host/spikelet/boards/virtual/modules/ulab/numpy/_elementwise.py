"""Apply functions element by element.

Here a Python number has the dtype of its value alone: 5 is uint8 and 300 is uint16, so that
maximum(int16, 300) is float. The operators also consider the dtype of the array.
"""

from typing import Any

import numpy

from ._array import check_sortable, ndarray, raw, without_bool, wrap
from ._types import BITWISE, EXTREME, SHIFT, Raw, Rule, Ufunc, check_filled, combine

# Bits of the int that a board shifts.
_WIDTH = 32


def _operands(x1: object, x2: object) -> tuple[Raw, Raw]:
    if type(x1) is not ndarray and type(x2) is not ndarray:
        raise TypeError("two numbers need no ulab")
    left, right = raw(x1), raw(x2)
    check_filled(left, right)
    return left, right


def maximum(x1: Any, x2: Any) -> ndarray:
    """Return the larger of each pair."""
    return wrap(combine(numpy.maximum, *_operands(x1, x2), EXTREME))


def minimum(x1: Any, x2: Any) -> ndarray:
    """Return the smaller of each pair."""
    return wrap(combine(numpy.minimum, *_operands(x1, x2), EXTREME))


def clip(x: Any, low: Any, high: Any) -> ndarray:
    """Return maximum(low, minimum(x, high))."""
    return maximum(low, minimum(x, high))


def equal(x1: Any, x2: Any) -> ndarray:
    """Return a boolean array, True at equal elements."""
    return wrap(numpy.equal(*_operands(x1, x2)))


def not_equal(x1: Any, x2: Any) -> ndarray:
    """Return a boolean array, True at different elements."""
    return wrap(numpy.not_equal(*_operands(x1, x2)))


def _bits(ufunc: Ufunc, x1: object, x2: object, rule: Rule) -> ndarray:
    left, right = _operands(x1, x2)
    if "f" in left.dtype.char + right.dtype.char:
        raise ValueError("not supported for input types")
    return wrap(combine(ufunc, left, right, rule))


def bitwise_and(x1: Any, x2: Any) -> ndarray:
    """Return x1 & x2; of booleans, uint8."""
    return _bits(numpy.bitwise_and, x1, x2, BITWISE)


def bitwise_or(x1: Any, x2: Any) -> ndarray:
    """Return x1 | x2; of booleans, uint8."""
    return _bits(numpy.bitwise_or, x1, x2, BITWISE)


def bitwise_xor(x1: Any, x2: Any) -> ndarray:
    """Return x1 ^ x2; of booleans, uint8."""
    return _bits(numpy.bitwise_xor, x1, x2, BITWISE)


def _check_shift(count: Any) -> None:
    low, high = (count, count) if type(count) is int else _range(raw(count))
    if not 0 <= low <= high < _WIDTH:
        raise NotImplementedError("a shift by less than 0, or by 32 and more, is undefined in C")


def _range(counts: Raw) -> tuple[Any, Any]:
    return (counts.min(), counts.max()) if counts.size else (0, 0)


def left_shift(x1: Any, x2: Any) -> ndarray:
    """Return x1 << x2 without the bits beyond the dtype."""
    _check_shift(x2)
    return _bits(numpy.left_shift, x1, x2, SHIFT)


def right_shift(x1: Any, x2: Any) -> ndarray:
    """Return x1 >> x2, rounded down for negative numbers."""
    _check_shift(x2)
    return _bits(numpy.right_shift, x1, x2, SHIFT)


_WHERE: Rule = {**EXTREME, "??": "B"}


def where(condition: Any, x: Any, y: Any) -> ndarray:
    """Return the elements of x at which the condition is not 0, and else those of y."""
    left, right = raw(x), raw(y)
    check_filled(raw(condition), left, right)

    def choose(first: Raw, second: Raw, dtype: str | None = None, casting: Any = None) -> Raw:
        chosen = numpy.where(raw(condition), first, second)
        return chosen if dtype is None else chosen.astype(dtype)

    return wrap(combine(choose, left, right, _WHERE))


def nonzero(x: ndarray) -> tuple[ndarray, ...]:
    """Return the indices of elements that are not 0: a tuple of uint16 arrays, one per dimension."""
    check_filled(x._data)
    if x.size > 65536:
        raise NotImplementedError("ulab counts in 16 bits")
    return tuple(wrap(indices.astype("H")) for indices in x._data.nonzero())


def compress(condition: Any, a: ndarray, *, axis: int | None = None) -> ndarray:
    """Return the elements, or along an axis the rows, at which the condition is true."""
    if axis is None and len(a.shape) > 1:
        raise NotImplementedError("two dimensions need an axis here")
    check_filled(a._data)
    chosen = numpy.array([bool(item) for item in condition])
    if len(chosen) != a.shape[axis or 0]:
        raise ValueError("wrong length of condition array")
    return wrap(without_bool(numpy.compress(chosen, a._data, axis)))


def sort(a: ndarray, *, axis: int = -1) -> ndarray:
    """Return a sorted copy of one dimension."""
    check_sortable(a._data)
    return wrap(numpy.sort(a._data, axis))
