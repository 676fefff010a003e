"""Replace CircuitPython's `nvm`."""

from __future__ import annotations

from typing import Any

from kept import NVM_SIZE, Kept


class ByteArray:
    """The chip's non-volatile memory: 4,096 bytes in the board's folder."""

    def __init__(self) -> None:
        raise TypeError("cannot create 'ByteArray' instances")

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return NVM_SIZE

    def __getitem__(self, index: int | slice) -> int | bytearray:
        _check(index)
        return Kept.nvm[index]

    def __setitem__(self, index: int | slice, value: Any) -> None:
        _check(index)
        if isinstance(index, slice):
            value = bytes(memoryview(value))
            if len(value) != len(range(*index.indices(NVM_SIZE))):
                raise ValueError("Slice and value different lengths.")
        elif not 0 <= value <= 255:
            raise ValueError("bytes must be 0-255")
        Kept.nvm[index] = value
        Kept.store()


def _check(index: int | slice) -> None:
    if isinstance(index, slice) and index.step not in {None, 1}:
        raise NotImplementedError("only slices with step=1 (aka None) are supported")


memory = object.__new__(ByteArray)
