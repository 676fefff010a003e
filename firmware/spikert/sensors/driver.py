"""Whatever a vendor's driver measures: Adafruit's on CircuitPython, micropython-lib's on MicroPython.

    driver      str, its module and class, such as "adafruit_lis3mdl.LIS3MDL"
    read        list of str, what to read of it, attributes or methods without arguments, such as
                ["acceleration", "gyro"]. Each gives a number or several
    unit        list of numbers, what a reading of 1 is of each of these, in the driver's own unit: with
                0.01, 9.81 m/s2 is 981
    names       list of str, what the channels are called; c0, c1, ... if not given
    i2c         dict, see spikert.hardware
    address     int, of the chip; the driver's own if not given

Lists of one may be what is in them. A driver is made with the bus, and `address=` where there is one.
Where `unit` is the chip's own, the readings are the integers of its registers again. Drivers take memory
for each reading, and most measure at a rate and in a range of their own.
"""

import sys
from errno import ENODEV

from spikert import compat
from spikert.sensors import Nonsense, channel_names, whole

SETTINGS = ("driver", "read", "unit", "names", "i2c", "address")


class Sensor:
    """A vendor's driver; see the package's docstring. Each reading takes some memory."""

    def __init__(self, settings):
        path, name, self.wanted = check(settings)
        made = _found(path, name)
        options = {}
        if "address" in settings:
            options["address"] = whole(settings, "address", 0, 0x08, 0x77)
        self.bus = compat.hardware("i2c").Bus(settings.get("i2c", {}))
        try:
            self.device = _called(made, self.bus.bus, **options)
            self.channels = len(self._readings())
            self.names = channel_names(settings, self.channels)
        except BaseException:
            self.close()
            raise

    def read(self, buffer):
        """Put the newest measurement into array('h')[channels].

        Raises OSError where the driver fails, Nonsense for a measurement that is none or no int16.
        """
        readings = self._readings()
        if len(readings) != self.channels:
            raise Nonsense("%d readings, and %d before" % (len(readings), self.channels))
        for i in range(self.channels):
            buffer[i] = readings[i]

    def close(self):
        """Give the bus back."""
        self.bus.close()

    def _readings(self):
        found = []
        for name, unit in self.wanted:
            value = _called(getattr, self.device, name)
            if callable(value):
                value = _called(value)
            try:
                numbers = tuple(value)
            except TypeError:
                numbers = (value,)
            for number in numbers:
                found.append(_reading(name, number, unit))
        return found


def _reading(name, number, unit):
    try:
        reading = number / unit
    except TypeError:
        raise Nonsense("%s is %r" % (name, number))
    if not -32768.5 < reading < 32767.5:  # nor a number at all
        raise Nonsense("%s is %r, of which a unit of %r makes no int16" % (name, number, unit))
    return round(reading)


def check(settings):
    """Return the driver's module and class, and (what to read, its unit) of each.

    Raises ValueError for settings that make no sense, whatever the board has.
    """
    spelled = settings.get("driver")
    path, _, name = spelled.rpartition(".") if isinstance(spelled, str) else ("", "", "")
    if not path or not name:
        raise ValueError('driver is %r; it must be a module and its class, "a.B"' % (spelled,))
    return path, name, _wanted(settings)


def _found(path, name):
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
    wanted = [(read[i], units[i]) for i in range(len(read))]
    for name, unit in wanted:
        if not isinstance(name, str):
            raise ValueError("read is %r; it must be a name" % (name,))
        if type(unit) not in (int, float) or not unit > 0:
            raise ValueError("unit is %r; it must be a number above 0" % (unit,))
    return wanted


def listed(settings, key):
    """Return a setting of which there can be several, in a list also where it is one."""
    value = settings.get(key, [])
    return value if isinstance(value, (list, tuple)) else [value]


def _called(what, *arguments, **options):
    """Return what a part of the driver returns.

    Raises OSError for what drivers raise where a chip is missing, ValueError for a wrong use of them.
    """
    try:
        return what(*arguments, **options)
    except (OSError, MemoryError):
        raise
    except (AttributeError, TypeError) as error:  # no such name; no such argument
        raise ValueError("the driver cannot be used so: %s" % error)
    except Exception as error:  # Adafruit's where nothing answers: RuntimeError, ValueError
        raise OSError(ENODEV, "%s: %s" % (type(error).__name__, error))
