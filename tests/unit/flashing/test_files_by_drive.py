"""CircuitPython's drive: found by the board's UID, written whole, believed once the board read it."""

import hashlib
from pathlib import Path

import pytest
from board_in_folder import boot

from spikelet import installation
from spikelet.errors import SpikeletError
from spikelet.flashing import erase, files_by_drive, stage
from spikelet.flashing import layout as board_layout

UID = "E6614C311B7E6F35"
BOOT_OUT = f"""Adafruit CircuitPython 9.2.1 on 2024-11-20; Adafruit Feather RP2040 with rp2040
Board ID:adafruit_feather_rp2040
UID:{UID}
"""
FILES = {
    "spikert/__init__.py": b"runtime",
    "network.lif": b"3" * 1300,
    **dict.fromkeys(installation.ENTRY_POINTS, installation.entry_point()),
}


class Board:
    """A board's REPL, which hashes what its file system holds; `stale` paths read as something else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stale = ""

    def hashes(self, paths):
        found = {}
        for path in paths:
            data = self.folder / path
            found[path] = hashlib.sha256(data.read_bytes()).hexdigest() if data.exists() else None
            if self.stale and self.stale in path:
                found[path] = "0" * 64
        return found


class Transport:
    """A raw REPL that says which interpreter it is, and the UID of its chip."""

    def __init__(self, name: str, uid: str) -> None:
        self.said = (name, uid)

    def exec(self, code):
        pass

    def eval(self, expression):
        return self.said


@pytest.fixture
def circuitpy(tmp_path, monkeypatch):
    """Return the folder where the drive of a board is mounted, besides another's."""
    for name, uid in (("CIRCUITPY", UID), ("CIRCUIT PY 1", "0011")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / files_by_drive.BOOT_OUT).write_text(BOOT_OUT.replace(UID, uid))
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "proc /proc proc rw 0 0\n"
        f"/dev/sdb1 {str(tmp_path).replace(' ', chr(92) + '040')}/CIRCUIT\\040PY\\0401 vfat rw 0 0\n"
        f"/dev/sda1 {tmp_path}/CIRCUITPY vfat rw 0 0\n"
    )
    monkeypatch.setattr(files_by_drive, "MOUNTS", mounts)
    monkeypatch.setattr(files_by_drive, "PLACES", ())
    monkeypatch.setattr(files_by_drive.sys, "platform", "linux")
    return tmp_path / "CIRCUITPY"


def test_the_drive_of_the_board_is_found_among_others(circuitpy):
    assert files_by_drive.find(UID) == circuitpy
    assert files_by_drive.find(UID.lower()) == circuitpy
    assert files_by_drive.find("0011") == circuitpy.with_name("CIRCUIT PY 1")
    assert files_by_drive.find("FFFF") is None


@pytest.mark.parametrize(
    ("name", "uid", "found"),
    [
        ("circuitpython", UID, True),
        ("circuitpython", "FFFF", False),
        ("circuitpython", "", False),
        ("micropython", UID, False),
    ],
)
def test_only_circuitpython_has_a_drive(circuitpy, name, uid, found):
    made = files_by_drive.of(Transport(name, uid))
    assert (made is not None) == found
    assert made is None or made.folder == circuitpy


@pytest.fixture
def files(circuitpy):
    """Return the files on the drive, and the board that reads them."""
    board = Board(circuitpy)
    return files_by_drive.DriveFiles(circuitpy, board), board


def test_what_is_flashed_through_the_drive_starts(files, circuitpy, monkeypatch):
    made, _ = files
    (circuitpy / "code.py").write_text('print("Hello World!")\n')
    layout = board_layout.of(FILES)
    steps = list(stage.install_files(made, layout))
    assert steps[0] == (0, 1307)
    assert steps[-1] == (1307, 1307)
    monkeypatch.chdir(circuitpy)
    found = boot()
    assert found.files == {"network.lif": FILES["network.lif"]}
    assert found.runtime == {"spikert/__init__.py": b"runtime"}
    assert (circuitpy / files_by_drive.BOOT_OUT).exists()
    assert not list(circuitpy.rglob("*.new"))
    other = {**FILES, "network.lif": b"5"}
    list(stage.install_files(made, board_layout.of(other)))
    assert boot().files == {"network.lif": b"5"}
    assert len(list(circuitpy.rglob("*.lif"))) == 1
    erase.erase(made, erase.ours(made))
    assert {path.name for path in circuitpy.rglob("*")} == {files_by_drive.BOOT_OUT}


@pytest.mark.parametrize("stale", [".lif", "active"])
def test_what_the_board_reads_otherwise_is_not_put_to_use(files, circuitpy, monkeypatch, stale):
    made, board = files
    list(stage.install_files(made, board_layout.of(FILES)))
    board.stale = stale
    with pytest.raises(SpikeletError, match="damaged"):
        list(stage.install_files(made, board_layout.of({**FILES, "network.lif": b"5"})))
    monkeypatch.chdir(circuitpy)
    assert boot().files == {"network.lif": FILES["network.lif"]}


def test_a_drive_that_cannot_be_written_is_explained(files, monkeypatch):
    made, _ = files

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files_by_drive.os, "fsync", refuse)
    with pytest.raises(SpikeletError, match=r"CIRCUITPY could not store .*No space") as error:
        list(stage.install_files(made, board_layout.of(FILES)))
    assert "\n" not in str(error.value)
    assert "goes on with what it had" in str(error.value)
