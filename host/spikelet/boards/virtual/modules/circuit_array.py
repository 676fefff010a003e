"""Replace CircuitPython's `array`, which has fewer methods than CPython's.

A slice of an array is one of CPython's arrays.
"""

import array as cpython
from typing import NoReturn

METHODS = frozenset(("append", "extend"))


class Missing:
    """An attribute that CPython's class has and a board's lacks."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise AttributeError(f"'{owner.__name__}' object has no attribute '{self._name}'")


_lacking = {
    name: Missing()
    for name in dir(cpython.array)
    if not name.startswith("_") and name not in METHODS
}
array = type("array", (cpython.array,), _lacking)
