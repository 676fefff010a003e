"""Test the check of firmware files for the emulated Pico."""

import pytest
from uf2_files import uf2_block as block

from spikelet.boards.virtual import uf2
from spikelet.errors import SpikeletError


def test_uf2_of_the_rp2040_is_returned(tmp_path):
    path = tmp_path / "firmware.uf2"
    path.write_bytes(block() + block(address=0x10000100))
    assert uf2.checked(path) == block() + block(address=0x10000100)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 bytes are no whole blocks"),
        (b"\x7fELF" + bytes(508), "block 0 does not begin and end"),
        (block() + block()[:-4] + bytes(4), "block 1 does not begin and end"),
        (block() + b"\n", "513 bytes are no whole blocks"),
        (block(family=0xE48BFF59), "names 0xe48bff59"),
        (block(flags=0), "names no family"),
        (block(address=0x20000000), "is for address 0x20000000"),
        (block(address=0x101FFFFF), "is for address 0x101fffff"),
    ],
)
def test_uf2_of_another_kind_is_refused(tmp_path, content, reason):
    path = tmp_path / "firmware.uf2"
    path.write_bytes(content)
    with pytest.raises(SpikeletError, match=reason) as raised:
        uf2.checked(path)
    assert "\n" not in str(raised.value)


def test_uf2_that_is_a_folder_is_refused(tmp_path):
    with pytest.raises(SpikeletError, match="cannot be read"):
        uf2.checked(tmp_path)
