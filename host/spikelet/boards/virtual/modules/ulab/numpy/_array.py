"""Provide ulab's array on top of a hidden numpy array."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy

from ._arithmetic import Arithmetic
from ._bytes import ByteView
from ._index import check_index, masked, store, store_masked
from ._types import NAMES, Raw, number


def wrap(data: Raw) -> "ndarray":
    """Return an array with the values `data`, without a copy."""
    new = object.__new__(ndarray)
    new._data = data
    return new


def raw(value: object) -> Raw:
    """Return the numpy array of an array, or the one-element array that ulab makes of a number."""
    return value._data if type(value) is ndarray else number(value)


class ndarray(Arithmetic):
    """An array of one or two dimensions, made by `array(values, dtype=)`; views share its memory."""

    __slots__ = ()

    def __len__(self) -> int:
        """Return the length of the first dimension; an array is true if the length is not 0."""
        return len(self._data)

    def __iter__(self) -> Iterator[Any]:
        """Return an iterator on the numbers of one dimension, or on views of the rows of two."""
        data = self._data
        return map(data.item, range(len(data))) if data.ndim == 1 else map(wrap, data)

    def __contains__(self, value: object) -> bool:
        """Return whether a number occurs."""
        if self._data.ndim > 1:
            raise NotImplementedError("in ulab anything is in an array of two dimensions")
        return any(value == item for item in self)

    def __getitem__(self, index: Any) -> Any:
        """Return a number, a view, or a copy of the elements under a mask."""
        if type(index) is ndarray:
            return wrap(masked(self._data, index._data))
        check_index(index)
        item = self._data[index]
        return wrap(item) if isinstance(item, numpy.ndarray) else item.item()

    def __setitem__(self, index: Any, value: Any) -> None:
        """Store a number, an array or a list; raise OverflowError for a value that does not fit."""
        values = numpy.array(value, "f") if type(value) in (list, tuple) else raw(value)
        if type(index) is ndarray:
            store_masked(self._data, index._data, values)
        else:
            check_index(index)
            store(self._data, index, values)

    def __delitem__(self, index: Any) -> None:
        """Raise ValueError, because an array keeps its length."""
        raise ValueError("cannot delete array elements")

    def __repr__(self) -> str:
        """Return the values and the dtype."""
        data, name = self._data, NAMES[self._data.dtype.char]
        values = _row(data) if data.ndim == 1 else f"[{_ROWS.join(map(_row, data))}]"
        return f"array({values}, dtype={name})"

    def __bytes__(self) -> bytes:
        """Return a copy of the memory."""
        return bytes(self.tobytes())

    if sys.version_info >= (3, 12):

        def __buffer__(self, flags: int) -> memoryview:
            """Return a view on the memory of a contiguous array."""
            if not self._data.flags.c_contiguous:
                raise TypeError("object with buffer protocol required")
            return memoryview(without_bool(self._data))

    else:

        def __index__(self) -> int:
            """Refuse `bytearray(array)`, which would call this first and then take the numbers."""
            raise NotImplementedError("use array.tobytes()")

    @property
    def dtype(self) -> int:
        """The code of the dtype; a boolean array has the code of uint8."""
        return ord("B" if self._data.dtype.char == "?" else self._data.dtype.char)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""
        return self._data.shape

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one element to the next in each dimension."""
        return self._data.strides

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._data.size

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self._data.itemsize

    @property
    def T(self) -> "ndarray":
        """A view with the dimensions exchanged."""
        return wrap(self._data.T)

    def transpose(self) -> "ndarray":
        """Return a view with the dimensions exchanged."""
        return wrap(self._data.T)

    def copy(self) -> "ndarray":
        """Return a contiguous copy."""
        return wrap(self._data.copy())

    def reshape(self, shape: int | tuple[int, ...]) -> "ndarray":
        """Return a view in another shape, or a copy if not contiguous; one length may be -1."""
        if type(shape) is not int and type(shape) is not tuple:
            raise TypeError("shape must be integer or tuple of integers")
        if type(shape) is tuple and len(shape) > 2:
            raise ValueError("maximum number of dimensions is 2")
        return wrap(self._data.reshape(shape))

    def flatten(self) -> "ndarray":
        """Return a copy in one dimension, row after row; booleans become uint8."""
        return wrap(without_bool(self._data.flatten()))

    def tolist(self) -> list[Any]:
        """Return the numbers in a list, or in a list of lists."""
        return self._data.tolist()

    def tobytes(self) -> ByteView:
        """Return the memory of a contiguous array, without a copy."""
        if not self._data.flags.c_contiguous or not self._data.size:
            raise ValueError("tobytes can be invoked for dense arrays only")
        return ByteView(self._data)

    def sort(self) -> None:
        """Sort one dimension in place."""
        check_sortable(self._data)
        self._data.sort()


_ROWS = ",\n       "
# Elements at either end of an abridged row, and the most elements of a complete one.
_EDGE, _LONG = 3, 10


def _row(data: Raw) -> str:
    items = [str(item) for item in data]
    if len(items) > _LONG:
        items[_EDGE:-_EDGE] = ["..."]
    return f"[{', '.join(items)}]"


def without_bool(data: Raw) -> Raw:
    """Return booleans as uint8, because most of ulab's copies lose the boolean mark."""
    return data.view("B") if data.dtype.char == "?" else data


def check_sortable(data: Raw) -> None:
    """Refuse arrays that ulab sorts wrong, and arrays that this module cannot sort."""
    if data.dtype.char in ("b", "h") and (data < 0).any():
        raise NotImplementedError("ulab sorts negative integers as if they were unsigned")
    if data.ndim > 1 or data.dtype.char == "?":
        raise NotImplementedError("only one dimension of numbers is sorted here")
