"""Predicts the survey of a board from its board file."""

from __future__ import annotations

from spikelet.boards.catalogue import BoardType, Runtime
from spikelet.boards.interpreter import Interpreter
from spikelet.flashing.runtime import file_systems

# {start of a core's name: architecture, as mpy-cross spells it}.
ARCHITECTURES = {
    "Cortex-M0": "armv6m",
    "Cortex-M3": "armv7m",
    "Cortex-M33": "armv7emsp",
    "Cortex-M4": "armv7emsp",
    "Cortex-M7": "armv7emdp",
    "RV32": "rv32imc",
    "Xtensa": "xtensawin",
}
# The emitters of an interpreter that runs a kernel.
EMITTERS = {"thumb": ("asm_thumb",), "viper": ("viper", "native")}
# Clusters; a FAT with more of them needs more than 12 bits for each.
FAT12 = 0xFF5
# Up to this number of sectors CircuitPython makes a smaller root folder. Source: its lib/oofatfs/ff.c.
FEW_SECTORS = 256


def interpreter(board: BoardType) -> Interpreter:
    """Return the interpreter that a board probably has, with bytecode 6.3."""
    runtime = board.first
    cores = [core for core in ARCHITECTURES if board.cpu.startswith(core)]
    native = "viper" in runtime.kernels
    size, block = _file_system(runtime)
    return Interpreter(
        runtime.name,
        (6, 3),
        ARCHITECTURES[max(cores, key=len)] if cores and native else "",
        flash_size=size,
        flash_block=block,
        ulab="ulab" if "ulab" in runtime.kernels else "",
        emitters=tuple(
            emitter for kernel in runtime.kernels for emitter in EMITTERS.get(kernel, ())
        ),
    )


def _file_system(runtime: Runtime) -> tuple[int, int]:
    """Return (bytes for files, bytes of a block); 0 bytes for files means no limit."""
    size = runtime.flash_free or 0
    if not size or not runtime.fat:
        return size, file_systems.PAGE
    block = file_systems.fat_block(size)
    if size // block > FAT12:
        return size, block
    few = runtime.name == "circuitpython" and size <= FEW_SECTORS * file_systems.SECTOR
    return file_systems.fat_space(size, 128 if few else 512), block
