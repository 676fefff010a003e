"""Report interpreter, board, free memory, and sizes of flash and ROM partition."""

import gc
import sys

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
# On other interpreters a module `board` can be a file of the user.
if sys.implementation.name == "circuitpython":
    try:
        import board

        board_id = board.board_id
    except (AttributeError, ImportError):
        pass


def answer():
    """Return identity, free memory in bytes, and sizes in bytes.

    The free memory excludes the memory of the survey itself.
    """
    return (
        (sys.implementation.name, machine, board_id, getattr(sys.implementation, "_mpy", 0)),
        gc.mem_free() if hasattr(gc, "mem_free") else 0,
        (rom_size, flash_size, flash_free, flash_block),
    )
