"""Read and write chips over I2C on CircuitPython."""

from errno import ENODEV

import board
import busio

from spikert.compat import const
from spikert.hardware.pins_circuit import find
from spikert.sensors import refuse_others, whole

# The boards' module errno lacks it.
EBUSY = const(16)
SETTINGS = ("bus", "sda", "scl", "frequency")


class Bus:
    """An I2C bus; see the package's docstring. It is locked for each transfer only."""

    def __init__(self, settings):
        refuse_others(settings, SETTINGS, "i2c")
        frequency = whole(settings, "frequency", 400_000, 1000, 3_400_000)
        try:
            self.bus = _opened(settings, frequency)
        # No resistor pulls the lines up, so no chip is wired to them.
        except RuntimeError as error:
            raise OSError(ENODEV, str(error))
        self.register, self.pair = bytearray(1), bytearray(2)

    def read_into(self, address, register, buffer):
        """Fill a buffer, starting at a register."""
        self._lock()
        try:
            self.register[0] = register
            self.bus.writeto_then_readfrom(address, self.register, buffer)
        finally:
            self.bus.unlock()

    def write(self, address, register, value):
        """Write a byte into a register."""
        self._lock()
        try:
            self.pair[0], self.pair[1] = register, value
            self.bus.writeto(address, self.pair)
        finally:
            self.bus.unlock()

    def close(self):
        """Release the pins."""
        self.bus.deinit()

    def _lock(self):
        if not self.bus.try_lock():
            raise OSError(EBUSY, "the I2C bus is in use")


def _opened(settings, frequency):
    if "sda" in settings or "scl" in settings:
        scl, sda = find(settings.get("scl")), find(settings.get("sda"))
        try:
            return busio.I2C(scl, sda, frequency=frequency)
        # The pins are in use, or belong to no controller.
        except ValueError as error:
            raise ValueError("no I2C on these pins: %s" % error)
    names = (settings["bus"],) if "bus" in settings else ("I2C", "STEMMA_I2C")
    for name in names:
        if isinstance(name, str) and hasattr(board, name):
            return getattr(board, name)()
    raise ValueError("this board has no bus %s; name the pins sda and scl" % " or ".join(names))
