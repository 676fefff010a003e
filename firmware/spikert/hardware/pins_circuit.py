"""Find pins on CircuitPython."""

import board
import microcontroller


def find(name):
    """Return the pin with this name in the module board."""
    pin = getattr(board, name, None) if isinstance(name, str) else None
    if not isinstance(pin, microcontroller.Pin):
        raise ValueError("this board has no pin %r; dir(board) lists what it has" % (name,))
    return pin
