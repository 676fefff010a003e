"""Read and write chips over I2C on MicroPython."""

import time

from machine import I2C, Pin, SoftI2C  # type: ignore[import-not-found]

from spikert.hardware.pins_machine import find
from spikert.sensors import refuse_others, whole

SETTINGS = ("id", "sda", "scl", "frequency")
# Numbers of the controllers that chips have.
IDS = (0, 1, 2)
# Clocks of a byte and its acknowledgement.
CLOCKS = 9
# Microseconds of half a clock at 100 kHz.
HALF = 5


class Bus:
    """An I2C bus; see the package's docstring. Transfers allocate no memory."""

    def __init__(self, settings):
        refuse_others(settings, SETTINGS, "i2c")
        options = {"freq": whole(settings, "frequency", 400_000, 1000, 3_400_000)}
        for name in ("sda", "scl"):
            if name in settings:
                options[name] = find(settings[name])
        if "sda" in options and "scl" in options:
            _release(options["sda"], options["scl"])
        self.bus = _get(settings["id"], options) if "id" in settings else _any(options)
        self.read_into = self.bus.readfrom_mem_into
        self.byte = bytearray(1)

    def write(self, address, register, value):
        """Write a byte into a register."""
        self.byte[0] = value
        self.bus.writeto_mem(address, register, self.byte)

    def close(self):
        """Release the pins, if the interpreter can."""
        if hasattr(self.bus, "deinit"):
            self.bus.deinit()


def _release(sda, scl):
    """Free a bus from a chip that holds it because the board was reset during an answer.

    Source: NXP UM10204, I2C-bus specification, "Bus clear".
    """
    sda.init(Pin.IN, Pin.PULL_UP)
    scl.init(Pin.OPEN_DRAIN, value=1)
    for _ in range(CLOCKS):
        if sda.value():
            return
        for level in (0, 1):
            scl.value(level)
            time.sleep_us(HALF)  # type: ignore[attr-defined]


def _get(number, options):
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
