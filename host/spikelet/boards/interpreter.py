"""Ask a board's interpreter for its version, memory and abilities before a flash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spikelet import installation, minify
from spikelet.boards import catalogue, identify
from spikelet.errors import BoardError

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

    from spikelet.boards.port import Port

# {emitter: code of a function that needs the emitter and adds 1 to its argument}
PROBES = {
    name: code for name, code in minify.functions(installation.board_side("probes")).items() if name
}

# In the order of the numbers in `sys.implementation._mpy`, with the spelling of mpy-cross's -march.
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

    Attributes
    ----------
    name : str
        "micropython", "circuitpython" or "cpython".
    bytecode : (int, int)
        Version and subversion of the .mpy files that it loads; (0, 0) if it loads none.
    architecture : str
        Architecture of native code in .mpy files, as mpy-cross spells it; empty without native code.
    memory_free : int
        Bytes free for Python; 0 if it cannot tell, or has no fixed limit.
    rom_size : int
        Bytes of its first ROM partition, which can contain a ROMFS image; 0 without one.
    flash_size : int
        Bytes of its file system; 0 without one.
    machine : str
        Its name for the board, such as "Raspberry Pi Pico with RP2040".
    board_id : str
        Identifier of its board: CircuitPython's `board.board_id`, else `machine`.
    flash_free : int
        Bytes free in its file system.
    flash_block : int
        Size in bytes of the blocks of its file system; a file fills whole blocks.
    ulab : str
        Version of ulab; empty without it.
    emitters : tuple of str
        Names of the PROBES that work.
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


def survey_port(port: Port) -> Interpreter:
    """Return the interpreter at a port; raise SpikeletError if none answers."""
    with port.connect() as transport:
        return survey(transport)


def survey(transport: SerialTransport) -> Interpreter:
    """Return the interpreter at the other end of a raw REPL."""
    # Modules of an earlier session would count as used memory.
    transport.exec(installation.board_side("forget_runtime") + installation.board_side("survey"))
    (name, machine, board_id, mpy), memory_free, sizes = transport.eval("answer()")
    rom_size, flash_size, flash_free, flash_block = sizes
    # A request of its own, because these tests take memory.
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


def check_board(interpreter: Interpreter, name: str, port: str) -> None:
    """Raise SpikeletError unless the interpreter at `port` reports the board called `name`."""
    board = catalogue.load_board_type(name)
    if (
        board.port != port
        and board not in identify.identify(interpreter.name, interpreter.board_id).boards
    ):
        raise BoardError(
            f"the board at {port} says that it is a {interpreter.machine}, not {name}; "
            "the board is unchanged; name another --port, or no --board"
        )
