"""What a board that is known by its file alone is likely to say of itself."""

from __future__ import annotations

from spikelet.boards.catalogue import BoardType, Runtime
from spikelet.boards.interpreter import Interpreter
from spikelet.flashing.runtime import file_systems

# Cores by how their names begin, and how mpy-cross spells what they run.
ARCHITECTURES = {
    "Cortex-M0": "armv6m",
    "Cortex-M3": "armv7m",
    "Cortex-M33": "armv7emsp",
    "Cortex-M4": "armv7emsp",
    "Cortex-M7": "armv7emdp",
    "RV32": "rv32imc",
    "Xtensa": "xtensawin",
}
EMITTERS = {"thumb": ("asm_thumb",), "viper": ("viper", "native")}  # that a kernel tells of
FAT12 = 0xFF5  # clusters, above which a FAT takes more than what is counted here
FEW_SECTORS = 256  # with which CircuitPython's root folder is smaller; Source: its lib/oofatfs/ff.c


def interpreter(board: BoardType) -> Interpreter:
    """Return what the interpreter of a board is likely to say, with today's bytecode."""
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
    """Return the bytes that files can have on a board, and those of a block; (0, ...) without limit."""
    size = runtime.flash_free or 0
    if not size or not runtime.fat:
        return size, file_systems.PAGE
    block = file_systems.fat_block(size)
    if size // block > FAT12:
        return size, block
    few = runtime.name == "circuitpython" and size <= FEW_SECTORS * file_systems.SECTOR
    return file_systems.fat_space(size, 128 if few else 512), block
