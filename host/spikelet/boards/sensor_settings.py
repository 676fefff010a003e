"""Parse the sensor settings of the command line and write them for the board.

mpu6050                         a sensor of spikert.sensors with its default wiring
mpu6050:sda=GP4,scl=GP5,g=2     with settings of the sensor and its I2C bus
adc:GP26,GP27                   with pins
driver:adafruit_lis3mdl.LIS3MDL,read=magnetic,unit=0.01
                                an attribute of a vendor's driver on the board
wired.json                      a file of settings

Separate several values of read=, unit=, names= or motion= by +.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
from dataclasses import replace
from typing import Any

from spikelet import checked_json, files
from spikelet.boards import sensor_units
from spikelet.errors import UsageError
from spikelet.inputs.recorded_sensor import SensorSettings
from spikert import sensors
from spikert.sensors import motion

LISTS = ("read", "unit", "names", "motion")
"""Settings that take a list of values."""

PINS = ("pins", "button")
"""Settings that take a list of pins."""

BUS = ("sda", "scl", "frequency", "id", "bus")
"""Settings of the sensor's I2C bus."""

DECISIVE = ("g", "dps", "samples", "shift", "driver", "read", "unit")
"""Settings that change the readings. The default of each is a constant of the sensor's family."""

NOT_RECORDED = ("sensor", "rate", "names", "motion", "take")
"""Settings that have a field of their own, or that differ from recording to recording."""


def parse_settings(
    text: str, rate: float | None, before: SensorSettings | None = None
) -> dict[str, Any]:
    """Return the settings of a sensor.

    Parameters
    ----------
    text : str
        A spelling of the list above.
    rate : float or None
        Samples per second; None for the rate in the settings, or the default of the sensor.
    before : SensorSettings, optional
        The sensor of earlier recordings. It gives the rate and, if it has the same name, every option
        that the text leaves out.

    Returns
    -------
    dict
        The settings with the keys "sensor" and "rate".

    Raises
    ------
    SpikeletError
        If a setting is unknown, missing or out of range; the message names it.
    """
    from_file = text.endswith(".json")
    settings = _file(text) if from_file else _spelled(text)
    family = _family(settings.get("sensor"))
    if before is not None:
        if before.sensor == settings["sensor"] and not from_file:
            settings = _joined(as_settings(before), settings)
        settings.setdefault("rate", before.rate)
    known = {"sensor", "rate", "button", *family.SETTINGS}
    if unknown := set(settings) - known:
        raise UsageError(
            f"{settings['sensor']} knows no setting {sorted(unknown)[0]!r}; "
            f"it has {', '.join(sorted(known))}"
        )
    if rate is not None:
        settings["rate"] = rate
    if "pins" in family.SETTINGS and not settings.get("pins"):
        name = settings["sensor"]
        raise UsageError(f"{name} needs pins; name them as the board does: {name}:GP26,GP27")
    try:
        if family is motion:
            _check_ranges(settings)
        if hasattr(family, "check"):
            family.check(settings)
        settings["rate"] = sensors.rate(settings, sensors.FASTEST)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return settings


def settings_to_bytes(settings: dict[str, Any]) -> bytes:
    """Return the content of the settings file that the board reads."""
    return json.dumps(settings, sort_keys=True).encode()


def channel_names(settings: dict[str, Any], channels: int) -> tuple[str, ...]:
    """Return the names of the first `channels` channels of a sensor."""
    usual = getattr(_family(settings["sensor"]), "NAMES", ())
    names = [str(name) for name in settings.get("pins") or settings.get("names") or usual]
    if len(names) < channels:
        names = [f"c{number}" for number in range(channels)]
    return tuple(names[:channels])


def describe(settings: dict[str, Any], channels: int) -> SensorSettings:
    """Return the description of a sensor that its recordings and networks carry."""
    family = _family(settings["sensor"])
    options: dict[str, str | int | float] = {}
    for key in DECISIVE:
        usual = getattr(family, key.upper(), None)
        if key not in family.SETTINGS or (key == "dps" and channels <= 3):
            continue
        value = settings.get(key, usual)
        if isinstance(value, list | tuple):
            value = "+".join(map(str, value))
        if value is not None:
            options[key] = value
    others = {*DECISIVE, *NOT_RECORDED}
    return SensorSettings(
        sensor=settings["sensor"],
        rate=float(settings["rate"]),
        channels=channel_names(settings, channels),
        settings=options,
        units=sensor_units.units(settings, channels),
        wiring={key: settings[key] for key in sorted(settings) if key not in others},
    )


def as_settings(sensor: SensorSettings) -> dict[str, Any]:
    """Return the settings that describe a recorded sensor again."""
    options: dict[str, Any] = dict(sensor.settings)
    for key in LISTS:
        if isinstance(options.get(key), str):
            options[key] = [_number(part) for part in options[key].split("+")]
    settings = {"sensor": sensor.sensor, "rate": sensor.rate, **options, **sensor.wiring}
    if "pins" in _family(sensor.sensor).SETTINGS:
        settings.setdefault("pins", list(sensor.channels))
    if sensor.sensor in ("driver", "replay"):
        settings["names"] = list(sensor.channels)
    return settings


def completed(sensor: SensorSettings) -> SensorSettings:
    """Return a recorded sensor with the defaults and units that earlier versions did not write."""
    if not is_known(sensor.sensor):
        return sensor
    whole = describe(as_settings(sensor), len(sensor.channels))
    return replace(sensor, settings=whole.settings, units=whole.units)


def is_known(name: str) -> bool:
    """Return whether a board can read a sensor of this name."""
    return name in dict(sensors.KNOWN)


def channels(settings: dict[str, Any]) -> int | None:
    """Return the number of channels of a sensor; None if only the board can count them."""
    if listed := settings.get("pins") or settings.get("names"):
        return len(listed)
    if settings["sensor"] == "replay":
        count = settings.get("channels")
        return count if isinstance(count, int) else None
    family = dict(sensors.KNOWN)[settings["sensor"]]
    if family == "motion":
        return int(settings.get("channels", 3))
    return sensor_units.CHANNELS.get(settings["sensor"])


def _check_ranges(settings: dict[str, Any]) -> None:
    """Raise ValueError unless the settings of motion are possible."""
    for key, usual, choices in (
        ("g", motion.G, (2, 4, 8, 16)),
        ("dps", motion.DPS, (250, 500, 1000, 2000)),
        ("channels", 3, (3, 6)),
    ):
        if key in settings:
            settings[key] = sensors.one_of(settings, key, usual, choices)


def _joined(before: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Return earlier settings, replaced by newer ones; those of the bus one by one."""
    joined = before | settings
    if isinstance(before.get("i2c"), dict) and isinstance(settings.get("i2c"), dict):
        joined["i2c"] = before["i2c"] | settings["i2c"]
    return joined


def _file(path: str) -> dict[str, Any]:
    try:
        settings = checked_json.read_object(files.read(path))
        checked_json.text(settings, "sensor")
        _check_types(settings)
    except ValueError as error:
        raise UsageError(
            f"{path} holds no settings of a sensor: {error}; they are an object with the key sensor"
        ) from None
    return settings


def _check_types(settings: dict[str, Any]) -> None:
    """Raise ValueError for a setting that no sensor has: only some are lists, and one is an object."""
    for name, value in settings.items():
        if name == "i2c":
            checked_json.mapping(settings, name)
            _check_types(value)
            continue
        values = value if name in (*LISTS, *PINS) and isinstance(value, list) else [value]
        if not all(isinstance(each, str | int | float) for each in values):
            raise ValueError(f"its {name} is {checked_json.quoted(value)}; no sensor takes that")


def _spelled(text: str) -> dict[str, Any]:
    name, _, rest = text.partition(":")
    settings: dict[str, Any] = {"sensor": name}
    pins: list[str | float] = []
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals and name == "driver":
            settings["driver"] = part
        elif not equals:
            pins.append(_number(part))
        elif key in LISTS:
            settings[key] = [_number(part) for part in value.split("+")]
        elif key in BUS:
            settings.setdefault("i2c", {})[key] = _number(value)
        else:
            settings[key] = _number(value)
    if pins:
        settings["pins"] = pins
    return settings


def _number(text: str) -> str | float:
    """Return the value of a setting: 4, 0x68 and 0.01 are numbers, GP4 is text."""
    with contextlib.suppress(ValueError):
        return int(text, 0)
    with contextlib.suppress(ValueError):
        if math.isfinite(number := float(text)):
            return number
    return text


def _family(name: Any) -> Any:
    """Return the module that reads a sensor."""
    families = dict(sensors.KNOWN)
    if name not in families:
        raise UsageError(f"no sensor is called {name!r}; known are {', '.join(families)}")
    return importlib.import_module(f"spikert.sensors.{families[name]}")
