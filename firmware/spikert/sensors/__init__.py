"""Open a sensor by its name and settings.

Each family of sensors has a module, which is imported when one of its sensors is opened.
A family's module has SETTINGS, the names of its settings, and Sensor(settings), with

    channels        int, readings of a sample
    names           str[channels], names of the channels
    read(buffer)    write the present readings into array('h')[channels]; allocates no memory unless
                    the module's docstring says so
    close()         release pins and buses
    waits           optional, True if a sample that the board leaves out is not lost

Sensor() and read raise OSError if the sensor does not answer, and Nonsense if its answer is impossible.
The sensor may come back, so close it and open it again later. Sensor() raises ValueError for wrong
settings, which no waiting corrects.
"""

import sys

# Sensors and their modules.
KNOWN = (
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
    ("demo", "demo"),
)
# The highest rate of any sensor, in samples a second.
FASTEST = 10_000


class Nonsense(OSError):
    """The answer of a sensor is impossible."""


def open(settings):
    """Return the sensor of a dict of settings.

    Parameters
    ----------
    settings : dict
        "sensor", a name of KNOWN; "rate", samples a second, 100 by default; and the settings in the
        docstring of its module.

    Raises
    ------
    OSError, Nonsense, ValueError
        As the module's docstring lists them.
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
    """Refuse settings whose names are not known.

    Parameters
    ----------
    settings : dict
    known : tuple of str
    name : str, the owner of the settings

    Raises
    ------
    ValueError
        If there is such a setting.
    """
    if not isinstance(settings, dict):
        raise ValueError("the settings of %s are %r; they must be a dict" % (name, settings))
    for key in settings:
        if key not in known:
            raise ValueError("%s knows no setting %r; it has %s" % (name, key, ", ".join(known)))


def whole(settings, key, default, least, most):
    """Return a setting that is an integer least..most; raise ValueError for other values."""
    value = settings.get(key, default)
    if type(value) is not int or not least <= value <= most:
        raise ValueError("%s is %r; it must be an integer %d..%d" % (key, value, least, most))
    return value


def one_of(settings, key, default, choices):
    """Return a setting that is one of the choices; raise ValueError for other values."""
    value = settings.get(key, default)
    if value not in choices:
        known = ", ".join(map(str, choices))
        raise ValueError("%s is %r; it must be one of %s" % (key, value, known))
    # Returns an integer if the setting is 4.0.
    return choices[choices.index(value)]


def channel_names(settings, channels):
    """Return the setting "names" for this number of channels, c0, c1, ... by default."""
    names = settings.get("names", ["c%d" % c for c in range(channels)])
    if not isinstance(names, (list, tuple)) or len(names) != channels:
        raise ValueError("names is %r; %d channels have as many" % (names, channels))
    return tuple(map(str, names))


def rate(settings, most):
    """Return the setting "rate" in samples a second, 100 by default; raise ValueError above `most`."""
    value = settings.get("rate", 100)
    if type(value) not in (int, float) or not 0 < value <= most:
        raise ValueError("rate is %r; it must be a number above 0, at most %d" % (value, most))
    return value
