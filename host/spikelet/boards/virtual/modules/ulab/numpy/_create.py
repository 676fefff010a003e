"""Create arrays."""

from array import array as _machine_array
from math import ceil
from typing import Any

import numpy

from ._array import ndarray, without_bool, wrap
from ._types import Raw, check_fits, dtype_of, float_, int16, stored

_ITERABLES = (list, tuple, range, bytes, bytearray, memoryview, _machine_array)


def array(values: Any, *, dtype: int = float_) -> ndarray:
    """Return a new array of the numbers in an array, a list or a list of lists; float by default.

    Raises
    ------
    OverflowError
        If a number does not fit `dtype`.
    TypeError
        If a float is among integers.
    """
    kind = dtype_of(dtype)
    if type(values) is ndarray:
        if kind.char == "?":
            # Version 6.12 returns False everywhere.
            raise ValueError("bad typecode")
        # ulab treats these two dtypes as equal.
        same = kind.char == "B" and values._data.dtype.char == "?"
        return wrap((values._data if same else stored(values._data, kind)).copy())
    if type(values) not in _ITERABLES:
        raise TypeError(f"'{type(values).__name__}' object isn't iterable")
    return wrap(_filled(_nested(values), kind))


def _nested(values: Any) -> list[Any]:
    """Return the numbers in a list, or in a list of lists of equal length."""
    items = [i.tolist() if type(i) is ndarray else i for i in values]
    if not items or not isinstance(items[0], _ITERABLES):
        return items
    rows = [list(row) for row in items]
    if rows[0] and isinstance(rows[0][0], _ITERABLES):
        raise ValueError("too many dimensions")
    if any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("ulab fills up, or runs over, rows of different lengths")
    return rows


def _filled(values: list[Any], kind: numpy.dtype[Any]) -> Raw:
    numbers = [i for row in values for i in row] if values and type(values[0]) is list else values
    if kind.char == "?":
        return numpy.array(values, kind)
    for item in numbers:
        if type(item) not in ((int, float, bool) if kind.char == "f" else (int, bool)):
            raise TypeError(f"can't convert {type(item).__name__} to {kind.name}")
    # 64-bit floats represent every number that could fit exactly.
    wide = numpy.array(values, "d")
    check_fits(wide, kind)
    return wide.astype(kind)


def asarray(values: Any, *, dtype: int | None = None) -> Any:
    """Return `values` as an array of `dtype`, without a copy if it is one already."""
    if type(values) is ndarray and dtype in (None, values.dtype):
        return values
    return array(values, dtype=float_ if dtype is None else dtype)


def full(shape: Any, fill_value: Any, *, dtype: int = float_) -> ndarray:
    """Return a new array with the same number everywhere; float by default."""
    kind = dtype_of(dtype)
    if type(shape) not in (int, tuple, list):
        raise TypeError("shape must be an integer, a tuple or a list")
    if type(shape) is not int and len(shape) > 2:
        raise TypeError("too many dimensions")
    return wrap(numpy.full(shape, _filled([fill_value], kind)[0], kind))


def zeros(shape: Any, *, dtype: int = float_) -> ndarray:
    """Return a new array of zeros; float by default."""
    return full(shape, 0, dtype=dtype)


def ones(shape: Any, *, dtype: int = float_) -> ndarray:
    """Return a new array of ones; float by default."""
    return full(shape, 1, dtype=dtype)


def arange(*limits: float, dtype: int | None = None) -> ndarray:
    """Return the numbers from start (0) to below stop in steps (1); int16 for small integers."""
    if not 1 <= len(limits) <= 3:
        raise TypeError("wrong number of arguments")
    start, stop = (0, limits[0]) if len(limits) == 1 else limits[:2]
    step = limits[2] if len(limits) == 3 else 1
    if step == 0:
        raise ZeroDivisionError("divide by zero")
    small = all(type(i) is int and abs(i) <= 32768 for i in (start, stop, step))
    kind = dtype_of((int16 if small else float_) if dtype is None else dtype)
    values = start + step * numpy.arange(max(0, ceil((stop - start) / step)), dtype="d")
    check_fits(values, kind)
    return wrap(values.astype(kind))


def frombuffer(buffer: Any, *, dtype: int = float_, count: int = -1, offset: int = 0) -> ndarray:
    """Return an array on the memory of `buffer`, with `count` elements from the byte `offset` on.

    As in ulab, the bytes after `offset` must be a multiple of an element for every `count`. An array on
    a bytes object is read-only, although a board would write to it.
    """
    kind = dtype_of(dtype)
    data: Any = without_bool(buffer._data) if type(buffer) is ndarray else buffer
    # This raises TypeError without a buffer; ulab returns None.
    size = memoryview(data).nbytes
    if not 0 <= offset <= size:
        raise ValueError("offset must be non-negative and no greater than buffer length")
    if kind.char == "?" or count == 0:
        raise NotImplementedError("ulab reads a count of 0 as all, and any byte as a boolean")
    available, rest = divmod(size - offset, kind.itemsize)
    if rest:
        raise ValueError("buffer size must be a multiple of element size")
    if count > available:
        raise ValueError("buffer is smaller than requested size")
    if not available:
        return wrap(numpy.empty(0, kind))
    view = numpy.frombuffer(data, kind, count, offset)
    if not view.flags.aligned:
        raise NotImplementedError("the data are not aligned: a Cortex-M0 would halt")
    return wrap(view)


def concatenate(arrays: tuple[ndarray, ...], *, axis: int = 0) -> ndarray:
    """Return a new array from a tuple of arrays of one dtype; booleans become uint8."""
    if type(arrays) is not tuple:
        raise TypeError("first argument must be a tuple of ndarrays")
    parts = [without_bool(part._data) for part in arrays]
    if any(part.dtype != parts[0].dtype for part in parts):
        raise ValueError("input arrays are not compatible")
    return wrap(numpy.concatenate(parts, axis))
