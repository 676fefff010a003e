"""Replace the part of CircuitPython's `microcontroller` that the firmware uses: pins."""


class Pin:
    """A pin of the virtual board; a program cannot make one."""

    _name: str

    def __init__(self) -> None:
        raise TypeError("cannot create 'Pin' instances")

    def __repr__(self) -> str:
        return f"board.{self._name}"
