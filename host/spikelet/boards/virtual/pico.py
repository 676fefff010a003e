"""Emulate a Raspberry Pi Pico with real firmware, permanent flash and simulated sensors.

It has no second core. Its I2C devices answer accesses to registers, but not scan(). Code in RAM takes
the cycles of the chip; code in flash runs as if it were always in the cache. Code that runs often is
translated to WebAssembly.
Source: rp2040js 1.4.1, https://github.com/wokwi/rp2040js; the folder `rp2040` contains the additions.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mpremote.transport_serial import SerialTransport

from spikelet import installation
from spikelet.boards import raw_repl
from spikelet.boards.port import FilePort, SerialStream
from spikelet.boards.timeouts import EMULATED_TIMEOUT_S
from spikelet.boards.virtual import devices, pico_drive, pico_wiring, processes, uf2
from spikelet.boards.virtual.pico_drive import EmulatedDrive
from spikelet.errors import BoardError

RUNNER = Path(__file__).parent / "rp2040" / "run.mjs"
FIRMWARE = "RPI_PICO.uf2"
EMULATOR = "rp2040js"
# Seconds for an answer of the REPL: 3 s of the board's time, on a computer whose cores ten others use.
PATIENCE = 240


@dataclass(frozen=True)
class Powered:
    """A Pico that is switched on.

    Attributes
    ----------
    name : str
        Name of the board in messages.
    device : str
        Its serial console, as pyserial spells it.
    data : str
        Its second serial port, on which it sends nothing unless the firmware has opened it.
    process : Popen
        The emulator, which takes one command per line and answers each.
    drive : EmulatedDrive, optional
        Its drive, if the firmware has one.
    """

    name: str
    device: str
    data: str
    process: subprocess.Popen[str]
    drive: EmulatedDrive | None = None

    def feed_adc(self, values: Sequence[int]) -> None:
        """Set the 12-bit readings of the ADC: GP26, GP27, GP28, GP29, the temperature."""
        self.ask(adc=list(values))

    def feed_i2c(
        self,
        bus: int,
        address: int,
        register: int,
        values: Sequence[int],
        clears: Mapping[int, int] | None = None,
    ) -> None:
        """Set registers of an I2C device; connect the device if necessary.

        Parameters
        ----------
        bus : int
        address : int
        register : int
            First register.
        values : sequence of int
            A byte for each register.
        clears : mapping of int to int, optional
            {register: bits} that clear themselves after a write.
        """
        device = {"address": address, "register": register, "values": list(values)}
        self.ask(i2c={"bus": bus, **device, "clears": dict(clears or {})})

    def feed_adc_recording(
        self,
        rows: Sequence[Sequence[int]],
        rate_hz: float,
        *,
        loop: bool = False,
        first: str = "now",
    ) -> None:
        """Play a recording to the ADC.

        Parameters
        ----------
        rows : sequence of sequence of int
            Readings as in `feed_adc`.
        rate_hz : float
            Rows per second of the board's time.
        loop : bool
            Whether to start again after the last row; otherwise the last row stays.
        first : str
            Start of the first row: "now", or "read" for half a row before the first reading. With
            "read", a loop at this rate reads each row in its middle.
        """
        self.ask(adc_recording=_recording(rows, rate_hz, loop, first))

    def feed_i2c_recording(
        self,
        bus: int,
        address: int,
        register: int,
        rows: Sequence[Sequence[int]],
        rate_hz: float,
        *,
        loop: bool = False,
        first: str = "now",
    ) -> None:
        """Play a recording to registers; see `feed_i2c` and `feed_adc_recording`.

        With first="read", the recording starts at a reading of the second register, because the first
        may be a status.
        """
        device = {"bus": bus, "address": address, "register": register}
        self.ask(i2c_recording=device | _recording(rows, rate_hz, loop, first))

    def feed_chip(
        self,
        name: str,
        samples: Sequence[Sequence[int]],
        rate_hz: float = 100,
        *,
        bus: int = 0,
        address: int | None = None,
        loop: bool = False,
        first: str = "read",
    ) -> None:
        """Connect a chip of devices.CHIPS to a bus; it measures the samples in their order.

        The chip measures before its driver sets it up, and keeps the settings.

        Parameters
        ----------
        name : str
            Key in devices.CHIPS.
        samples : sequence of int16[channels]
        rate_hz, loop, first
            See `feed_adc_recording`.
        bus : int
        address : int, optional
            The default address of the chip if not given.
        """
        chip = devices.CHIPS[name]
        at = chip.address if address is None else address
        self.feed_i2c(bus, at, 0, chip.registers(), chip.resets)
        frames = [chip.frame(sample) for sample in samples]
        self.feed_i2c_recording(bus, at, chip.block, frames, rate_hz, loop=loop, first=first)

    def unplug_i2c(self, bus: int, address: int) -> None:
        """Unplug an I2C device; its address stays silent until you plug it in or set its registers."""
        self.ask(i2c_unplug={"bus": bus, "address": address})

    def plug_i2c(self, bus: int, address: int) -> None:
        """Plug in an unplugged device; its registers are unchanged."""
        self.ask(i2c_plug={"bus": bus, "address": address})

    def hurry(self, enabled: bool = True) -> None:
        """Skip the board's waiting times, or make them take real time again."""
        self.ask(hurry=enabled)

    def reset(self) -> None:
        """Reset the board like its button RUN."""
        self.ask(reset=1)

    def cut(self, operations: int) -> None:
        """Cut the power in the middle of a flash operation.

        Parameters
        ----------
        operations : int
            Complete operations before the cut: each erases a sector or programs a page.
        """
        self.ask(cut=operations)

    def stats(self) -> dict[str, Any]:
        """Return cycles and idle cycles since the last reset, hertz, resets and flash operations."""
        return self.ask(stats=1)

    def ask(self, **command: object) -> dict[str, Any]:
        """Send a command to the emulator and return its answer; see rp2040/run.mjs."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            # The stream's buffer would keep the rest of a command after the process has ended.
            line = memoryview(json.dumps(command).encode() + b"\n")
            while line:
                line = line[os.write(self.process.stdin.fileno(), line) :]
            answer: dict[str, Any] = json.loads(self.process.stdout.readline())
            return answer
        except (OSError, ValueError):
            raise BoardError(f"{self.name} has stopped; connect again to restart it") from None


def _recording(
    rows: Sequence[Sequence[int]], rate_hz: float, loop: bool, first: str
) -> dict[str, object]:
    return {
        "rows": [[int(value) for value in row] for row in rows],
        "rate_hz": rate_hz,
        "loop": loop,
        "first": first,
    }


class Pico(FilePort):
    """MicroPython on an emulated Raspberry Pi Pico, or another firmware for it."""

    timeout = EMULATED_TIMEOUT_S

    def __init__(self, name: str = "pico", firmware: str = "") -> None:
        self.name = name
        self.firmware = processes.firmware(firmware or FIRMWARE, f"{name} needs")
        self.storage = "pico"
        if firmware:
            # Two firmwares never share one flash.
            digest = hashlib.sha256(uf2.checked(self.firmware)).hexdigest()[:8]
            self.storage = f"pico-{self.firmware.stem}-{digest}"
        self.emulator = installation.cache_folder("emulated") / EMULATOR
        if not self.emulator.is_dir():
            raise BoardError(
                f"{name} needs {EMULATOR}, which is not there; run boards/emulated/build pico"
            )
        if shutil.which("node") is None:
            raise BoardError(
                f"{name} needs node, which is not installed; on Debian: apt-get install nodejs"
            )

    @contextmanager
    def powered(self) -> Iterator[Powered]:
        """Switch the board on; the content of its flash stays in the board's folder."""
        with processes.owned(self.storage, self.name) as folder:
            command = ["node", str(RUNNER), str(self.firmware), str(folder / "flash.bin")]
            env = os.environ | {"RP2040JS": str(self.emulator)}
            with processes.running(command, r"^(\d+ \d+)$", self.name, env) as (process, ports):
                console, data = (f"socket://127.0.0.1:{port}" for port in ports.split())
                board = Powered(self.name, console, data, process)
                pico_wiring.wire_board(board, folder)
                with self._mounted(board, folder) as mounted:
                    yield mounted

    @contextmanager
    def connect(self) -> Iterator[SerialTransport]:
        """Switch the board on and open its raw REPL."""
        with (
            self.powered() as board,
            raw_repl.opened(
                self.name, board.device, PATIENCE, limit=self.timeout, interpreter=True
            ) as transport,
            pico_drive.following(transport.serial, board.drive),
        ):
            yield transport

    @contextmanager
    def session(self, paths: Mapping[str, str] | None = None) -> Iterator[SerialStream]:
        """Start the runtime and yield the stream of its frames, which the drive does not follow."""
        with super().session(paths) as stream:
            pico_drive.leave(stream)
            yield stream

    @contextmanager
    def _mounted(self, board: Powered, folder: Path) -> Iterator[Powered]:
        """Mount the drive of the board, which only other firmware than the built one has."""
        if self.firmware.name == FIRMWARE:
            yield board
            return
        with pico_drive.attached(self.name, folder, board.ask) as found:
            yield replace(board, drive=found)
