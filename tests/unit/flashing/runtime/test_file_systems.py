"""What files take in a file system."""

import pytest

from spikelet.flashing.runtime import file_systems


def test_files_and_folders_take_whole_blocks_and_an_entry_point_two():
    files = {"main.py": bytes(513), "spikert/a.py": bytes(513), "spikert/kernels/b.py": bytes(512)}
    folders = 4  # spikelet, its runtime, spikert, kernels
    assert file_systems.filed_size(files, 512) == 512 * (4 + 2 + 1 + folders)
    assert file_systems.filed_size(files, 4096) == 4096 * (2 + 1 + 0 + 4 * folders)


@pytest.mark.parametrize(
    ("size", "block"),
    [(48 << 10, 512), ((2 << 20) - 4096, 512), (2 << 20, 1024), (8 << 20, 2048), (15 << 20, 2048)],
)
def test_a_larger_fat_has_larger_clusters(size, block):
    assert file_systems.fat_block(size) == block


@pytest.mark.parametrize(("size", "root", "left"), [(48, 128, 43), (60, 128, 55), (112, 512, 95)])
def test_a_fat_keeps_some_of_a_small_flash_for_itself(size, root, left):
    assert file_systems.fat_space(size << 10, root) == left << 10
