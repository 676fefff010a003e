"""I2C, of MicroPython."""

from machine import I2C, SoftI2C  # type: ignore[import-not-found]

from spikert.hardware.pins_machine import find
from spikert.sensors import refuse_others, whole

SETTINGS = ("id", "sda", "scl", "frequency")
IDS = (0, 1, 2)  # of the controllers that chips have


class Bus:
    """An I2C bus; see the package's docstring. Transfers take no memory."""

    def __init__(self, settings):
        refuse_others(settings, SETTINGS, "i2c")
        options = {"freq": whole(settings, "frequency", 400_000, 1000, 3_400_000)}
        for name in ("sda", "scl"):
            if name in settings:
                options[name] = find(settings[name])
        self.bus = _found(settings["id"], options) if "id" in settings else _any(options)
        self.read_into = self.bus.readfrom_mem_into
        self.byte = bytearray(1)

    def write(self, address, register, value):
        """Put a byte into a register."""
        self.byte[0] = value
        self.bus.writeto_mem(address, register, self.byte)

    def close(self):
        """Give the pins back, where the interpreter can."""
        if hasattr(self.bus, "deinit"):
            self.bus.deinit()


def _found(number, options):
    try:
        return I2C(number, **options)
    except (ValueError, TypeError) as error:
        raise ValueError("this board has no I2C %r on such pins: %s" % (number, error))


def _any(options):
    """Return a bus on these pins, of a controller that has them or in software."""
    problem = None
    for number in IDS:
        try:
            return I2C(number, **options)
        except (ValueError, TypeError) as error:
            problem = error
    if len(options) == 3:
        return SoftI2C(**options)
    raise ValueError("this board has no I2C on its own; name id, sda and scl: %s" % problem)
