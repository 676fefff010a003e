"""Compare networks field by field: types, numbers and arrays."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def equal(value: Any, other: Any) -> bool:
    """Return whether two values are equal; arrays also in dtype and shape.

    Parameters
    ----------
    value, other
        Numbers, strings, arrays, and tuples, lists and dataclasses of them.
    """
    if type(value) is not type(other):
        return False
    if isinstance(value, np.ndarray):
        return value.dtype == other.dtype and np.array_equal(value, other)
    if isinstance(value, tuple | list):
        return len(value) == len(other) and all(map(equal, value, other))
    if is_dataclass(value):
        return all(equal(getattr(value, f.name), getattr(other, f.name)) for f in fields(value))
    return bool(value == other)
