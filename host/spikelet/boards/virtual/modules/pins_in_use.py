"""The pins of the virtual board, and which are taken; one serves one at a time, as on a board."""

from typing import Any

from microcontroller import Pin

GONE = "Object has been deinitialized and can no longer be used. Create a new object."
_taken: set[str] = set()


def make(name: str) -> Any:
    """Return a pin; only the board has any."""
    pin: Any = object.__new__(Pin)
    pin._name = name
    return pin


def name(pin: Any) -> str:
    """Return what a pin is called. Raises TypeError for what is no pin."""
    if not isinstance(pin, Pin):
        raise TypeError(f"pin must be of type Pin, not {type(pin).__name__}")
    return vars(pin)["_name"]


def take(*pins: Any) -> None:
    """Take pins. Raises ValueError if one is in use."""
    names = [name(pin) for pin in pins]
    for taken in names:
        if taken in _taken or names.count(taken) > 1:
            raise ValueError(f"{taken} in use")
    _taken.update(names)


def give_back(*pins: Any) -> None:
    """Give pins back."""
    _taken.difference_update(name(pin) for pin in pins)
