"""Run boards without hardware as processes with a raw REPL."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mpremote.transport_serial import SerialTransport

from spikelet import files, installation
from spikelet.boards import catalogue, raw_repl, start_code
from spikelet.boards.port import FilePort, ReplPort
from spikelet.boards.virtual import processes
from spikelet.errors import BoardError, RefusedInput

SERVE = Path(__file__).parent / "serve.py"


class Virtual(FilePort):
    """The firmware on CPython, with strict replacements for a board's modules."""

    def __init__(self, name: str = "virtual") -> None:
        self.name = name
        self.storage = "virtual"
        self.interpreter: list[str] = []

    @contextmanager
    def connect(self) -> Iterator[SerialTransport]:
        """Start the process and open its raw REPL."""
        with processes.owned(self.storage, self.name) as folder:
            files_folder = folder / "files"
            files_folder.mkdir(exist_ok=True)
            command = [sys.executable, str(SERVE), str(files_folder), *self.interpreter]
            with (
                processes.running(command, r"^(\d+)$", self.name) as (_, port),
                raw_repl.opened(self.name, f"socket://127.0.0.1:{port}") as transport,
            ):
                yield transport


class Unix(Virtual):
    """The firmware on a MicroPython or CircuitPython that was built for a computer."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name)
        interpreter = _interpreter(path)
        self.storage = f"unix-{interpreter.name}"
        self.interpreter = [str(interpreter)]


class Qemu(ReplPort):
    """Real firmware on an emulated microcontroller, which loads the flashed image at its start."""

    in_place = True

    def __init__(self, name: str, model: str, firmware: str = "") -> None:
        self.name = name
        self.storage = f"qemu-{model}"
        if self.storage not in catalogue.board_names():
            known = ", ".join(catalogue.qemu_ports())
            raise BoardError(f"no emulated board is called {name}; there are: {known}")
        self.machine = catalogue.load_board_type(self.storage).qemu
        self.prelude = installation.board_side(
            "mount_image",
            _place=(self.machine.rom_address, self.machine.rom_size),
            _paths=start_code.in_rom(),
        )
        self.firmware = processes.firmware(firmware or self.machine.firmware, f"{name} needs")
        if shutil.which(self.machine.system) is None:
            raise BoardError(
                f"{name} needs {self.machine.system}, which is not installed; "
                f"on Debian: apt-get install {self.machine.package}"
            )

    @contextmanager
    def connect(self) -> Iterator[SerialTransport]:
        """Start the emulator and open the raw REPL on its serial port."""
        with processes.owned(self.storage, self.name) as folder:
            command = [self.machine.system, *self.machine.arguments, "-kernel", str(self.firmware)]
            command += ["-serial", "pty"]
            image = folder / "image.romfs"
            if image.exists():
                place = f"addr={self.machine.rom_address:#x},force-raw=on"
                command += ["-device", f"loader,file={image},{place}"]
            with (
                processes.running(command, r"(/dev/\S+) \(label", self.name) as (_, device),
                raw_repl.opened(self.name, device, raw_repl.EMULATED_TIMEOUT) as transport,
            ):
                yield transport

    def write_image(self, image: bytes) -> None:
        """Store the image that the emulator loads at its next start.

        Raises
        ------
        SpikeletError
            If the image exceeds the ROM.
        """
        if len(image) > self.machine.rom_size:
            raise RefusedInput(
                f"{len(image)} bytes do not fit {self.name}'s {self.machine.rom_size}; "
                "train a smaller network"
            )
        with (
            processes.owned(self.storage, self.name) as folder,
            files.replacing(folder / "image.romfs") as path,
        ):
            path.write_bytes(image)


def _interpreter(path: str) -> Path:
    if not path:
        built = installation.cache_folder("emulated") / "micropython"
        program = shutil.which("micropython") or (str(built) if built.exists() else None)
        if program is None:
            raise BoardError(
                "no micropython on PATH; run boards/emulated/build unix, or give one as unix:PATH"
            )
        return Path(program).resolve()
    program = shutil.which(path)
    if program is None:
        raise BoardError(
            f"{path} is not a program that can be run; give a MicroPython as unix:PATH"
        )
    return Path(program).resolve()
