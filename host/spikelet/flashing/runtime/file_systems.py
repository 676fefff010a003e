"""Computes the bytes of files in the file system of a board, in whole blocks."""

from __future__ import annotations

from collections.abc import Mapping

from spikelet import installation

# Bytes of a block of littlefs, the erase size of common NOR flash.
PAGE = 4096
# Bytes of a block of FAT on a small flash.
SECTOR = 512
# Blocks by which a folder lowers what MicroPython 1.25's os.statvfs reports free on littlefs.
# Source: measured with vfs.VfsLfs2 on a RAM disk of blocks of 4,096 bytes, progsize=256.
FOLDER_BLOCKS = 4
# A file of up to an 8th of a block lies in the metadata of its folder. Source: lfs.c, lfs_file_flush.
INLINE_SHARE = 8
# Bytes of the entry of a file in FAT.
ENTRY = 32
# Bytes of a file's line in the manifest.
MANIFEST_LINE = 30
# Folders around all files of the runtime, see layout.py.
FOLDERS = 2


def filed_size(files: Mapping[str, bytes], block: int = PAGE) -> int:
    """Return the bytes of flash that files take while they are being replaced.

    An entry point and the manifest take their space twice, because the old one stays until the new one
    is complete.

    Parameters
    ----------
    files : mapping of str to bytes
        {name: bytes}, as for `Layout.of_files`.
    block : int
        Bytes of a block; a file takes a whole number of blocks. Below PAGE the file system is FAT, else
        littlefs.
    """
    entries = [len(data) for name, data in files.items() if name in installation.ENTRY_POINTS]
    manifest = MANIFEST_LINE * len(files)
    sizes = [*map(len, files.values()), manifest, max([manifest, *entries])]
    folders = FOLDERS + len({path.rpartition("/")[0] for path in files if "/" in path})
    if block < PAGE:
        return sum(rounded_to_blocks(size, block) for size in sizes) + folders * block
    own_blocks = [size for size in sizes if size > block // INLINE_SHARE]
    in_files = sum(rounded_to_blocks(size, block) for size in own_blocks)
    return in_files + FOLDER_BLOCKS * folders * block


def rounded_to_blocks(size: int, block: int) -> int:
    """Return `size` bytes rounded up to whole blocks."""
    return -(-size // block) * block


def fat_block(size: int) -> int:
    """Return the bytes of a cluster of FAT on a flash of `size` bytes.

    Source: f_mkfs in lib/oofatfs/ff.c, of MicroPython and CircuitPython.
    """
    clusters = [limit for limit in (1, 4, 16, 64, 256, 512) if limit <= size // SECTOR // 0x1000]
    return SECTOR << len(clusters)


def fat_space(size: int, root_entries: int) -> int:
    """Return the bytes for files on a flash of `size` bytes with FAT12.

    The boot sector, the table and the root folder take the other bytes. Source: as for `fat_block`.

    Parameters
    ----------
    size : int
        Bytes of the flash.
    root_entries : int
        Entries of the root folder.
    """
    clusters = size // fat_block(size)
    table = (clusters * 3 + 1) // 2 + 3
    return (
        size
        - SECTOR
        - rounded_to_blocks(table, SECTOR)
        - rounded_to_blocks(root_entries * ENTRY, SECTOR)
    )
