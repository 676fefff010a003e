"""Replace CircuitPython's `digitalio` for signatures that name the direction of a resistor."""


class Pull:
    """Direction of a pull resistor."""

    UP: "Pull"
    DOWN: "Pull"


Pull.UP, Pull.DOWN = Pull(), Pull()
