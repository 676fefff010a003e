"""What is wired to the virtual board; its stand-ins for a board's modules ask here.

The file hardware.json in the board's folder says it, and is read again whenever it has changed, so that
things can be unplugged while the board runs:

    {"i2c": [{"chip": "mpu6050", "address": 104, "recording": "motion.bin", "channels": 3,
              "unplugged": false}],
     "analogue": {"A0": "light.bin", "A1": null},
     "touch": {"A2": "touch.bin"},
     "microphone": "sound.bin"}

A recording is a file of little-endian i16[samples, channels], analogue ones of 0..4095. Each reading of
a chip's measurement or of a pin is its next sample; the first follows on the last. null, or a chip
without one, measures waves that are made up, the same each time. Chips are those of devices.CHIPS.
Without a hardware.json there is an MPU-6050, and waves on every pin and on the microphone. A file that
cannot be read, or makes no sense, is an OSError of whatever is read next.
"""

from __future__ import annotations

import errno
import json
import os
from array import array
from collections.abc import Sequence
from typing import Any

from devices import CHIPS, made_up  # beside this folder

FILE = "hardware.json"
DEFAULT: dict[str, Any] = {"i2c": [{"chip": "mpu6050"}]}


class Recording:
    """Samples, one after the other and again from the start.

    path        of a file, or None for samples that are made up
    channels    readings in a sample
    """

    def __init__(self, path: str | None, channels: int) -> None:
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
    """A chip on the I2C bus, as hardware.json has it."""

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
        self.settings: dict[int, int] = {}  # what was written
        self.sample: Sequence[int] = (0,) * self.chip.channels
        self.taken: set[int] = set()  # the registers from which this sample was read

    def write(self, register: int, values: Sequence[int]) -> None:
        """Put bytes into registers; what the chip keeps constant stays."""
        self.settings.update(enumerate(values, register))
        if any(self.settings.get(place, 0) & bits for place, bits in self.chip.resets.items()):
            self.settings.clear()
            self.registers = self.chip.registers()
        self._keep()

    def read(self, register: int, size: int) -> bytes:
        """Return bytes of registers.

        It measures whenever a driver has come round: what was read before is read again.
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
    """All that is wired to the board."""

    def __init__(self) -> None:
        self.seen: object = ()
        self.i2c: dict[int, Device] = {}
        self.recordings: dict[tuple[str, str, str | None], Recording] = {}
        self.wanted = DEFAULT

    def look(self) -> Wiring:
        """Read hardware.json again if it has changed."""
        try:
            found = os.stat(FILE)
            seen: object = (found.st_mtime_ns, found.st_size, found.st_ino)
        except FileNotFoundError:
            seen = None
        if seen != self.seen:
            self._rewire(self._read() if seen else DEFAULT)
            self.seen = seen
        return self

    def device(self, address: int) -> Device | None:
        """Return what answers at an address."""
        return self.look().i2c.get(address)

    def sample(self, kind: str, name: str) -> int:
        """Return the next reading of a pin, or of the microphone, whose name is ""."""
        wanted = self.look().wanted.get(kind)
        path = wanted.get(name) if isinstance(wanted, dict) else wanted
        key = (kind, name, path)
        if key not in self.recordings:
            self.recordings[key] = Recording(path, 1)
        return self.recordings[key].next()[0]

    @staticmethod
    def _read() -> dict[str, Any]:
        with open(FILE, encoding="utf-8") as file:
            try:
                wanted = json.load(file)
            except ValueError as error:
                raise OSError(errno.EIO, str(error), FILE) from None
        if not isinstance(wanted, dict):
            raise OSError(errno.EIO, "it holds no JSON object", FILE)
        return wanted

    def _rewire(self, wanted: dict[str, Any]) -> None:
        """Take away and plug in what has changed; what has not stays as it is."""
        kept, found = list(self.i2c.values()), []
        for entry in wanted.get("i2c", []):
            if not entry.get("unplugged"):
                old = [device for device in kept if device.entry == entry]
                found.append(old[0] if old else Device(entry))
        self.wanted, self.i2c = wanted, {device.address: device for device in found}


wired = Wiring()
