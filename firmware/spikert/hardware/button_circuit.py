"""Read buttons on CircuitPython."""

import board
from digitalio import DigitalInOut, Pull


def pressed(pin, level):
    """Return whether the button between a pin of the module board and this level, 0 or 1, is held."""
    port = DigitalInOut(getattr(board, pin))
    try:
        port.switch_to_input(Pull.DOWN if level else Pull.UP)
        return port.value == bool(level)
    finally:
        port.deinit()
