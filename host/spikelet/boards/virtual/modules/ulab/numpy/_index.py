"""Read and write parts of an array: numbers, views and masks."""

from typing import Any

from ._types import NAMES, Raw, check_fits, stored

_SCALAR_OR_SLICE = (int, slice)


def check_index(index: object) -> None:
    """Refuse every index but an int, a slice, or a tuple of ints and slices.

    With a list as index, ulab reads None and ignores a store.
    """
    if type(index) in _SCALAR_OR_SLICE:
        return
    if type(index) is not tuple or not index or any(type(i) not in _SCALAR_OR_SLICE for i in index):
        raise IndexError("indices must be integers, slices, or Boolean arrays")


def masked(data: Raw, mask: Raw) -> Raw:
    """Return a copy of the elements under `mask`; booleans become uint8."""
    _check_mask(data, mask)
    elements = data[mask]
    return elements.view("B") if data.dtype.char == "?" else elements


def store(data: Raw, index: Any, values: Raw) -> None:
    """Store `values` at a checked index."""
    target = data[(*index, ...)] if type(index) is tuple else data[index, ...]
    if not target.size and values.size:
        raise NotImplementedError("ulab writes beside an empty slice")
    target[...] = stored(values, data.dtype)


def store_masked(data: Raw, mask: Raw, values: Raw) -> None:
    """Store `values`, one for each element under `mask` or one for all.

    Here ulab wraps integers and drops fractions without a check, so this function refuses both.
    """
    _check_mask(data, mask)
    if values.ndim > 1:
        raise NotImplementedError("a mask takes values of one dimension")
    if values.dtype != data.dtype:
        if values.dtype.char == "f" or data.dtype.char == "?":
            pair = f"{NAMES[values.dtype.char]} in {NAMES[data.dtype.char]}"
            raise NotImplementedError(f"ulab does not round where a mask stores {pair}")
        check_fits(values, data.dtype)
    data[mask] = values


def _check_mask(data: Raw, mask: Raw) -> None:
    if mask.dtype.char != "?" or mask.ndim > 1 or data.ndim > 1:
        raise NotImplementedError("operation is implemented for 1D Boolean arrays only")
    if data.shape != mask.shape:
        raise ValueError("array and index length must be equal")
