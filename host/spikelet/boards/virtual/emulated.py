"""Run boards without hardware as processes with a raw REPL."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mpremote.transport_serial import SerialTransport

from spikelet import files, installation
from spikelet.boards import catalogue, raw_repl, start_code
from spikelet.boards.port import FilePort, ReplPort
from spikelet.boards.timeouts import EMULATED_TIMEOUT_S
from spikelet.boards.virtual import processes
from spikelet.errors import BoardError, RefusedInput, UsageError

SERVE = Path(__file__).parent / "serve.py"
VIRTUAL = "virtual"
# Names of further virtual boards; they become names of folders.
VIRTUAL_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Virtual(FilePort):
    """The firmware on CPython, with strict replacements for a board's modules.

    Parameters
    ----------
    name : str
        Spelling of `--port`.
    storage : str
        Folder of its files: in the cache, or an absolute path.
    """

    def __init__(self, name: str = "virtual", storage: str = VIRTUAL) -> None:
        self.name = name
        self.storage = storage
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
                raw_repl.opened(
                    self.name,
                    f"socket://127.0.0.1:{port}",
                    limit=self.timeout,
                    interpreter=True,
                ) as transport,
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
    timeout = EMULATED_TIMEOUT_S

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
                raw_repl.opened(
                    self.name,
                    device,
                    raw_repl.EMULATED_TIMEOUT,
                    limit=self.timeout,
                    interpreter=True,
                ) as transport,
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


def virtual_storage(name: str) -> str:
    """Return the folder of the virtual board virtual:NAME, or of `virtual` for an empty name.

    Raises
    ------
    SpikeletError
        If the name has other characters than letters, digits, - and _.
    """
    if not name:
        return VIRTUAL
    if not VIRTUAL_NAME.fullmatch(name):
        raise UsageError(
            f"no virtual board can be called {name[:40]!a}; use up to 40 letters, digits, - and _"
        )
    return f"{VIRTUAL}-{name}"


def virtual_boards() -> dict[str, Path]:
    """Return {spelling of --port: folder of its file system} of the virtual boards so far."""
    boards = {}
    for folder in sorted(installation.cache_folder().glob(f"{VIRTUAL}*")):
        board, dash, name = folder.name.partition("-")
        if board == VIRTUAL and (folder / "files").is_dir():
            boards[f"{board}:{name}" if dash else board] = folder / "files"
    return boards


@contextmanager
def temporary_virtual() -> Iterator[Virtual]:
    """Yield a new virtual board, and remove its files at the end."""
    with tempfile.TemporaryDirectory(prefix="spikelet-") as folder:
        yield Virtual("virtual:temporary", folder)


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
