"""What a board's interpreter says of itself, before anything is put on the board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spikelet.boards import catalogue, identify
from spikelet.errors import SpikeletError

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

    from spikelet.boards.resolve import Port

# Functions that need one of MicroPython's emitters each, and return 2 where it works.
PROBES = {
    "viper": "@micropython.viper\ndef probe(x: int) -> int:\n    return x + 1\n",
    "native": "@micropython.native\ndef probe(x):\n    return x + 1\n",
    "asm_thumb": "@micropython.asm_thumb\ndef probe(r0):\n    add(r0, r0, 1)\n",
    "asm_rv32": "@micropython.asm_rv32\ndef probe(a0):\n    addi(a0, a0, 1)\n",
}

# What an earlier session left is not counted.
SURVEY = """
import gc, sys
session = None
for name in list(sys.modules):
    if name.startswith("spikert"):
        del sys.modules[name]
gc.collect()
rom_size = 0
try:
    import vfs
    if vfs.rom_ioctl(1) > 0:
        rom = vfs.rom_ioctl(2, 0)
        rom_size = rom.ioctl(4, 0) * rom.ioctl(5, 0) if hasattr(rom, "ioctl") else len(rom)
except (ImportError, AttributeError, OSError):
    pass
flash_size = flash_free = flash_block = 0
try:
    import os
    block = os.statvfs("/")
    flash_block = block[1]
    flash_size, flash_free = flash_block * block[2], flash_block * block[3]
except (AttributeError, OSError):
    pass
machine = getattr(sys.implementation, "_machine", "")
try:
    machine = machine or os.uname().machine
except (AttributeError, NameError):
    machine = sys.platform
board_id = machine
if sys.implementation.name == "circuitpython":  # elsewhere it may be any file of the user's
    try:
        import board
        board_id = board.board_id
    except (AttributeError, ImportError):
        pass
"""
ANSWER = (
    "(sys.implementation.name, machine, board_id, getattr(sys.implementation, '_mpy', 0), "
    "gc.mem_free() if hasattr(gc, 'mem_free') else 0, "
    "rom_size, flash_size, flash_free, flash_block)"
)

# Asked apart, for it takes memory.
ABILITIES = """
ulab = ""
try:
    import ulab
    ulab = ulab.__version__
except (ImportError, AttributeError):
    pass

def works(code):
    try:
        import micropython
        scope = {"micropython": micropython}
        exec(code, scope)
        return scope["probe"](1) == 2
    except Exception:  # each port has its own for what it lacks
        return False
"""

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
    transport.exec(SURVEY)
    name, machine, board_id, mpy, *sizes = transport.eval(ANSWER)
    memory_free, rom_size, flash_size, flash_free, flash_block = sizes
    transport.exec(ABILITIES)
    ulab, works = transport.eval(f"(ulab, [works(code) for code in {tuple(PROBES.values())!r}])")
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
