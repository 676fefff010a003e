"""Mount an emulator's image in memory, and import the runtime from it.

The host assigns `_place` in front: (address, bytes).
"""

import sys

import uctypes
import vfs

_place: tuple

try:
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(*_place)), "/rom")
    sys.path.insert(0, "/rom")
except OSError:
    pass
