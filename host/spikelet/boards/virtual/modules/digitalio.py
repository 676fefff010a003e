"""CircuitPython's module `digitalio`, as far as others name it: which way a resistor pulls."""


class Pull:
    """A direction."""

    UP: "Pull"
    DOWN: "Pull"


Pull.UP, Pull.DOWN = Pull(), Pull()
