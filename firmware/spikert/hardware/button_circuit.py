"""Read buttons on CircuitPython."""

from digitalio import DigitalInOut, Pull

from spikert.hardware import pins_circuit


def pressed(pin, level):
    """Return whether the button between a pin of the module board and this level, 0 or 1, is held.

    Raises
    ------
    ValueError
        If the board has no such pin, or the pin is in use.
    """
    port = DigitalInOut(pins_circuit.find(pin))
    try:
        port.switch_to_input(Pull.DOWN if level else Pull.UP)
        return port.value == bool(level)
    finally:
        port.deinit()
