"""Chips on I2C: a module each, of their registers as the datasheet has them.

    ADDRESSES     the I2C addresses that it can have
    IDENTITY      the register that says what it is, and IDENTITIES what it may say

and a chip that measures motion

    BLOCK         the register from which all is read in one go; it tells with one of the bits READY
                  whether there is a measurement that has not been read
    PLACES        where the measurements stand in what is read from there, in the order of motion.NAMES;
                  three, or six where it measures turning
    BIG_ENDIAN    whether a measurement's upper byte comes first
    setup(settings, g, dps)
                  the (register, value) to write to a chip, in their order, so that it measures `rate`
                  times a second or more, 100 at least; dps is 0 where turning is not wanted
"""

import sys
from errno import ENODEV

from spikert.sensors import Nonsense, whole

FILES = {"mpu6050": "mpu", "mpu6500": "mpu", "mpu6886": "mpu", "bmp280": "bme280"}


def load(name):
    """Return the module of a chip."""
    path = "%s.%s" % (__name__, FILES.get(name, name))
    __import__(path)
    return sys.modules[path]


def find(bus, settings, chip, wanted=None):
    """Return the address at which a chip answers and says that it is what is wanted.

    wanted    those of the chip's IDENTITIES that will do; all if not given
    Raises OSError if nothing answers at the address in the settings or at any that the chip can have,
    Nonsense if only others do.
    """
    addresses, wanted = chip.ADDRESSES, wanted or chip.IDENTITIES
    if "address" in settings:
        addresses = (whole(settings, "address", 0, 0x08, 0x77),)
    identity, others = bytearray(1), []
    for address in addresses:
        try:
            bus.read_into(address, chip.IDENTITY, identity)
        except OSError:
            continue
        if identity[0] in wanted:
            return address
        others.append("0x%02x says 0x%02x" % (address, identity[0]))
    name = settings["sensor"]
    if others:
        known = ", ".join(["0x%02x" % known for known in wanted])
        said = "; ".join(others)
        raise Nonsense("no %s, which says %s: what answers at %s" % (name, known, said))
    tried = ", ".join(["0x%02x" % address for address in addresses])
    raise OSError(ENODEV, "no %s answers at %s" % (name, tried))


def bits(rate, choices):
    """Return the bits of the slowest of the rates that a chip has which is not below `rate`.

    choices    (samples a second, bits), the slowest first
    """
    for most, value in choices:
        if rate <= most:
            return value
    raise ValueError("rate is %r; it must be at most %d" % (rate, choices[-1][0]))
