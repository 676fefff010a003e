"""A folder that recordings of one sensor are added to, in the form that `recordings.load` reads.

    20261126T172530Z_wave.npy    int16[samples, channels], of the class wave
    sensor.json                  the sensor, its rate, its channels and its settings

Each file is there whole or not at all, and none is ever written over.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock
import numpy as np
from numpy.typing import NDArray

from spikelet import files
from spikelet.errors import SpikeletError
from spikelet.inputs.recording_files import SUFFIXES
from spikelet.inputs.recordings import LABELS

SENSOR = "sensor.json"
LOCK = ".recording.lock"
LOCK_TIMEOUT_S = 10  # seconds that another program may take to add its recording
IN_LABELS = "-+. "  # beside letters and digits; an underscore would end the label too early
LONGEST_LABEL = 64  # characters


@dataclass(frozen=True)
class SensorSettings:
    """What all recordings of a folder have in common.

    sensor      its name
    rate        samples a second
    channels    a name for each
    settings    what else decides on the readings, such as a range: text and numbers by name
    Raises SpikeletError naming the field that is not possible.
    """

    sensor: str
    rate: float
    channels: tuple[str, ...]
    settings: Mapping[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise SpikeletError(f"rate is {self.rate} samples a second; it must be above 0")
        if not self.channels:
            raise SpikeletError("a sensor has one channel at least; name its channels")


class Folder:
    """A folder of labelled recordings.

    path    where it is; it is made when the first recording comes
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def settings(self) -> SensorSettings | None:
        """Return what its recordings have in common; None before the first.

        Raises SpikeletError if sensor.json cannot be read.
        """
        place = self.path / SENSOR
        if not place.exists():
            return None
        try:
            said = json.loads(files.read(place))
            return SensorSettings(
                sensor=str(said["sensor"]),
                rate=float(said["rate"]),
                channels=tuple(map(str, said["channels"])),
                settings=dict(said["settings"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SpikeletError(
                f"{place} does not say what sensor was recorded ({type(error).__name__}: {error}); "
                "mend it or name another folder"
            ) from None

    def check(self, label: str, sensor: SensorSettings) -> None:
        """Raise SpikeletError unless a recording of this label and sensor may be added.

        Worth asking before a recording is made.
        """
        _check_label(label)
        if (before := self.settings()) is not None:
            _check_same(self.path, before, sensor)
        elif self.path.is_dir() and (others := self._recordings()):
            raise SpikeletError(
                f"{self.path} holds {others[0]}, and no {SENSOR} that says of what sensor; "
                "name another folder"
            )

    def add(self, label: str, readings: NDArray[Any], sensor: SensorSettings) -> Path:
        """Write a recording and return its path.

        label       name of its class: letters, digits, and "-", "+", "." and " " within
        readings    whole numbers [samples, channels] that fit int16
        Raises SpikeletError if they do not, if the folder's recordings are of another sensor, rate or
        settings, or if it cannot be written; then the folder is as it was.
        """
        raw = _int16(readings, sensor)
        self.check(label, sensor)
        with self._alone():
            self.check(label, sensor)  # another program may have been first
            if not (self.path / SENSOR).exists():
                text = json.dumps(asdict(sensor), indent=2, ensure_ascii=False) + "\n"
                with files.replacing(self.path / SENSOR) as temporary:
                    temporary.write_text(text, "utf-8")
            path = self._free_name(label)
            with files.replacing(path) as temporary, temporary.open("wb") as file:
                np.save(file, raw, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        return path

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Make the folder, and keep other programs from adding to it meanwhile."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.path / LOCK, timeout=LOCK_TIMEOUT_S):
                yield
        except filelock.Timeout:
            raise SpikeletError(
                f"another program has been writing into {self.path} for {LOCK_TIMEOUT_S} s; "
                "wait for it, or name another folder"
            ) from None
        except OSError as error:
            raise SpikeletError(
                f"cannot write into {self.path}: {error.strerror or error}"
            ) from None

    def _free_name(self, label: str) -> Path:
        """Return a path of now that no file has."""
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        number = 1
        while (path := self.path / f"{_numbered(now, number)}_{label}.npy").exists():
            number += 1
        return path

    def _recordings(self) -> list[str]:
        return sorted(
            path.name
            for path in self.path.iterdir()
            if path.suffix.lower() in SUFFIXES and path.name != LABELS
        )


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _check_label(label: str) -> None:
    allowed = all(character.isalnum() or character in IN_LABELS for character in label)
    if not allowed or not label or label != label.strip(" .") or len(label) > LONGEST_LABEL:
        raise SpikeletError(
            f"the label {label[:LONGEST_LABEL]!r} cannot be part of a file's name; use up to "
            f'{LONGEST_LABEL} letters and digits, and "-", "+", "." or a space between them'
        )


def _check_same(path: Path, before: SensorSettings, now: SensorSettings) -> None:
    """Raise SpikeletError naming the first thing in which a sensor differs from the folder's."""
    for name, old in asdict(before).items():
        if (new := asdict(now)[name]) != old:
            raise SpikeletError(
                f"{path} holds recordings whose {name} {_be(name)} {_spelled(old)}, and this one's "
                f"{_be(name)} {_spelled(new)}; name another folder"
            )


def _be(name: str) -> str:
    return "are" if name.endswith("s") else "is"


def _spelled(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _int16(readings: NDArray[Any], sensor: SensorSettings) -> NDArray[np.int16]:
    """Return readings as they are stored; raises SpikeletError if they cannot be."""
    channels = len(sensor.channels)
    if readings.ndim != 2 or readings.shape[1] != channels or readings.dtype.kind not in "iu":
        raise SpikeletError(
            f"readings are {readings.dtype}{list(readings.shape)}; "
            f"{sensor.sensor} gives whole numbers of {channels} channels"
        )
    if not len(readings):
        raise SpikeletError(f"{sensor.sensor} gave no sample; nothing was recorded")
    limits = np.iinfo(np.int16)
    low, high = int(readings.min()), int(readings.max())
    if low < limits.min or high > limits.max:
        raise SpikeletError(
            f"readings lie in {low}..{high}, beyond int16; have the sensor scale them"
        )
    return readings.astype(np.int16)
