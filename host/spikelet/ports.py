"""The ways to reach a board: what `--port` may say, and what it opens.

Every board, real or emulated, is reached through mpremote's raw REPL; the runtime started there
then speaks in frames on the same stream.
"""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from spikelet import board_files, board_layout, flashing, network
from spikelet.data_port import DataPort
from spikelet.errors import BoardGone, NotThere, SpikeletError
from spikelet.link import Stream
from spikelet.network import Network
from spikert.session import NETWORK
from spikert.tables import TableError

READ_CHUNK = 1024
READ_TIMEOUT = 10  # seconds that mpremote waits for the REPL's next byte
EMULATED_TIMEOUT = 60  # and of a board that is emulated, and shares its computer with others
FIRST_WAIT = 1.0  # seconds for the REPL, until Ctrl-C is sent again; doubled each time
SILENCE = 0.05  # seconds that a program pauses which does not print without end
PRINTING = 0.5  # seconds that a program may go on to print before it is interrupted
FLOOD = 2.0  # and that it may print after that

LOAD = """
import sys
for name in list(sys.modules):
    if name.startswith("spikert"):
        del sys.modules[name]
{prelude}
from spikert import session
"""


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

    def install(self, files: Mapping[str, bytes]) -> Iterator[tuple[int, int]]:
        """Put files, named as for board_layout.of, there and to use; yield (bytes done, of all)."""


@contextmanager
def session(port: Port, paths: Mapping[str, str] | None = None) -> Iterator[Stream]:
    """Start the runtime on a board and give the stream on which it speaks.

    paths    {name: path} to use instead of what is in use
    Raises SpikeletError if there is no board, or no runtime on it.
    """
    if isinstance(port, DataPort):
        with port.stream() as stream:
            yield stream
        return
    prelude = port.prelude if paths is None else board_layout.CHOOSE.format(paths=dict(paths))
    with port.connect() as transport:
        try:
            transport.exec(LOAD.format(prelude=prelude))
        except TransportExecError as error:
            reason = board_files.last_line(error.error_output)
            raise SpikeletError(
                f"{port.name} has no Spikelet runtime that starts ({reason}); run spikelet flash"
            ) from None
        transport.exec_raw_no_follow("session.main(_paths)")
        transport.serial.timeout = 0
        yield transport.serial


@contextmanager
def raw_repl(name: str, device: str, patience: float = 0) -> Iterator[SerialTransport]:
    """Open a serial device or a `socket://` and enter the board's raw REPL.

    name        how messages call it
    patience    seconds to wait for the REPL; if not given, EMULATED_TIMEOUT at a socket, behind which
                is an emulated board, else READ_TIMEOUT
    Raises SpikeletError if it cannot be opened, is in use, has no REPL, or goes away.
    """
    patience = patience or (EMULATED_TIMEOUT if device.startswith("socket:") else READ_TIMEOUT)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):  # mpremote prints what it could not understand
            transport = SerialTransport(device, timeout=patience)
    except TransportError:
        raise _unopened(name, device) from None
    try:
        _send_at_once(transport)
        _quieten(transport, name)
        transport.serial.timeout = patience
        with contextlib.redirect_stdout(said):
            _enter(transport, patience)
        yield transport
    except TransportExecError as error:
        raise SpikeletError(
            f"{name} refused: {board_files.last_line(error.error_output)}"
        ) from None
    except TransportError:
        raise SpikeletError(
            f"{name} has no MicroPython or CircuitPython REPL that answers; "
            "reset the board, or put an interpreter on it"
        ) from None
    except serial.SerialException as error:
        raise BoardGone(f"{name} went away ({error}); plug it in and run this again") from None
    finally:
        with contextlib.suppress(OSError):
            transport.close()


def _enter(transport: SerialTransport, patience: float) -> None:
    """Enter the raw REPL; raises TransportError if it does not answer for so many seconds.

    Ctrl-C is sent again from time to time: a board that has just been reset does not hear the first,
    and then starts its program.
    """
    end, wait = time.monotonic() + patience, FIRST_WAIT
    while True:
        try:
            transport.enter_raw_repl(soft_reset=False, timeout_overall=min(wait, patience))
            return
        except TransportError:
            if time.monotonic() > end:
                raise
            wait *= 2


def _quieten(transport: SerialTransport, name: str) -> None:
    """Interrupt a program that prints without pause; mpremote would read its text for ever.

    Raises SpikeletError if even that does not end it.
    """
    transport.serial.timeout = SILENCE
    begun, interrupted = time.monotonic(), False
    while transport.serial.read(READ_CHUNK):
        passed = time.monotonic() - begun
        if passed > PRINTING and not interrupted:
            transport.serial.write(b"\r\x03")
            interrupted = True
        if passed > PRINTING + FLOOD:
            raise SpikeletError(
                f"{name} sends text without end, and Ctrl-C does not stop it; it is no board with "
                "MicroPython or CircuitPython, or needs a reset"
            )


def _send_at_once(transport: SerialTransport) -> None:
    """Have a `socket://` send each part of a command when it is written.

    Without it, TCP keeps the second part until the first is acknowledged, often for 40 ms.
    """
    if transport.device_name.startswith("socket:"):
        descriptor = transport.serial.fileno()
        with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _unopened(name: str, device: str) -> SpikeletError:
    """Return why a port did not open, which mpremote keeps to itself."""
    try:
        serial.serial_for_url(device, exclusive=True).close()
    except serial.SerialException as error:
        if "lock" in str(error):
            return SpikeletError(
                f"{name} is in use by another program; close that one and try again"
            )
        if getattr(error, "errno", None) == 13:  # for a moment of every board just plugged in
            return NotThere(
                f"{name} may not be opened by you; join the group that owns it (often dialout)"
            )
        return NotThere(
            f"{name} cannot be opened ({error}); spikelet doctor lists what is attached"
        )
    return NotThere(f"{name} did not open; try again")


class FileBoard:
    """A board whose files are in a file system that its REPL reaches."""

    prelude = board_layout.CHOOSE_ACTIVE
    in_place = False

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the board's raw REPL."""
        raise NotImplementedError

    def install(self, files: Mapping[str, bytes]) -> Iterator[tuple[int, int]]:
        """Copy files into the board's file system, and put them to use."""
        with self.connect() as transport:
            yield from flashing.install(flashing.of(transport), board_layout.of(files))


class SerialPort(FileBoard):
    """A real board at a serial port."""

    def __init__(self, device: str) -> None:
        self.name = device

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the board's raw REPL."""
        return raw_repl(self.name, self.name)


def held(port: Port) -> tuple[Network, frozenset[str]]:
    """Return the network that a board holds, and the names of all that was flashed with it.

    Raises SpikeletError if it holds no network, or a damaged one.
    """
    with port.connect() as transport:
        transport.exec("import sys\n" + port.prelude)
        paths = transport.eval("_paths")
        try:
            data = transport.fs_readfile(paths.get(NETWORK, NETWORK), chunk_size=READ_CHUNK)
        except OSError:
            raise SpikeletError(f"{port.name} holds no network; run spikelet flash") from None
    try:
        return network.from_bytes(bytes(data)), frozenset(paths)
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
    from spikelet.virtual import emulated, pico

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
