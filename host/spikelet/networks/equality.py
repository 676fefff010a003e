"""Equality of networks: the same types, numbers and arrays, field by field."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def equal(one: Any, other: Any) -> bool:
    """Return whether two values are equal; arrays also in dtype and shape.

    Parameters
    ----------
    one, other
        Numbers, strings, arrays, and tuples, lists and dataclasses of them.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(equal, one, other))
    if is_dataclass(one):
        return all(equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    return bool(one == other)
