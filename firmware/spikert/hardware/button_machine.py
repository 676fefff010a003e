"""Read buttons on MicroPython."""


def pressed(pin, level):
    """Return whether the button between a pin and this level, 0 or 1, is held.

    Parameters
    ----------
    pin : an argument of machine.Pin, or "BOOTSEL", the button of boards with an RP2040
    level : int, 0 or 1
    """
    if pin == "BOOTSEL":
        import rp2  # type: ignore[import-not-found]

        return rp2.bootsel_button() == level
    from machine import Pin  # type: ignore[import-not-found]

    return Pin(pin, Pin.IN, Pin.PULL_DOWN if level else Pin.PULL_UP).value() == level
