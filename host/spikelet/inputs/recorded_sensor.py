"""Describe the sensor of a recording: its rate, its channels, and the options that change readings.

`spikelet record` writes it beside the recordings as sensor.json. Training copies it into the network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from spikelet.errors import RefusedInput, UsageError

# Channels of a sensor, and characters of each of its names.
MOST_CHANNELS = 1024
LONGEST_NAME = 200


@dataclass(frozen=True)
class SensorSettings:
    """The sensor and its settings, the same for all recordings of a folder.

    Attributes
    ----------
    sensor : str
        Name of the sensor.
    rate : float
        Samples per second.
    channels : tuple of str
        Names of the channels.
    settings : mapping of str to str, int or float
        Further settings that change the readings, such as a range.
    units : tuple of str
        The unit of a reading of 1 for each channel; empty if unknown.
    wiring : mapping of str to any
        Settings that do not change the readings, such as pins.

    Raises
    ------
    SpikeletError
        If the rate is not positive, or there is no channel.
    """

    sensor: str
    rate: float
    channels: tuple[str, ...]
    settings: Mapping[str, str | int | float] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    wiring: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise UsageError(f"rate is {self.rate} samples a second; it must be above 0")
        if not self.channels:
            raise UsageError("a sensor has one channel at least; name its channels")

    def fields(self) -> dict[str, Any]:
        """Return the fields for JSON, without those that are empty and optional."""
        fields = asdict(self)
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in fields.items()
            if value or key not in ("units", "wiring")
        }


def from_fields(fields: Any) -> SensorSettings:
    """Return the sensor in an object of JSON.

    Raises
    ------
    SpikeletError
        If a field is missing, of another type, or out of range; it names the field.
    """
    if not isinstance(fields, Mapping):
        raise RefusedInput("the sensor is no object with names and values")
    rate = fields.get("rate")
    if not isinstance(rate, int | float) or isinstance(rate, bool) or abs(rate) > 1e9:
        raise RefusedInput(f"the rate is {_short(rate)}; it must be a number of samples a second")
    settings = _object(fields, "settings")
    for key, value in settings.items():
        if not isinstance(value, str | int | float):
            raise RefusedInput(f"the setting {_short(key)} is {_short(value)}; it must be a value")
    return SensorSettings(
        sensor=_name(fields.get("sensor"), "sensor"),
        rate=float(rate),
        channels=_names(fields.get("channels"), "channels"),
        settings=settings,
        units=_names(fields.get("units", []), "units"),
        wiring=_object(fields, "wiring"),
    )


def _object(fields: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = fields.get(key, {})
    if not isinstance(value, Mapping):
        raise RefusedInput(f"{key} is {_short(value)}; it must be an object with names and values")
    return dict(value)


def _names(values: Any, key: str) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or len(values) > MOST_CHANNELS:
        raise RefusedInput(f"{key} is {_short(values)}; it must be {MOST_CHANNELS} names at most")
    return tuple(_name(value, key) for value in values)


def _name(value: Any, key: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME:
        raise RefusedInput(
            f"{key} has the name {_short(value)}; it must be text of up to {LONGEST_NAME} characters"
        )
    return value


def _short(value: Any) -> str:
    """Return a value as text, in 40 characters at most."""
    text = ascii(value)
    return text if len(text) <= 40 else text[:37] + "..."
