"""Simulate the sensors of the virtual board as hardware.json describes.

The replacements for a board's modules take their readings here. The board reads hardware.json in its
folder again after each change, so that you can unplug a sensor while the board runs:

    {"i2c": [{"chip": "mpu6050", "address": 104, "recording": "motion.bin", "channels": 3,
              "unplugged": false}],
     "analogue": {"A0": "light.bin", "A1": null},
     "touch": {"A2": "touch.bin"},
     "digital": {"A3": 0},
     "microphone": "sound.bin"}

A recording is a file of little-endian int16[samples, channels]; analogue samples are 0..4095. Each
reading of a chip or a pin is its next sample; the first follows the last. A null, or a chip without
"recording", measures the same synthetic waves each time. "chip" is a key of devices.CHIPS. Without a
hardware.json the board has an MPU-6050, and waves on every pin and on the microphone. "digital" has the
level that a button connects to a pin. If a file is unreadable or invalid, the next reading raises
OSError.
"""

from __future__ import annotations

import errno
import json
import os
from array import array
from collections.abc import Sequence
from typing import Any

# A module of the folder above.
from devices import CHIPS, made_up

FILE = "hardware.json"
DEFAULT: dict[str, Any] = {"i2c": [{"chip": "mpu6050"}]}


class Recording:
    """Samples in an endless loop."""

    def __init__(self, path: str | None, channels: int) -> None:
        """Read a recording.

        Parameters
        ----------
        path : str or None
            File of the recording; None for synthetic samples.
        channels : int
            Readings in a sample.

        Raises
        ------
        OSError
            If the file cannot be read, or its size is no multiple of a sample's.
        """
        self.samples: Sequence[Sequence[int]]
        self.at = -1
        if path is None:
            self.samples = made_up(channels)
            return
        readings = array("h")
        with open(path, "rb") as file:
            data = file.read()
        if not data or len(data) % (2 * channels):
            raise OSError(
                errno.EIO, f"{len(data)} bytes are no samples of {channels} channels", path
            )
        readings.frombytes(data)
        self.samples = [readings[k : k + channels] for k in range(0, len(readings), channels)]

    def next(self) -> Sequence[int]:
        """Return the next sample."""
        self.at = (self.at + 1) % len(self.samples)
        return self.samples[self.at]


class Device:
    """A chip on the I2C bus, from its entry in hardware.json."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.entry = entry
        if entry.get("chip") not in CHIPS:
            known = ", ".join(CHIPS)
            raise OSError(
                errno.EIO, f"no chip is called {entry.get('chip')!r}; known are {known}", FILE
            )
        self.chip = CHIPS[entry["chip"]]
        self.address = int(entry.get("address", self.chip.address))
        self.recording = Recording(
            entry.get("recording"), int(entry.get("channels", self.chip.channels))
        )
        self.registers = self.chip.registers()
        # {register: byte} that a driver has written.
        self.settings: dict[int, int] = {}
        self.sample: Sequence[int] = (0,) * self.chip.channels
        # The registers from which a driver has read this sample.
        self.taken: set[int] = set()

    def write(self, register: int, values: Sequence[int]) -> None:
        """Write bytes to registers; constant registers keep their bytes."""
        self.settings.update(enumerate(values, register))
        if any(self.settings.get(place, 0) & bits for place, bits in self.chip.resets.items()):
            self.settings.clear()
            self.registers = self.chip.registers()
        self._keep()

    def read(self, register: int, size: int) -> bytes:
        """Return `size` bytes from a register on.

        The chip measures again when a driver reads a register for the second time.
        """
        chip = self.chip
        frame = chip.frame(self.sample)
        if chip.is_asleep(self.registers):
            frame = chip.nothing or bytes(len(frame))
        elif (register, size) == (chip.block, 1):
            frame = frame[:1]
        elif chip.block <= register < chip.block + len(frame):
            frame = self._measured(register)
        self.registers[chip.block : chip.block + len(frame)] = frame
        self._keep()
        return bytes(
            self.registers[k % len(self.registers)] for k in range(register, register + size)
        )

    def _measured(self, register: int) -> bytes:
        if not self.taken or register in self.taken:
            self.sample = self.recording.next()
            self.taken.clear()
        self.taken.add(register)
        return self.chip.frame(self.sample)

    def _keep(self) -> None:
        for place, value in self.settings.items():
            self.registers[place % len(self.registers)] = value
        for place, constant in self.chip.constant.items():
            self.registers[place : place + len(constant)] = constant


class Wiring:
    """The sensors of the board."""

    def __init__(self) -> None:
        self.seen: object = ()
        self.i2c: dict[int, Device] = {}
        self.recordings: dict[tuple[str, str, str | None], Recording] = {}
        self.wanted = DEFAULT

    def look(self) -> Wiring:
        """Read hardware.json again if it has changed."""
        try:
            status = os.stat(FILE)
            version: object = (status.st_mtime_ns, status.st_size, status.st_ino)
        except FileNotFoundError:
            version = None
        if version != self.seen:
            self._rewire(self._read() if version else DEFAULT)
            self.seen = version
        return self

    def device(self, address: int) -> Device | None:
        """Return the device at an address, or None."""
        return self.look().i2c.get(address)

    def sample(self, kind: str, name: str) -> int:
        """Return the next reading of a pin, or of the microphone, which has an empty name."""
        paths = self.look().wanted.get(kind)
        path = paths.get(name) if isinstance(paths, dict) else paths
        key = (kind, name, path)
        if key not in self.recordings:
            self.recordings[key] = Recording(path, 1)
        return self.recordings[key].next()[0]

    def level(self, name: str, pulled: bool) -> bool:
        """Return the level at a digital pin; `pulled` if nothing is wired to it."""
        return bool(self.look().wanted.get("digital", {}).get(name, pulled))

    @staticmethod
    def _read() -> dict[str, Any]:
        with open(FILE, encoding="utf-8") as file:
            try:
                wiring = json.load(file)
            except ValueError as error:
                raise OSError(errno.EIO, str(error), FILE) from None
        if not isinstance(wiring, dict):
            raise OSError(errno.EIO, "it holds no JSON object", FILE)
        return wiring

    def _rewire(self, wiring: dict[str, Any]) -> None:
        """Unplug and plug in the devices that have changed; leave the others alone."""
        present, devices = list(self.i2c.values()), []
        for entry in wiring.get("i2c", []):
            if not entry.get("unplugged"):
                same = [device for device in present if device.entry == entry]
                devices.append(same[0] if same else Device(entry))
        self.wanted, self.i2c = wiring, {device.address: device for device in devices}


wired = Wiring()
