"""Reduce arrays to one number, or along an axis."""

from typing import Any

import numpy

from ._array import check_sortable, ndarray, without_bool, wrap
from ._types import Raw

_FLOAT = numpy.float32


def _data(a: object) -> Raw:
    if type(a) is not ndarray:
        raise TypeError("only arrays are reduced here")
    return without_bool(a._data)


def _axis(data: Raw, axis: int | None) -> int | None:
    if axis is not None and type(axis) is not int:
        raise TypeError("axis must be None, or an integer")
    if axis is not None and not -data.ndim <= axis < data.ndim:
        raise ValueError("axis is out of bounds")
    return axis


def _result(reduced: Any) -> Any:
    """Return an array as a ulab array, and a single number as a Python number."""
    return wrap(reduced) if reduced.ndim else reduced.item()


def _foremost(data: Raw, axis: int | None) -> Raw:
    """Return `data` with the axis in front, or flattened if the axis is None."""
    return data.reshape(-1) if axis is None else numpy.moveaxis(data, axis, 0)


def _running_mean(data: Raw) -> Any:
    """Return the mean over the first dimension, computed in 32-bit floats as in ulab."""
    mean = numpy.zeros(data.shape[1:], _FLOAT)
    for count, value in enumerate(data.astype(_FLOAT), 1):
        mean = mean + (value - mean) / _FLOAT(count)
    return mean


def sum_(a: ndarray, axis: int | None = None) -> Any:
    """Return the sum: along an axis in the array's dtype, wrapping; else as a Python number.

    ulab computes the number from the mean in floats. If 32 bits do not suffice for the exact sum of
    integers, a board would return another number, and this function raises NotImplementedError.
    """
    data = _data(a)
    axis = _axis(data, axis)
    if axis is not None and data.dtype.char != "f":
        return _result(numpy.sum(data, axis, data.dtype))
    if axis is not None and data.ndim == 1:
        raise NotImplementedError("6.5.3 answers with the mean")
    values = _foremost(data, axis)
    total = _running_mean(values) * _FLOAT(len(values))
    if data.dtype.char == "f":
        return _result(total)
    exact = int(values.sum(dtype="q"))
    if round(float(total)) != exact:
        raise NotImplementedError(f"a board's 32-bit floats make {total} of the sum {exact}")
    return exact


def mean(a: ndarray, axis: int | None = None) -> Any:
    """Return the mean as float."""
    data = _data(a)
    return _result(_running_mean(_foremost(data, _axis(data, axis))))


def _extreme(a: ndarray, axis: int | None, name: str, dtype: str | None = None) -> Any:
    data = _data(a)
    if not data.size:
        raise ValueError("attempt to get (arg)min/(arg)max of empty sequence")
    extreme = numpy.asarray(getattr(data, name)(axis=_axis(data, axis)), dtype)
    return extreme.item() if extreme.size == 1 else wrap(extreme)


def max_(a: ndarray, axis: int | None = None) -> Any:
    """Return the largest element."""
    return _extreme(a, axis, "max")


def min_(a: ndarray, axis: int | None = None) -> Any:
    """Return the smallest element."""
    return _extreme(a, axis, "min")


def argmax(a: ndarray, axis: int | None = None) -> Any:
    """Return the first index of the largest element; along an axis as int16."""
    return _extreme(a, axis, "argmax", "h" if axis is not None else None)


def argmin(a: ndarray, axis: int | None = None) -> Any:
    """Return the first index of the smallest element; along an axis as int16."""
    return _extreme(a, axis, "argmin", "h" if axis is not None else None)


def _whether(a: ndarray, axis: int | None, name: str) -> Any:
    data = _data(a)
    if axis is not None and data.ndim == 1:
        raise NotImplementedError("ulab answers with an array of no dimension")
    return _result(getattr(data, name)(axis=_axis(data, axis)))


def any_(a: ndarray, axis: int | None = None) -> Any:
    """Return whether any element is not 0."""
    return _whether(a, axis, "any")


def all_(a: ndarray, axis: int | None = None) -> Any:
    """Return whether all elements are not 0."""
    return _whether(a, axis, "all")


def median(a: ndarray) -> float:
    """Return the median of one dimension as float."""
    check_sortable(a._data)
    return float(numpy.median(a._data))


def dot(m1: ndarray, m2: ndarray) -> Any:
    """Return the product of vectors or matrices as float, summed in 32 bits from the left."""
    left, right = _data(m1).astype(_FLOAT), _data(m2).astype(_FLOAT)
    if left.shape[-1] != right.shape[0]:
        raise ValueError("dimensions do not match")
    total = numpy.zeros(left.shape[:-1] + right.shape[1:], _FLOAT)
    for k in range(left.shape[-1]):
        total = total + numpy.multiply.outer(left[..., k], right[k])
    return _result(total)


def size(a: ndarray, *, axis: int | None = None) -> int:
    """Return the number of elements, or the length of a dimension."""
    data = _data(a)
    axis = _axis(data, axis)
    return data.size if axis is None else data.shape[axis]
