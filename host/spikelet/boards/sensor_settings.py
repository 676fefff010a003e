"""Which sensor a board has, as the command line says it and the board is told it.

mpu6050                           a sensor of spikert.sensors, as it is wired by default
mpu6050:sda=GP4,scl=GP5,g=2       with settings, those of the I2C bus among them
adc:GP26,GP27                     with pins
driver:adafruit_lis3mdl.LIS3MDL,read=magnetic,unit=0.01
                                  whatever a vendor's driver on the board measures; several are
                                  separated by +, in read=, unit= and names=
wired.json                        a file of settings
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
from pathlib import Path
from typing import Any

from spikelet import files
from spikelet.errors import SpikeletError
from spikert import sensors

LISTS = ("read", "unit", "names")
"""Settings of which there can be several."""

BUS = ("sda", "scl", "frequency", "id", "bus")
"""Settings of the I2C bus that a sensor is on."""


def parse_settings(text: str, rate: float | None) -> dict[str, Any]:
    """Return the settings of a sensor.

    rate    samples a second; None: as the settings say, or else sensors.open's
    Raises SpikeletError naming what makes no sense.
    """
    settings = _file(text) if text.endswith(".json") else _spelled(text)
    family = _family(settings.get("sensor"))
    known = {"sensor", "rate", "button", *family.SETTINGS}
    if unknown := set(settings) - known:
        raise SpikeletError(
            f"{settings['sensor']} knows no setting {sorted(unknown)[0]!r}; "
            f"it has {', '.join(sorted(known))}"
        )
    if rate is not None:
        settings["rate"] = rate
    if "pins" in family.SETTINGS and not settings.get("pins"):
        name = settings["sensor"]
        raise SpikeletError(f"{name} needs pins; name them as the board does: {name}:GP26,GP27")
    try:
        if hasattr(family, "check"):
            family.check(settings)
        settings["rate"] = sensors.rate(settings, sensors.FASTEST)
    except ValueError as error:
        raise SpikeletError(str(error)) from None
    return settings


def settings_to_bytes(settings: dict[str, Any]) -> bytes:
    """Return settings as the board reads them from a file."""
    return json.dumps(settings, sort_keys=True).encode()


def channel_names(settings: dict[str, Any], channels: int) -> tuple[str, ...]:
    """Return what the channels of a sensor are called."""
    usual = getattr(_family(settings["sensor"]), "NAMES", ())
    called = [str(name) for name in settings.get("pins") or settings.get("names") or usual]
    if len(called) < channels:
        called = [f"c{number}" for number in range(channels)]
    return tuple(called[:channels])


def _file(path: str) -> dict[str, Any]:
    try:
        settings = json.loads(files.read(Path(path)))
    except ValueError as error:
        raise SpikeletError(f"{path} is no JSON: {error}") from None
    if not isinstance(settings, dict):
        raise SpikeletError(f"{path} holds no settings; they are an object with the key sensor")
    return settings


def _spelled(text: str) -> dict[str, Any]:
    name, _, rest = text.partition(":")
    settings: dict[str, Any] = {"sensor": name}
    pins: list[str | float] = []
    for part in filter(None, rest.split(",")):
        key, given, value = part.partition("=")
        if not given and name == "driver":
            settings["driver"] = part
        elif not given:
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
    """Return what a setting means: 4, 0x68 and 0.01 are numbers, GP4 is none."""
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
        raise SpikeletError(f"no sensor is called {name!r}; known are {', '.join(families)}")
    return importlib.import_module(f"spikert.sensors.{families[name]}")
