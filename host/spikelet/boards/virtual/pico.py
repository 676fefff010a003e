"""An emulated Raspberry Pi Pico: real firmware, with flash that stays and sensors to feed.

It has no second core, and its I2C answers where registers are read or written, but not to scan().
Cycles are the chip's for code in RAM; code in flash runs as if the cache always had it.
Source: rp2040js 1.4.1, https://github.com/wokwi/rp2040js; what is added to it is in the folder `rp2040`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mpremote.transport_serial import SerialTransport

from spikelet import installation
from spikelet.boards import raw_repl
from spikelet.boards.port import FilePort
from spikelet.boards.virtual import devices, pico_wiring, processes
from spikelet.errors import SpikeletError

RUNNER = Path(__file__).parent / "rp2040" / "run.mjs"
FIRMWARE = "RPI_PICO.uf2"
EMULATOR = "rp2040js"


@dataclass(frozen=True)
class Powered:
    """A Pico that runs.

    name       how messages call it
    device     its serial console, as pyserial spells it
    process    the emulator, which takes one command a line and answers each
    """

    name: str
    device: str
    process: subprocess.Popen[str]

    def feed_adc(self, values: Sequence[int]) -> None:
        """Set what the ADC reads from now on, 12 bits: GP26, GP27, GP28, GP29, the temperature."""
        self._command(adc=list(values))

    def feed_i2c(
        self,
        bus: int,
        address: int,
        register: int,
        values: Sequence[int],
        clears: Mapping[int, int] | None = None,
    ) -> None:
        """Set registers, a byte each, of the I2C device at an address; it is there from then on.

        clears    {register: bits} that clear themselves when they are written
        """
        device = {"address": address, "register": register, "values": list(values)}
        self._command(i2c={"bus": bus, **device, "clears": dict(clears or {})})

    def feed_adc_recording(
        self,
        rows: Sequence[Sequence[int]],
        rate_hz: float,
        *,
        loop: bool = False,
        first: str = "now",
    ) -> None:
        """Let the ADC read row after row, each as in feed_adc, so many a second of the board's time.

        loop     whether the first row follows the last, which else stays
        first    when the first row begins: "now", or with "read" half a row before more of it than
                 its first value is read, so that a loop at this rate finds the middle of each row
        """
        self._command(adc_recording=_recording(rows, rate_hz, loop, first))

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
        """Set registers row after row, each as in feed_i2c; the rest as in feed_adc_recording."""
        device = {"bus": bus, "address": address, "register": register}
        self._command(i2c_recording=device | _recording(rows, rate_hz, loop, first))

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
        """Put a chip of devices.CHIPS on a bus; it measures samples i16[channels] in their order.

        The rest is as in feed_i2c_recording. It measures without being set up, and keeps what is set.
        """
        chip = devices.CHIPS[name]
        at = chip.address if address is None else address
        self.feed_i2c(bus, at, 0, chip.registers(), chip.resets)
        frames = [chip.frame(sample) for sample in samples]
        self.feed_i2c_recording(bus, at, chip.block, frames, rate_hz, loop=loop, first=first)

    def unplug_i2c(self, bus: int, address: int) -> None:
        """Take an I2C device away; nothing answers at its address until it is plugged in or fed."""
        self._command(i2c_unplug={"bus": bus, "address": address})

    def plug_i2c(self, bus: int, address: int) -> None:
        """Bring a device back that was taken away, as it was."""
        self._command(i2c_plug={"bus": bus, "address": address})

    def hurry(self, wanted: bool = True) -> None:
        """Let the board's time pass as fast as it can while it waits, not as fast as here."""
        self._command(hurry=wanted)

    def reset(self) -> None:
        """Reset the board as its button RUN does."""
        self._command(reset=1)

    def cut(self, operations: int) -> None:
        """Have the power go after so many operations on its flash from now on; the next is half done.

        An operation is a sector erased or a page programmed.
        """
        self._command(cut=operations)

    def stats(self) -> dict[str, int]:
        """Return cycles and idle, both since the last reset, hertz, resets, and operations written."""
        return self._command(stats=1)

    def _command(self, **command: object) -> dict[str, int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            # Not through the buffer, which would keep what a process that has ended did not take.
            line = memoryview(json.dumps(command).encode() + b"\n")
            while line:
                line = line[os.write(self.process.stdin.fileno(), line) :]
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            raise SpikeletError(f"{self.name} has stopped; connect again to restart it") from None


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

    def __init__(self, name: str = "pico", firmware: str = "") -> None:
        self.name = name
        self.firmware = processes.firmware(firmware or FIRMWARE, f"{name} needs")
        self.storage = f"pico-{self.firmware.stem}" if firmware else "pico"
        self.emulator = installation.cache_folder("emulated") / EMULATOR
        if not self.emulator.is_dir():
            raise SpikeletError(
                f"{name} needs {EMULATOR}, which is not there; run boards/emulated/build pico"
            )
        if shutil.which("node") is None:
            raise SpikeletError(
                f"{name} needs node, which is not installed; on Debian: apt-get install nodejs"
            )

    @contextmanager
    def powered(self) -> Iterator[Powered]:
        """Switch the board on; what its flash holds stays in the board's folder."""
        with processes.owned(self.storage, self.name) as folder:
            command = ["node", str(RUNNER), str(self.firmware), str(folder / "flash.bin")]
            env = os.environ | {"RP2040JS": str(self.emulator)}
            with processes.running(command, r"^(\d+)$", self.name, env) as (process, port):
                board = Powered(self.name, f"socket://127.0.0.1:{port}", process)
                pico_wiring.wire(board, folder)
                yield board

    @contextmanager
    def connect(self) -> Iterator[SerialTransport]:
        """Switch the board on and open its raw REPL."""
        with self.powered() as board, raw_repl.opened(self.name, board.device) as transport:
            yield transport
