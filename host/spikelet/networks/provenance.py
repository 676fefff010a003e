"""Tell where a network comes from: its sensor, data, seed and versions.

The fields are an object of JSON with sorted keys, so that equal inputs give equal bytes. Graphs have
it in their metadata, and .lif files behind their tables. It has no dates and no paths.

    version    1
    sensor     the sensor of the recordings: sensor, rate (samples a second that the network takes),
               channels, units, settings (options that change readings), wiring (options that do not)
    rate       the rate, if the sensor is unknown
    data       sha256 of the samples and their classes, in hex digits
    seed       seed of the training
    software   {name: version}

A reader keeps the keys that it does not know.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spikelet.errors import RefusedInput
from spikelet.inputs import recorded_sensor
from spikelet.inputs.recorded_sensor import SensorSettings

# Raise it when an older Spikelet would misread the fields.
VERSION = 1
# Bytes of the JSON.
MOST_BYTES = 16_384


@dataclass(frozen=True)
class Provenance:
    """The origin of a network.

    Attributes
    ----------
    fields : mapping of str to any
        All fields, also those that this version of Spikelet does not know.

    Raises
    ------
    SpikeletError
        If a known field has another type, or the fields are too long.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        version = self.fields.get("version", VERSION)
        if type(version) is not int or version < 1:
            raise RefusedInput("the text on its origin has no version")
        if version > VERSION:
            raise RefusedInput(
                f"the text on its origin has version {version}, but this Spikelet reads {VERSION}; "
                "install a newer one"
            )
        object.__setattr__(self, "fields", dict(self.fields) | {"version": version})
        _check(self.fields)
        if (size := len(self.to_bytes())) > MOST_BYTES:
            raise RefusedInput(
                f"the text on its origin has {size:,} bytes; at most {MOST_BYTES:,} are stored"
            )

    def to_bytes(self) -> bytes:
        """Return the JSON: sorted, compact, in UTF-8.

        Raises
        ------
        SpikeletError
            If a text or a number has no place in JSON.
        """
        try:
            return json.dumps(
                self.fields,
                sort_keys=True,
                separators=(",", ":"),
                ensure_ascii=False,
                allow_nan=False,
            ).encode()
        except (ValueError, TypeError, RecursionError):
            raise RefusedInput(
                "the text on its origin has a value that JSON cannot express"
            ) from None

    @property
    def sensor(self) -> SensorSettings | None:
        """The sensor of the recordings; None if it is unknown."""
        fields = self.fields.get("sensor")
        return None if fields is None else recorded_sensor.from_fields(fields)

    @property
    def rate(self) -> float | None:
        """Samples per second that the network takes; None if unknown."""
        if (sensor := self.sensor) is not None:
            return sensor.rate
        rate = self.fields.get("rate")
        return None if rate is None else float(rate)

    @property
    def seed(self) -> int | None:
        """Seed of the training; None if unknown."""
        return self.fields.get("seed")

    @property
    def data_sha256(self) -> str | None:
        """SHA-256 of the samples and their classes, in hex digits; None if unknown."""
        return self.fields.get("data")

    @property
    def software(self) -> dict[str, str]:
        """Versions of the software that trained the network, {name: version}."""
        return dict(self.fields.get("software", {}))


def parse(text: bytes) -> Provenance:
    """Return the origin in the bytes of a text block or of a graph's metadata.

    Raises
    ------
    SpikeletError
        If the text is too long, is no JSON object, or has a field of another type.
    """
    if len(text) > MOST_BYTES:
        raise RefusedInput(
            f"the text on its origin has {len(text):,} bytes; at most {MOST_BYTES:,} are read"
        )
    try:
        fields = json.loads(text.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise RefusedInput("the text on its origin is no JSON in UTF-8") from None
    if not isinstance(fields, dict):
        raise RefusedInput("the text on its origin is no JSON object")
    return Provenance(fields)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _check(fields: Mapping[str, Any]) -> None:
    """Raise SpikeletError for a known field of another type."""
    if fields.get("sensor") is not None:
        recorded_sensor.from_fields(fields["sensor"])
    seed, rate = fields.get("seed"), fields.get("rate")
    if seed is not None and type(seed) is not int:
        raise RefusedInput("the seed in the text on its origin is no integer")
    if rate is not None and not (type(rate) in (int, float) and 0 < rate < math.inf):
        raise RefusedInput("the rate in the text on its origin is no number above 0")
    if not isinstance(fields.get("data", ""), str):
        raise RefusedInput("the hash of the data in the text on its origin is no text")
    software = fields.get("software", {})
    if not isinstance(software, dict) or not all(isinstance(v, str) for v in software.values()):
        raise RefusedInput("the versions in the text on its origin are no texts by name")
