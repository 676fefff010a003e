"""Parse the sensor settings of the command line and write them for the board.

mpu6050                         a sensor of spikert.sensors with its default wiring
mpu6050:sda=GP4,scl=GP5,g=2     with settings of the sensor and its I2C bus
adc:GP26,GP27                   with pins
driver:adafruit_lis3mdl.LIS3MDL,read=magnetic,unit=0.01
                                an attribute of a vendor's driver on the board
wired.json                      a file of settings

Separate several values of read=, unit= or names= by +.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
from typing import Any

from spikelet import checked_json, files
from spikelet.errors import UsageError
from spikert import sensors

LISTS = ("read", "unit", "names")
"""Settings that take a list of values."""

PINS = ("pins", "button")
"""Settings that take a list of pins."""

BUS = ("sda", "scl", "frequency", "id", "bus")
"""Settings of the sensor's I2C bus."""


def parse_settings(text: str, rate: float | None) -> dict[str, Any]:
    """Return the settings of a sensor.

    Parameters
    ----------
    text : str
        A spelling of the list above.
    rate : float or None
        Samples per second; None for the rate in the settings, or the default of the sensor.

    Returns
    -------
    dict
        The settings with the keys "sensor" and "rate".

    Raises
    ------
    SpikeletError
        If a setting is unknown, missing or out of range; the message names it.
    """
    settings = _file(text) if text.endswith(".json") else _spelled(text)
    family = _family(settings.get("sensor"))
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
