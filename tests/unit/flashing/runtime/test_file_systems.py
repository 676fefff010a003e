"""Files and folders take whole blocks of a file system."""

import pytest

from spikelet.flashing.runtime import file_systems


def test_filed_size_rounds_to_blocks_and_doubles_entry_point():
    files = {"main.py": bytes(513), "spikert/a.py": bytes(513), "spikert/kernels/b.py": bytes(512)}
    # spikelet, its runtime, spikert, kernels
    folders = 4
    assert file_systems.filed_size(files, 512) == 512 * (4 + 2 + 1 + 1 + folders)
    assert file_systems.filed_size(files, 4096) == 4096 * (2 + 1 + 0 + 4 * folders)


@pytest.mark.parametrize(
    ("size", "block"),
    [(48 << 10, 512), ((2 << 20) - 4096, 512), (2 << 20, 1024), (8 << 20, 2048), (15 << 20, 2048)],
)
def test_fat_block_grows_with_flash_size(size, block):
    assert file_systems.fat_block(size) == block


@pytest.mark.parametrize(("size", "root", "left"), [(48, 128, 43), (60, 128, 55), (112, 512, 95)])
def test_fat_space_excludes_boot_sector_table_and_root(size, root, left):
    assert file_systems.fat_space(size << 10, root) == left << 10
