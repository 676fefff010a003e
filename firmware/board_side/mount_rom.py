"""Mount the image in the board's ROM partition, and import the runtime from it."""

import sys

import vfs

try:
    vfs.mount(vfs.VfsRom(vfs.rom_ioctl(2, 0)), "/rom")
except OSError:
    pass
if sys.path[0] != "/rom":
    sys.path.insert(0, "/rom")
