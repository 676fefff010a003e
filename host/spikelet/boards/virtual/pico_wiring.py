"""Wire simulated sensors to the emulated Pico as hardware.json in its folder describes.

    {"i2c": [{"chip": "mpu6050", "bus": 0, "address": 104, "recording": "motion.bin", "channels": 3}],
     "analogue": {"GP26": "light.bin"},
     "rate": 100, "hurry": false}

A recording is a file of little-endian int16[samples, channels] in the same folder; analogue samples are
0..4095. It plays at "rate" samples per second of the board's time from the first reading on, in a loop.
Recordings of motion have six channels, with rotation, unless "channels" is 3. "hurry" skips the board's
waiting times. "chip" is a key of devices.CHIPS. The virtual board understands the same file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikelet.boards.virtual.devices import CHIPS
from spikelet.errors import UsageError

FILE = "hardware.json"
PINS = ("GP26", "GP27", "GP28", "GP29")
# Samples per second.
RATE = 100


class Wired(Protocol):
    """A board with simulated sensors; see pico.Powered."""

    def feed_chip(
        self,
        name: str,
        samples: Sequence[Sequence[int]],
        rate_hz: float,
        *,
        bus: int = 0,
        address: int | None = None,
        loop: bool = False,
    ) -> None:
        """Connect a chip to an I2C bus; it measures the samples in order."""

    def feed_adc_recording(
        self,
        rows: Sequence[Sequence[int]],
        rate_hz: float,
        *,
        loop: bool = False,
        first: str = "now",
    ) -> None:
        """Play a recording to the ADC."""

    def hurry(self, enabled: bool = True) -> None:
        """Skip the board's waiting times."""


def wire_board(board: Wired, folder: Path) -> None:
    """Wire the sensors of the folder's hardware.json to the board, if the file exists.

    Raises
    ------
    SpikeletError
        If the file is invalid or a recording cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return
    try:
        wiring = json.loads(path.read_text("utf-8"))
        rate = float(wiring.get("rate", RATE))
        board.hurry(bool(wiring.get("hurry")))
        for entry in wiring.get("i2c", ()):
            _wire_chip(board, entry, folder, rate)
        if analogue := wiring.get("analogue"):
            _wire_pins(board, analogue, folder, rate)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} cannot be used: {error}") from None


def _wire_chip(board: Wired, entry: dict[str, Any], folder: Path, rate: float) -> None:
    channels = int(entry.get("channels", CHIPS[entry["chip"]].channels))
    samples = _samples(folder / entry["recording"], channels).tolist()
    bus, address = int(entry.get("bus", 0)), entry.get("address")
    board.feed_chip(entry["chip"], samples, rate, bus=bus, address=address, loop=True)


def _wire_pins(board: Wired, analogue: dict[str, str], folder: Path, rate: float) -> None:
    recorded = [_samples(folder / analogue[pin], 1)[:, 0] for pin in analogue]
    length = min(map(len, recorded))
    rows = np.zeros((length, len(PINS)), np.int16)
    for pin, values in zip(analogue, recorded, strict=True):
        rows[:, PINS.index(pin)] = values[:length]
    board.feed_adc_recording(rows.tolist(), rate, loop=True, first="read")


def _samples(path: Path, channels: int) -> NDArray[np.int16]:
    return np.frombuffer(path.read_bytes(), "<i2").reshape(-1, channels)
