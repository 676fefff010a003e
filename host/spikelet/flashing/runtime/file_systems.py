"""The bytes that files take in a board's file system, which gives them out in whole blocks."""

from __future__ import annotations

from collections.abc import Mapping

from spikelet import installation

PAGE = 4096  # bytes of a block of littlefs; erase size of common NOR flash
SECTOR = 512  # bytes of a block of FAT on a small flash
# Blocks by which a folder lowers what MicroPython 1.25's os.statvfs reports free on littlefs.
# Source: measured with vfs.VfsLfs2 on a RAM disk of blocks of 4,096 bytes, progsize=256.
FOLDER_BLOCKS = 4
# A file of up to a block's 8th lies in the metadata of its folder. Source: lfs.c, lfs_file_flush.
INLINE_SHARE = 8
ENTRY = 32  # bytes of a file's entry in FAT
FOLDERS = 2  # that all files of the runtime are in, see board_layout.py


def filed_size(files: Mapping[str, bytes], block: int = PAGE) -> int:
    """Return the bytes of flash that files take in a file system while they are being replaced.

    files    named as board_layout.of takes them
    block    int, bytes of which each takes a whole number
    An entry point is there twice, for the old one stays until the new one is whole. Below PAGE a file
    system is taken to be FAT, else littlefs.
    """
    entries = [len(data) for name, data in files.items() if name in installation.ENTRY_POINTS]
    sizes = [*map(len, files.values()), max(entries, default=0)]
    folders = FOLDERS + len({path.rpartition("/")[0] for path in files if "/" in path})
    if block < PAGE:
        return sum(rounded_to_blocks(size, block) for size in sizes) + folders * block
    own_blocks = [size for size in sizes if size > block // INLINE_SHARE]
    in_files = sum(rounded_to_blocks(size, block) for size in own_blocks)
    return in_files + FOLDER_BLOCKS * folders * block


def rounded_to_blocks(size: int, block: int) -> int:
    """Return the bytes of the blocks that a file of `size` bytes takes."""
    return -(-size // block) * block


def fat_block(size: int) -> int:
    """Return the bytes of a cluster of the FAT on a flash of `size` bytes.

    Source: f_mkfs in lib/oofatfs/ff.c, of MicroPython and CircuitPython
    """
    clusters = [limit for limit in (1, 4, 16, 64, 256, 512) if limit <= size // SECTOR // 0x1000]
    return SECTOR << len(clusters)


def fat_space(size: int, root_entries: int) -> int:
    """Return the bytes for files on a flash of `size` bytes whose FAT numbers clusters by 12 bits.

    What is not is a sector to start from, the FAT itself, and the root folder. Source: the same
    """
    clusters = size // fat_block(size)
    table = (clusters * 3 + 1) // 2 + 3
    return (
        size
        - SECTOR
        - rounded_to_blocks(table, SECTOR)
        - rounded_to_blocks(root_entries * ENTRY, SECTOR)
    )
