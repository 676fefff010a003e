"""Chips on I2C: a module for the registers of each, after its datasheet.

    ADDRESSES     the possible I2C addresses
    IDENTITY      the register of the identity, and IDENTITIES its possible values

and for a chip that measures motion

    BLOCK         the first register of a reading, which is read in one go; the bits READY of its
                  first byte show whether a new measurement is ready
    PLACES        offsets of the measurements in the reading, in the order of motion.NAMES; three, or
                  six with rotation
    BIG_ENDIAN    whether a measurement's upper byte comes first
    setup(settings, g, dps)
                  the (register, value) to write to a chip, in their order, so that it measures `rate`
                  times a second or more, 100 at least; dps is 0 without rotation
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


def find(bus, settings, chip, ids=None):
    """Return the address at which the chip answers with its identity.

    Parameters
    ----------
    bus : Bus of spikert.hardware
    settings : dict, of the sensor
    chip : module of a chip
    ids : tuple of int, optional
        The accepted part of the chip's IDENTITIES; all by default.

    Raises
    ------
    OSError
        If no chip answers at the address in the settings, or at any of the chip's addresses.
    Nonsense
        If only other chips answer.
    """
    addresses, ids = chip.ADDRESSES, ids or chip.IDENTITIES
    if "address" in settings:
        addresses = (whole(settings, "address", 0, 0x08, 0x77),)
    identity, others = bytearray(1), []
    for address in addresses:
        try:
            bus.read_into(address, chip.IDENTITY, identity)
        except OSError:
            continue
        if identity[0] in ids:
            return address
        others.append("0x%02x says 0x%02x" % (address, identity[0]))
    name = settings["sensor"]
    if others:
        known = ", ".join(["0x%02x" % known for known in ids])
        text = "; ".join(others)
        raise Nonsense("no %s, which says %s: the chip at %s" % (name, known, text))
    tried = ", ".join(["0x%02x" % address for address in addresses])
    raise OSError(ENODEV, "no %s answers at %s" % (name, tried))


def bits(rate, choices):
    """Return the bits of the chip's slowest rate that is not below `rate`.

    Parameters
    ----------
    rate : number, samples a second
    choices : tuple of (samples a second, bits), the slowest first
    """
    for most, value in choices:
        if rate <= most:
            return value
    raise ValueError("rate is %r; it must be at most %d" % (rate, choices[-1][0]))
