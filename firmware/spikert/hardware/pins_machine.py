"""Find pins on MicroPython."""

from machine import Pin  # type: ignore[import-not-found]


def find(name):
    """Return the pin with this name or number."""
    try:
        return Pin(name)
    except (ValueError, TypeError) as error:
        raise ValueError("this board has no pin %r: %s" % (name, error))
