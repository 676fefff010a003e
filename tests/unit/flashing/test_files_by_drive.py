"""The drive of a CircuitPython board is found by its UID; the board checks each file."""

from pathlib import Path

import pytest
from board_in_folder import boot

from spikelet import installation
from spikelet.errors import SpikeletError
from spikelet.flashing import erase, files_by_drive, stage
from spikelet.flashing.files_by_drive import DriveFiles
from spikelet.flashing.fingerprint import Fingerprint, fingerprint

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
    """The REPL of a board, which checks its files; paths with `stale` get another CRC-32."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stale = ""

    def fingerprints(self, paths):
        found = {}
        for path in paths:
            file = self.folder / path
            found[path] = fingerprint(file.read_bytes()) if file.exists() else None
            if found[path] and self.stale and self.stale in path:
                found[path] = Fingerprint(found[path].size, 0)
        return found


class Transport:
    """A raw REPL that reports its interpreter and the UID of its chip."""

    def __init__(self, name: str, uid: str) -> None:
        self.identity = (name, uid)

    def exec(self, code):
        pass

    def eval(self, expression):
        return self.identity


@pytest.fixture
def circuitpy(tmp_path, monkeypatch):
    """Return the mounted drive of a board; the drive of another board is mounted, too."""
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


def test_find_drive_selects_drive_by_uid(circuitpy):
    assert files_by_drive.find_drive(UID) == circuitpy
    assert files_by_drive.find_drive(UID.lower()) == circuitpy
    assert files_by_drive.find_drive("0011") == circuitpy.with_name("CIRCUIT PY 1")
    assert files_by_drive.find_drive("FFFF") is None


@pytest.mark.parametrize(
    ("name", "uid", "has_drive"),
    [
        ("circuitpython", UID, True),
        ("circuitpython", "FFFF", False),
        ("circuitpython", "", False),
        ("micropython", UID, False),
    ],
)
def test_drive_files_need_circuitpython_and_matching_uid(circuitpy, name, uid, has_drive):
    drive = DriveFiles.of(Transport(name, uid))
    assert (drive is not None) == has_drive
    assert drive is None or drive.folder == circuitpy


@pytest.fixture
def files(circuitpy):
    """Return the files on the drive, and the board that checks them."""
    board = Board(circuitpy)
    return files_by_drive.DriveFiles(circuitpy, board), board


def test_drive_files_flash_starts_on_board(files, circuitpy, monkeypatch):
    drive, _ = files
    (circuitpy / "code.py").write_text('print("Hello World!")\n')
    steps = list(stage.install_files(drive, FILES))
    assert steps[0] == (0, 1307)
    assert steps[-1] == (1307, 1307)
    monkeypatch.chdir(circuitpy)
    start = boot()
    assert start.files == {"network.lif": FILES["network.lif"]}
    assert start.runtime == {"spikert/__init__.py": b"runtime"}
    assert (circuitpy / files_by_drive.BOOT_OUT).exists()
    assert not list(circuitpy.rglob("*.new"))
    other = {**FILES, "network.lif": b"5"}
    list(stage.install_files(drive, other))
    assert boot().files == {"network.lif": b"5"}
    assert len(list(circuitpy.rglob("*.lif"))) == 1
    erase.erase(drive, erase.own_files(drive))
    assert {path.name for path in circuitpy.rglob("*")} == {files_by_drive.BOOT_OUT}


def test_drive_files_flash_keeps_files_of_user(files, circuitpy):
    drive, _ = files
    theirs = {
        "code.py": b'print("Hello World!")\n# mine\n',
        "lib/adafruit_mpu6050.mpy": b"M",
        "main.py.new": b"mine",
        "settings.toml": b"",
        "spikelet/my_recording.csv": b"1,2,3",
        "spikelet/manifest": b"of a ship",
    }
    for path, data in theirs.items():
        (circuitpy / path).parent.mkdir(exist_ok=True)
        (circuitpy / path).write_bytes(data)
    for network in (b"3", b"5", b"5"):
        list(stage.install_files(drive, {**FILES, "network.lif": network}))
    theirs["spikelet/manifest.bak"] = theirs.pop("spikelet/manifest")
    assert {path: (circuitpy / path).read_bytes() for path in theirs} == theirs
    assert [path.name for path in circuitpy.rglob("*.lif")] == ["091963c9.lif"]
    erasure = erase.own_files(drive)
    assert erasure.others == (
        *("code.py", "lib/", "main.py.new", "settings.toml"),
        *("spikelet/manifest.bak", "spikelet/my_recording.csv"),
    )
    erase.erase(drive, erasure)
    left = {
        path.relative_to(circuitpy).as_posix() for path in circuitpy.rglob("*") if path.is_file()
    }
    assert left == {*theirs, files_by_drive.BOOT_OUT}


@pytest.mark.parametrize("stale", [".lif", "active"])
def test_drive_files_with_other_checksum_are_not_activated(files, circuitpy, monkeypatch, stale):
    drive, board = files
    list(stage.install_files(drive, FILES))
    board.stale = stale
    with pytest.raises(SpikeletError, match="damaged"):
        list(stage.install_files(drive, {**FILES, "network.lif": b"5"}))
    monkeypatch.chdir(circuitpy)
    assert boot().files == {"network.lif": FILES["network.lif"]}


def test_drive_files_write_error_is_one_sentence(files, monkeypatch):
    drive, _ = files

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files_by_drive.os, "fsync", refuse)
    with pytest.raises(SpikeletError, match=r"CIRCUITPY could not store .*No space") as error:
        list(stage.install_files(drive, FILES))
    assert "\n" not in str(error.value)
    assert "keeps its old files" in str(error.value)
