"""The ways to reach a board: what `--port` may say, and what it opens.

Every board, real or emulated, is reached through mpremote's raw REPL; the runtime started there
then speaks in frames on the same stream.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from spikelet import installation
from spikelet.boards import raw_repl
from spikelet.boards.data_port import DataPort
from spikelet.errors import SpikeletError
from spikelet.flashing import files_by_repl, layout, stage
from spikelet.link.link import Stream
from spikelet.networks import network
from spikelet.networks.network import Network
from spikert.network.tables import TableError
from spikert.session import NETWORK


def loading(prelude: str) -> str:
    """Return code that imports the runtime's session anew, after a prelude."""
    return installation.board_side("forget_runtime") + prelude + "\nfrom spikert import session\n"


class Port(Protocol):
    """A place where a board can be reached.

    name       as `--port` spells it
    prelude     code that makes the runtime importable, and `_paths`, {name: path} of what is in use
    in_place    whether files are read and run where they lie, in a ROMFS
    """

    @property
    def name(self) -> str:
        """How messages call it."""

    @property
    def prelude(self) -> str:
        """Code that makes the runtime importable, and `_paths`."""

    @property
    def in_place(self) -> bool:
        """Whether files are read and run where they lie."""

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the board's raw REPL, and close what had to be opened when done."""

    def session(
        self, paths: Mapping[str, str] | None = None
    ) -> contextlib.AbstractContextManager[Stream]:
        """Start the runtime, and give the stream on which it speaks.

        paths    {name: path} to use instead of what is in use
        """

    def install(self, files: Mapping[str, bytes]) -> Iterator[tuple[int, int]]:
        """Put files, named as for board_layout.of, there and to use; yield (bytes done, of all)."""


class Board:
    """A place with a REPL, in which the runtime is started; what stands below is as in Port."""

    name: str
    prelude: str
    in_place: bool

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the board's raw REPL."""
        raise NotImplementedError

    @contextmanager
    def session(self, paths: Mapping[str, str] | None = None) -> Iterator[Stream]:
        """Start the runtime; raises SpikeletError if there is no board, or no runtime on it."""
        prelude = self.prelude
        if paths is not None:
            prelude = installation.board_side("choose", _paths=dict(paths))
        with self.connect() as transport:
            try:
                transport.exec(loading(prelude))
            except TransportExecError as error:
                reason = files_by_repl.last_line(error.error_output)
                raise SpikeletError(
                    f"{self.name} has no Spikelet runtime that starts ({reason}); run spikelet flash"
                ) from None
            transport.exec_raw_no_follow("session.main(_paths)")
            transport.serial.timeout = 0
            yield transport.serial


class FileBoard(Board):
    """A board whose files are in a file system that its REPL reaches."""

    prelude = layout.CHOOSE_ACTIVE
    in_place = False

    def install(self, files: Mapping[str, bytes]) -> Iterator[tuple[int, int]]:
        """Copy files into the board's file system, and put them to use."""
        with self.connect() as transport:
            yield from stage.install(stage.of(transport), layout.of(files))


class SerialPort(FileBoard):
    """A real board at a serial port."""

    def __init__(self, device: str) -> None:
        self.name = device

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the board's raw REPL."""
        return raw_repl.opened(self.name, self.name)


def held(port: Port) -> tuple[Network, frozenset[str]]:
    """Return the network that a board holds, and the names of all that was flashed with it.

    Raises SpikeletError if it holds no network, or a damaged one.
    """
    with port.connect() as transport:
        transport.exec("import sys\n" + port.prelude)
        paths = transport.eval("_paths")
        try:
            data = transport.fs_readfile(
                paths.get(NETWORK, NETWORK), chunk_size=raw_repl.READ_CHUNK
            )
        except OSError:
            raise SpikeletError(f"{port.name} holds no network; run spikelet flash") from None
        # A ROM names the places of all files, also of those that were not flashed.
        there = frozenset(name for name, path in paths.items() if transport.fs_exists(path))
    try:
        return network.from_bytes(bytes(data)), there
    except TableError as error:
        raise SpikeletError(
            f"{port.name} holds a damaged network ({error}); flash it again"
        ) from None


def attached() -> list[str]:
    """Return the devices of USB serial ports, sorted."""
    return [port.device for port in attached_ports()]


def attached_ports() -> list[ListPortInfo]:
    """Return the USB serial ports as pyserial describes them, sorted by device."""
    found = (port for port in list_ports.comports() if port.vid is not None)
    return sorted(found, key=lambda port: port.device)


def resolve_or_default(spelling: str | None) -> Port:
    """Return the port that `spelling` means; without one the only board attached, or the virtual one.

    Raises
    ------
    SpikeletError
        As `resolve` does.
    """
    if spelling is None:
        spelling = "auto" if attached() else "virtual"
    return resolve(spelling)


def resolve(spelling: str) -> Port:
    """Return the port that `spelling` means.

    virtual, unix[:PATH], qemu:m3|m0|rv32[:ELF], pico[:UF2], data:DEVICE, or as mpremote spells it:
    auto, id:SERIAL, a device
    Raises SpikeletError if there is none, or several, or the emulator is missing.
    """
    if (emulated := _emulated(spelling)) is not None:
        return emulated
    kind, _, rest = spelling.partition(":")
    if kind == "data":
        return DataPort(rest)
    if kind == "id":
        return SerialPort(_by_serial_number(rest))
    if kind == "auto":
        return SerialPort(_the_only_one())
    return SerialPort(rest if kind == "port" else spelling)


def _emulated(spelling: str) -> Port | None:
    """Return the board without hardware that `spelling` means, or None if it means another."""
    from spikelet.boards.virtual import emulated, pico

    kind, _, rest = spelling.partition(":")
    if kind == "virtual":
        return emulated.Virtual(spelling)
    if kind == "unix":
        return emulated.Unix(spelling, rest)
    if kind == "qemu":
        return emulated.Qemu(spelling, *rest.partition(":")[::2])
    if kind == "pico":
        return pico.Pico(spelling, rest)
    return None


def _the_only_one() -> str:
    devices = attached()
    if len(devices) == 1:
        return devices[0]
    if devices:
        raise SpikeletError(
            f"{len(devices)} boards are attached: {', '.join(devices)}; name one with --port"
        )
    raise SpikeletError("no board is attached; plug one in, or use --port virtual")


def _by_serial_number(number: str) -> str:
    for port in list_ports.comports():
        if port.serial_number == number:
            return str(port.device)
    raise SpikeletError(
        f"no board has the serial number {number}; attached are: {', '.join(attached()) or 'none'}"
    )
