"""Manage the pins of the virtual board; as on a board, only one object can use a pin."""

from typing import Any

from microcontroller import Pin

GONE = "Object has been deinitialized and can no longer be used. Create a new object."
_taken: set[str] = set()


def make(name: str) -> Any:
    """Return a new pin; for the module `board` alone."""
    pin: Any = object.__new__(Pin)
    pin._name = name
    return pin


def name(pin: Any) -> str:
    """Return the name of a pin; raise TypeError for another object."""
    if not isinstance(pin, Pin):
        raise TypeError(f"pin must be of type Pin, not {type(pin).__name__}")
    return vars(pin)["_name"]


def take(*pins: Any) -> None:
    """Reserve pins; raise ValueError if one is in use."""
    names = [name(pin) for pin in pins]
    for pin_name in names:
        if pin_name in _taken or names.count(pin_name) > 1:
            raise ValueError(f"{pin_name} in use")
    _taken.update(names)


def give_back(*pins: Any) -> None:
    """Release pins."""
    _taken.difference_update(name(pin) for pin in pins)
