"""Provide the result of `tobytes()`: a bytearray in all but type, in the array's memory."""

from collections.abc import Iterator
from typing import Any

import numpy

from ._types import Raw

_METHODS = ("decode", "find", "hex")
_BINARY = "sub mul truediv floordiv mod divmod pow lshift rshift and xor or matmul"
_OTHERS = "neg pos abs invert int float complex index lt le gt ge radd iadd array_ufunc"


class ByteView(numpy.ndarray[Any, Any]):
    """The bytes of a contiguous array; writing to them changes the array.

    As a subclass of numpy's array it offers the memory of another object to struct and memoryview. It
    keeps none of numpy's methods and operators. It cannot be stored in a slice of a bytearray:
    store it in a slice of the bytearray's memoryview. Like ulab's result it must not grow, because its
    memory belongs to the array.
    """

    def __new__(cls, data: Raw) -> "ByteView":
        """Return the bytes of contiguous `data`; they are read-only if `data` is."""
        return numpy.ndarray.__new__(cls, data.nbytes, numpy.uint8, data)

    def __getattribute__(self, name: str) -> Any:
        """Hide numpy's attributes that a bytearray lacks."""
        if name in _METHODS or name[:2] == "__":
            return super().__getattribute__(name)
        raise AttributeError(f"'bytearray' object has no attribute '{name}'")

    def __repr__(self) -> str:
        """Return the representation of a bytearray."""
        return repr(bytearray(memoryview(self)))

    __str__ = __repr__
    __hash__ = None

    def __bool__(self) -> bool:
        """Return whether there are any bytes."""
        return len(self) > 0

    def __contains__(self, item: Any) -> bool:
        """Return whether an int or a sequence of bytes occurs."""
        return item in memoryview(self).tobytes()

    def __iter__(self) -> Iterator[Any]:
        """Return an iterator on the bytes as ints."""
        return iter(memoryview(self))

    def __getitem__(self, index: Any) -> Any:
        """Return an int, or a slice as a copy."""
        item = memoryview(self)[index]
        return bytearray(item) if isinstance(index, slice) else item

    def __setitem__(self, index: Any, value: Any) -> None:
        """Store an int, or bytes in a slice."""
        memoryview(self)[index] = value

    def __eq__(self, other: object) -> Any:
        """Return whether `other` is bytes-like and has the same bytes."""
        return memoryview(self) == other

    def __ne__(self, other: object) -> Any:
        """Return whether `other` differs."""
        return memoryview(self) != other

    def __add__(self, other: Any) -> Any:
        """Return a new bytearray with the bytes of `other` appended."""
        return bytearray(memoryview(self)) + other

    def decode(self, encoding: str = "utf-8") -> str:
        """Return the text that the bytes encode."""
        return memoryview(self).tobytes().decode(encoding)

    def find(self, item: Any, start: int = 0) -> int:
        """Return the index at which `item` first occurs, or -1."""
        return memoryview(self).tobytes().find(item, start)

    def hex(self) -> str:
        """Return two hexadecimal digits for each byte."""
        return memoryview(self).hex()


for _name in _OTHERS.split():
    setattr(ByteView, f"__{_name}__", None)
for _name in _BINARY.split():
    for _kind in ("", "r", "i"):
        setattr(ByteView, f"__{_kind}{_name}__", None)
