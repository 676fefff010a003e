"""Replace CircuitPython's `struct`, whose errors are those of Python: it has no `struct.error`."""

from __future__ import annotations

import struct
from typing import Any

calcsize = struct.calcsize


def pack(fmt: str, *values: Any) -> bytes:
    """Return the packed values.

    Raises
    ------
    OverflowError
        If a value is out of the range of its format.
    RuntimeError
        If the number of values differs from the format's.
    TypeError
        If a value has the wrong type.
    """
    try:
        return struct.pack(fmt, *values)
    except struct.error as error:
        raise _board_error(fmt, values, error) from None


def pack_into(fmt: str, buffer: Any, offset: int, *values: Any) -> None:
    """Pack values into a buffer from an offset on; see `pack`."""
    try:
        struct.pack_into(fmt, buffer, offset, *values)
    except struct.error as error:
        raise _board_error(fmt, values, error) from None


def unpack(fmt: str, data: Any) -> tuple[Any, ...]:
    """Return the values of a buffer; RuntimeError if it has another size than the format."""
    try:
        return struct.unpack(fmt, data)
    except struct.error:
        raise RuntimeError("buffer size must match format") from None


def unpack_from(fmt: str, buffer: Any, offset: int = 0) -> tuple[Any, ...]:
    """Return the values of a buffer from an offset on; RuntimeError if the buffer is too small."""
    try:
        return struct.unpack_from(fmt, buffer, offset)
    except struct.error:
        raise RuntimeError("buffer too small") from None


def _board_error(fmt: str, values: tuple[Any, ...], error: struct.error) -> Exception:
    """Return the error that a board raises for values that cannot be packed."""
    text = str(error)
    if "expected" in text and "items" in text:
        return RuntimeError(f"{len(values)} values do not fit the format {fmt}")
    if "buffer" in text:
        return RuntimeError("Buffer too small")
    if all(isinstance(value, int) for value in values):
        return OverflowError("Value out of range of target")
    return TypeError(text)
