"""Test the folder of the emulated Pico's drive; a volume in memory takes its sectors."""

import base64

import fatfs
import pytest

from spikelet.boards.virtual import drive
from spikelet.errors import SpikeletError

SECTORS = 1024


class MemoryBoard:
    """A board whose drive is an empty FAT volume in memory."""

    def __init__(self):
        self.volume = bytearray(SECTORS * drive.SECTOR)
        partition = fatfs.Partition(fatfs.RamDisk(self.volume, sector_size=drive.SECTOR))
        partition.mkfs()
        self.written = 0
        self.writable = True

    def ask(self, **command):
        if "wait_for_usb" in command:
            return {"drive": self.writable, "ports": 1}
        if "flash" in command:
            return {"flash": base64.b64encode(self.volume).decode()}
        request = command["drive"]
        if "data" in request:
            data, at = base64.b64decode(request["data"]), (request["sector"] - 1) * drive.SECTOR
            self.volume[at : at + len(data)] = data
            self.written += len(data) // drive.SECTOR
        return {"done": self.writable}

    def files(self):
        """Return {path: content} of the volume."""
        copy = fatfs.Partition(fatfs.RamDisk(self.volume, sector_size=drive.SECTOR))
        copy.mount()
        volume = fatfs.PartitionExtended(copy)
        found = {
            f"{above.rstrip('/')}/{name}": volume.read_file(f"{above.rstrip('/')}/{name}")
            for above, _, names in volume.walk("/")
            for name in names
        }
        copy.unmount()
        return found


@pytest.fixture
def board():
    return MemoryBoard()


def attached(board, folder):
    return drive.attached("pico:x.uf2", folder, board.ask)


def test_drive_follows_files_and_folders(board, tmp_path):
    with attached(board, tmp_path) as found:
        (found.folder / "lib" / "Deep Folder").mkdir(parents=True)
        (found.folder / "lib" / "Deep Folder" / "a file.mpy").write_bytes(b"a" * 3000)
        (found.folder / "code.py").write_bytes(b"1")
        found.sync()
        assert board.files() == {"/code.py": b"1", "/lib/Deep Folder/a file.mpy": b"a" * 3000}
        (found.folder / "code.py").write_bytes(b"22")
        (found.folder / "lib" / "Deep Folder" / "a file.mpy").unlink()
        (found.folder / "lib" / "Deep Folder").rmdir()
    assert board.files() == {"/code.py": b"22"}
    with attached(board, tmp_path) as found:
        assert (found.folder / "code.py").read_bytes() == b"22"


def test_drive_renames_without_the_content(board, tmp_path):
    with attached(board, tmp_path) as found:
        (found.folder / "big.new").write_bytes(bytes(range(256)) * 100)
        (found.folder / "big").write_bytes(b"old")
        found.sync()
        before = board.written
        (found.folder / "big.new").replace(found.folder / "big")
        found.sync()
        assert board.files() == {"/big": bytes(range(256)) * 100}
        # The tables and the folder, and none of the 50 sectors of the content.
        assert board.written - before < 10


def test_drive_unchanged_is_not_written(board, tmp_path):
    with attached(board, tmp_path) as found:
        (found.folder / "a").write_bytes(b"1")
        found.sync()
        before = board.written
        found.sync()
        assert board.written == before


def test_drive_that_is_full_is_error(board, tmp_path):
    with attached(board, tmp_path) as found:
        big = found.folder / "big"
        big.write_bytes(bytes(SECTORS * drive.SECTOR))
        with pytest.raises(SpikeletError, match="could not be written") as raised:
            found.sync()
        assert "\n" not in str(raised.value)
        big.unlink()
        (found.folder / "small").write_bytes(b"1")
    assert board.files() == {"/small": b"1"}


def test_drive_of_a_board_that_keeps_it_is_not_mounted(board, tmp_path):
    board.writable = False
    with attached(board, tmp_path) as found:
        assert found is None
        assert drive.mounted() == []


def test_drive_can_be_mounted_often(board, tmp_path):
    for _ in range(30):
        with attached(board, tmp_path) as found:
            assert drive.mounted() == [found.folder]
    assert drive.mounted() == []
