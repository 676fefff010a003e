"""Add recordings of one sensor to a folder that `load_recordings` reads.

    20261126T172530Z_wave.npy    int16[samples, channels], of the class wave
    sensor.json                  the sensor, its rate, its channels and its settings

Each file is written whole or not at all, and no recording is overwritten.
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

from spikelet import checked_json, files
from spikelet.errors import RefusedInput, SpikeletError, UsageError
from spikelet.inputs.recording_files import SUFFIXES
from spikelet.inputs.recordings import LABELS

SENSOR = "sensor.json"
LOCK = ".recording.lock"
# Seconds that another program may take to add its recording.
LOCK_TIMEOUT_S = 10
# Allowed besides letters and digits. An underscore would end the label too early.
IN_LABELS = "-+. "
# Characters of a label.
LONGEST_LABEL = 64


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

    Raises
    ------
    SpikeletError
        If the rate is not positive, or there is no channel.
    """

    sensor: str
    rate: float
    channels: tuple[str, ...]
    settings: Mapping[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise UsageError(f"rate is {self.rate} samples a second; it must be above 0")
        if not self.channels:
            raise UsageError("a sensor has one channel at least; name its channels")


class Folder:
    """A folder of labelled recordings.

    Attributes
    ----------
    path : Path
        The folder; the first recording creates it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def settings(self) -> SensorSettings | None:
        """Return the settings of the sensor; None before the first recording.

        Raises
        ------
        SpikeletError
            If sensor.json cannot be read.
        """
        place = self.path / SENSOR
        if not place.exists():
            return None
        try:
            stored = checked_json.read_object(files.read(place))
            return SensorSettings(
                sensor=checked_json.text(stored, "sensor"),
                rate=checked_json.number(stored, "rate"),
                channels=checked_json.texts(stored, "channels"),
                settings=checked_json.mapping(stored, "settings"),
            )
        except ValueError as error:
            raise RefusedInput(
                f"{place} does not say what sensor was recorded: {error}; "
                "mend it or name another folder"
            ) from None

    def check(self, label: str, sensor: SensorSettings) -> None:
        """Raise SpikeletError unless a recording of this label and sensor may be added.

        Call it before recording, so that no recording is lost.
        """
        _check_label(label)
        if (before := self.settings()) is not None:
            _check_same(self.path, before, sensor)
        elif self.path.is_dir() and (others := self._recordings()):
            raise RefusedInput(
                f"{self.path} holds {others[0]}, and no {SENSOR} that names its sensor; "
                "name another folder"
            )

    def add(self, label: str, readings: NDArray[Any], sensor: SensorSettings) -> Path:
        """Write a recording and return its path.

        Parameters
        ----------
        label : str
            Name of its class: letters, digits, and "-", "+", "." and " " within.
        readings : integers[samples, channels]
            Readings that fit int16.
        sensor : SensorSettings

        Raises
        ------
        SpikeletError
            If the readings do not fit, the folder holds recordings of another sensor, rate or settings,
            or the file cannot be written. The folder then stays as it was.
        """
        raw = _int16(readings, sensor)
        self.check(label, sensor)
        with self._alone():
            # Another program may have been first.
            self.check(label, sensor)
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
        """Create the folder, and lock it against other programs."""
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
        """Return an unused path with the current time."""
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
        raise UsageError(
            f"the label {label[:LONGEST_LABEL]!r} cannot be part of a file's name; use up to "
            f'{LONGEST_LABEL} letters and digits, and "-", "+", "." or a space between them'
        )


def _check_same(path: Path, before: SensorSettings, now: SensorSettings) -> None:
    """Raise SpikeletError with the first field in which a sensor differs from the folder's."""
    for name, old in asdict(before).items():
        if (new := asdict(now)[name]) != old:
            raise RefusedInput(
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
    """Return readings as they are stored, or raise SpikeletError."""
    channels = len(sensor.channels)
    if readings.ndim != 2 or readings.shape[1] != channels or readings.dtype.kind not in "iu":
        raise RefusedInput(
            f"readings are {readings.dtype}{list(readings.shape)}; "
            f"{sensor.sensor} gives whole numbers of {channels} channels"
        )
    if not len(readings):
        raise SpikeletError(f"{sensor.sensor} gave no sample; no recording was written")
    limits = np.iinfo(np.int16)
    low, high = int(readings.min()), int(readings.max())
    if low < limits.min or high > limits.max:
        raise RefusedInput(
            f"readings lie in {low}..{high}, beyond int16; have the sensor scale them"
        )
    return readings.astype(np.int16)
