"""Sensors: the readings of a network that lives, one file per family, imported when one is opened.

A family's module has SETTINGS, the names of the settings that it knows, and Sensor(settings), which has

    channels        int, how many readings there are at a time
    names           str[channels], what each is called
    read(buffer)    put the readings as they are now into array('h')[channels]; where the module does not
                    say otherwise, without taking memory
    close()         give pins and buses back

Sensor() and read raise OSError where the sensor does not answer, and Nonsense where it answers what it
cannot mean: the sensor may come back, so close it and open it again later. Sensor() raises ValueError
for settings that make no sense, which no waiting mends.
"""

import sys

KNOWN = (  # sensors, and the module that reads them
    ("adc", "adc"),
    ("mpu6050", "motion"),
    ("mpu6500", "motion"),
    ("mpu6886", "motion"),
    ("lsm6ds", "motion"),
    ("lsm9ds1", "motion"),
    ("adxl345", "motion"),
    ("lis3dh", "motion"),
    ("bme280", "environment"),
    ("bmp280", "environment"),
    ("pdm", "sound"),
    ("i2s", "sound"),
    ("touch", "touch"),
    ("replay", "replay"),
    ("driver", "driver"),
)
FASTEST = 10_000  # samples a second that any sensor may be read


class Nonsense(OSError):
    """A sensor answers what it cannot mean."""


def open(settings):
    """Return the sensor that a dict of settings asks for.

    settings    "sensor", a name of KNOWN; "rate", samples a second that will be read, 100 if not
                given; and what its module's docstring lists
    Raises OSError, Nonsense and ValueError as said above.
    """
    if not isinstance(settings, dict):
        raise ValueError("the sensor's settings are %r; they must be a dict" % (settings,))
    name = settings.get("sensor")
    families = [family for known, family in KNOWN if known == name]
    if not families:
        names = ", ".join([known for known, _ in KNOWN])
        raise ValueError("no sensor is called %r; known are %s" % (name, names))
    path = "%s.%s" % (__name__, families[0])
    __import__(path)
    module = sys.modules[path]
    refuse_others(settings, ("sensor", "rate") + module.SETTINGS, name)
    rate(settings, FASTEST)
    return module.Sensor(settings)


def refuse_others(settings, known, name):
    """Raise ValueError if there is a setting whose name is not among those known.

    name    str, whose settings they are
    """
    if not isinstance(settings, dict):
        raise ValueError("the settings of %s are %r; they must be a dict" % (name, settings))
    for key in settings:
        if key not in known:
            raise ValueError("%s knows no setting %r; it has %s" % (name, key, ", ".join(known)))


def whole(settings, key, default, least, most):
    """Return a setting that is an integer least..most; raise ValueError if it is another."""
    value = settings.get(key, default)
    if type(value) is not int or not least <= value <= most:
        raise ValueError("%s is %r; it must be an integer %d..%d" % (key, value, least, most))
    return value


def one_of(settings, key, default, choices):
    """Return a setting that is one of the choices; raise ValueError if it is none."""
    value = settings.get(key, default)
    if value not in choices:
        known = ", ".join(map(str, choices))
        raise ValueError("%s is %r; it must be one of %s" % (key, value, known))
    return choices[choices.index(value)]  # an integer, where 4.0 was given


def channel_names(settings, channels):
    """Return what the setting "names" calls so many channels, c0, c1, ... if it is not given."""
    names = settings.get("names", ["c%d" % c for c in range(channels)])
    if not isinstance(names, (list, tuple)) or len(names) != channels:
        raise ValueError("names is %r; %d channels have as many" % (names, channels))
    return tuple(map(str, names))


def rate(settings, most):
    """Return how many samples a second will be read, 100 if not given; raise ValueError above `most`."""
    value = settings.get("rate", 100)
    if type(value) not in (int, float) or not 0 < value <= most:
        raise ValueError("rate is %r; it must be a number above 0, at most %d" % (value, most))
    return value
