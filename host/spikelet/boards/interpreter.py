"""What a board's interpreter says of itself, before anything is put on the board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spikelet import installation, minify
from spikelet.boards import catalogue, identify
from spikelet.errors import SpikeletError

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

    from spikelet.boards.port import Port

# {emitter: code of a function that needs it and adds one}
PROBES = {
    name: code for name, code in minify.functions(installation.board_side("probes")).items() if name
}

# In the order in which `sys.implementation._mpy` counts them, spelled as mpy-cross's -march.
# Source: MicroPython's py/persistentcode.h, MP_NATIVE_ARCH_*.
ARCHITECTURES = (
    "",
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
    "rv32imc",
    "rv64imc",
)


@dataclass(frozen=True)
class Interpreter:
    """An interpreter on a board.

    name           "micropython", "circuitpython" or "cpython"
    machine        what it calls its board, such as "Raspberry Pi Pico with RP2040"
    board_id       what identifies its board: CircuitPython's board.board_id, else the machine
    bytecode       (version, subversion) of the .mpy files it loads; (0, 0) where it loads none
    architecture   of the native code in them, as mpy-cross spells it, or nothing
    memory_free    int, bytes free for Python; 0 where it cannot tell, or has no fixed limit
    rom_size       int, bytes of its first ROM partition, which a ROMFS image can take; 0 without one
    flash_size     int, bytes of its file system; 0 without one
    flash_free     int, bytes that are free there
    flash_block    int, bytes of which a file takes a whole number
    ulab           its version, or nothing
    emitters       of PROBES, those that work
    """

    name: str
    bytecode: tuple[int, int] = (0, 0)
    architecture: str = ""
    memory_free: int = 0
    rom_size: int = 0
    flash_size: int = 0
    machine: str = ""
    board_id: str = ""
    flash_free: int = 0
    flash_block: int = 0
    ulab: str = ""
    emitters: tuple[str, ...] = ()


def ask(port: Port) -> Interpreter:
    """Return what the interpreter at a port says; raises SpikeletError where none answers."""
    with port.connect() as transport:
        return survey(transport)


def survey(transport: SerialTransport) -> Interpreter:
    """Return what the interpreter at the end of a raw REPL says of itself."""
    # What an earlier session left is not counted.
    transport.exec(installation.board_side("forget_runtime") + installation.board_side("survey"))
    (name, machine, board_id, mpy), memory_free, sizes = transport.eval("answer()")
    rom_size, flash_size, flash_free, flash_block = sizes
    # Asked apart, because it takes memory.
    transport.exec(installation.board_side("abilities"))
    probes = tuple(PROBES.items())
    ulab, works = transport.eval(f"(ulab_version, [works(*probe) for probe in {probes!r}])")
    version, architecture = (mpy & 0xFF, mpy >> 8 & 3), mpy >> 10 & 0xF
    return Interpreter(
        name,
        version,
        ARCHITECTURES[architecture] if architecture < len(ARCHITECTURES) else "",
        memory_free,
        rom_size,
        flash_size,
        machine,
        board_id,
        flash_free,
        flash_block,
        ulab,
        tuple(name for name, does in zip(PROBES, works, strict=True) if does),
    )


def check_board(asked: Interpreter, name: str, port: str) -> None:
    """Raise SpikeletError unless the board at a port says that it is the one called `name`."""
    wanted = catalogue.load(name)
    if wanted.port != port and wanted not in identify.identify(asked.name, asked.board_id).boards:
        raise SpikeletError(
            f"the board at {port} says that it is a {asked.machine}, not {name}; "
            "nothing was written; name another --port, or no --board"
        )
