"""The manifest names each file once it is whole, and no path outside of Spikelet's folders."""

import zlib

import pytest
from board_in_folder import FolderBoard

from spikelet.errors import SpikeletError
from spikelet.flashing import layout, manifest, paths
from spikelet.flashing.files_by_drive import DriveFiles
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.fingerprint import Fingerprint, fingerprint

WRITTEN = frozenset(
    {
        ("main.py", Fingerprint(1687, 0x312DA572)),
        ("main.py", Fingerprint(12, 0)),
        ("spikelet/787db5f3.lif", fingerprint(b"SLIF")),
        ("spikelet/r1a2b3c4d/spikert/__init__.mpy", fingerprint(b"")),
        ("spikelet/r1a2b3c4d/spikert/wire/frames.mpy", Fingerprint(1 << 20, 0xFFFFFFFF)),
    }
)
CLIMBING = (
    "/a",
    "..",
    "../a",
    "a/../b",
    "a//b",
    "./a",
    "",
    "a\\b",
    "C:/a",
    "a\0",
    "a\x1b[2J",
    "a\x7f",
)
OUTSIDE = ("a", "spikelets/a", "spikelet", "main.pyc", "boot.py", "lib/main.py")


def with_crc(text: bytes) -> bytes:
    return text + f"crc {zlib.crc32(text):08x}".encode()


def test_manifest_round_trip():
    data = manifest.to_bytes(WRITTEN)
    assert manifest.parse(data) == WRITTEN
    assert manifest.parse(manifest.to_bytes(frozenset())) == frozenset()
    # Each folder has one line.
    assert data.count(b"/\n") == 4


def test_manifest_of_damaged_content_is_none():
    whole = manifest.to_bytes(WRITTEN)
    for size in range(len(whole)):
        assert manifest.parse(whole[:size]) is None
        assert manifest.is_beginning(whole[:size])
    for at in range(len(whole)):
        assert manifest.parse(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]) is None
    for other in (None, b"mine", b"spikelet files 1\nmine is this\n", whole + b"\n"):
        assert manifest.parse(other) is None
        assert other is None or not manifest.is_beginning(other)


@pytest.mark.parametrize("path", [*CLIMBING, *OUTSIDE])
def test_manifest_and_active_with_path_outside_are_none(path):
    folder, _, name = path.rpartition("/")
    text = f"spikelet files 1\n{folder}/\n{name} 4 00000000\n".encode()
    assert manifest.parse(with_crc(text)) is None
    assert layout.parse_listing(with_crc(f"network.lif {path}\n".encode())) is None
    assert layout.parse_listing(with_crc(b"network.lif spikelet/1.lif\n")) is not None
    assert not paths.is_spikelets(path)


@pytest.mark.parametrize(
    "path", [path for path in CLIMBING if "\\" not in path and path[:2] != "C:"]
)
def test_listing_of_board_with_path_outside_is_refused(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    board = FolderBoard()
    listed = f"{(path, 4)!r}\n".encode()
    monkeypatch.setattr(board, "exec", lambda code: listed if "_list('" in code else b"")
    with pytest.raises(SpikeletError, match="cannot be trusted") as error:
        BoardFiles(board).list("spikelet")
    assert str(error.value).isprintable()


@pytest.mark.parametrize("path", CLIMBING)
def test_board_and_drive_change_no_path_outside(path, tmp_path, monkeypatch):
    (tmp_path / "board").mkdir()
    (tmp_path / "a").write_text("mine")
    monkeypatch.chdir(tmp_path / "board")
    board = BoardFiles(FolderBoard(), fast=False)
    for files in (board, DriveFiles(tmp_path / "board", board)):
        for change, *arguments in (
            (files.remove, [path]),
            (files.rename, path, "spikelet/a"),
            (files.make, [path]),
            (lambda new, files=files: list(files.store(new)), {path: b"other"}),
        ):
            with pytest.raises(SpikeletError, match="no path|not a path"):
                change(*arguments)
    assert (tmp_path / "a").read_text() == "mine"
    assert not list((tmp_path / "board").iterdir())


@pytest.mark.parametrize("path", OUTSIDE[:2] + OUTSIDE[3:])
def test_board_changes_no_file_of_user(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / path
    place.parent.mkdir(exist_ok=True)
    place.write_text("mine")
    with pytest.raises(SpikeletError, match="not a path of Spikelet"):
        BoardFiles(FolderBoard(), fast=False).remove([path])
    assert place.read_text() == "mine"
    BoardFiles(FolderBoard(), fast=False, everywhere=True).remove([path])
    assert not place.exists()
