"""Read any chip by a vendor's driver.

The drivers are Adafruit's on CircuitPython, micropython-lib's on MicroPython.

    driver      str, its module and class, such as "adafruit_lis3mdl.LIS3MDL"
    read        list of str, attributes of the driver or methods without arguments, such as
                ["acceleration", "gyro"]. Each returns a number or several
    unit        list of numbers, the value of a reading of 1 for each of these, in the driver's own
                unit: with 0.01, 9.81 m/s2 is 981
    names       list of str, names of the channels; c0, c1, ... by default
    i2c         dict, see spikert.hardware
    address     int, of the chip; the driver's own by default

A list of one item may be the item itself. A driver is made with the bus, and `address=` if it is set.
If `unit` is the chip's own, the readings are the integers of its registers again. Drivers allocate
memory for each reading, and most measure at a rate and in a range of their own.
"""

import sys
from errno import ENODEV

from spikert import compat
from spikert.sensors import Nonsense, channel_names, whole

SETTINGS = ("driver", "read", "unit", "names", "i2c", "address")


class Sensor:
    """A vendor's driver; see the package's docstring. Each reading allocates some memory."""

    def __init__(self, settings):
        path, name, self.wanted = check(settings)
        kind = _class(path, name)
        options = {}
        if "address" in settings:
            options["address"] = whole(settings, "address", 0, 0x08, 0x77)
        self.bus = compat.hardware("i2c").Bus(settings.get("i2c", {}))
        try:
            self.device = _called(kind, self.bus.bus, **options)
            self.channels = len(self._readings())
            self.names = channel_names(settings, self.channels)
        except BaseException:
            self.close()
            raise

    def read(self, buffer):
        """Write the newest measurement into array('h')[channels].

        Raises
        ------
        OSError
            If the driver fails.
        Nonsense
            If the measurement is no number, or no int16.
        """
        readings = self._readings()
        if len(readings) != self.channels:
            raise Nonsense("%d readings, and %d before" % (len(readings), self.channels))
        for i in range(self.channels):
            buffer[i] = readings[i]

    def close(self):
        """Release the bus."""
        self.bus.close()

    def _readings(self):
        row = []
        for name, unit in self.wanted:
            value = _called(getattr, self.device, name)
            if callable(value):
                value = _called(value)
            try:
                numbers = tuple(value)
            except TypeError:
                numbers = (value,)
            for number in numbers:
                row.append(_reading(name, number, unit))
        return row


def _reading(name, number, unit):
    try:
        reading = number / unit
    except TypeError:
        raise Nonsense("%s is %r" % (name, number))
    # This refuses a value that is not a number, too.
    if not -32768.5 < reading < 32767.5:
        raise Nonsense("%s is %r; in units of %r that is no int16" % (name, number, unit))
    return round(reading)


def check(settings):
    """Return the driver's module and class, and (name to read, its unit) of each reading.

    Raises
    ------
    ValueError
        If the settings are wrong on every board.
    """
    spelled = settings.get("driver")
    path, _, name = spelled.rpartition(".") if isinstance(spelled, str) else ("", "", "")
    if not path or not name:
        raise ValueError('driver is %r; it must be a module and its class, "a.B"' % (spelled,))
    return path, name, _wanted(settings)


def _class(path, name):
    """Return the driver's class."""
    try:
        __import__(path)
    except ImportError as error:
        raise ValueError(
            "no driver %s on the board (%s); spikelet flash --install-driver puts it there"
            % (path, error)
        )
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise ValueError("no driver %s: %s: %s" % (path, type(error).__name__, error))
    if not hasattr(sys.modules[path], name):
        raise ValueError("the driver %s has no %s" % (path, name))
    return getattr(sys.modules[path], name)


def _wanted(settings):
    read, units = listed(settings, "read"), listed(settings, "unit")
    if not read or len(read) != len(units):
        raise ValueError("read is %r and unit %r; each read has a unit" % (read, units))
    reads = [(read[i], units[i]) for i in range(len(read))]
    for name, unit in reads:
        if not isinstance(name, str):
            raise ValueError("read is %r; it must be a name" % (name,))
        if type(unit) not in (int, float) or not unit > 0:
            raise ValueError("unit is %r; it must be a number above 0" % (unit,))
    return reads


def listed(settings, key):
    """Return a setting as a list, even if it is a single item."""
    value = settings.get(key, [])
    return value if isinstance(value, (list, tuple)) else [value]


def _called(call, *arguments, **options):
    """Return the result of a part of the driver.

    Raises
    ------
    OSError
        If the driver raises an error of a missing chip.
    ValueError
        If the driver has no such name or argument.
    """
    try:
        return call(*arguments, **options)
    except (OSError, MemoryError):
        raise
    # No such name, or no such argument.
    except (AttributeError, TypeError) as error:
        raise ValueError("the driver cannot be used so: %s" % error)
    # Adafruit's drivers raise RuntimeError or ValueError if no chip answers.
    except Exception as error:
        raise OSError(ENODEV, "%s: %s" % (type(error).__name__, error))
