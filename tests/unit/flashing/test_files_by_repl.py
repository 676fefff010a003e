"""What goes into a board's file system arrives whole, or leaves the old file where it was."""

from pathlib import Path

import pytest
from board_in_folder import FolderBoard
from random_networks import random_network

from spikelet import installation
from spikelet.boards.raw_repl import last_line
from spikelet.errors import SpikeletError
from spikelet.flashing import romfs
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.networks import lif_file
from spikert.network import tables

LIF = lif_file.to_bytes(random_network(3))
HEADER = b"\xd2\xcd\x31"  # of a ROMFS image
DIRECTORY, FILE, DATA = 4, 5, 2  # kinds of its records


@pytest.fixture
def board(tmp_path, monkeypatch):
    """Return a transport to a board whose files are in tmp_path."""
    monkeypatch.chdir(tmp_path)
    return FolderBoard()


@pytest.fixture
def files(board):
    """Return the files of the board."""
    return BoardFiles(board, fast=False)


def test_files_arrive_in_their_folders(files, tmp_path):
    sent = {"a/b/c.py": b"x" * 3000, "a/d.py": b"", "network.lif": LIF}
    files.make(["a", "a/b"])
    steps = list(files.store(sent))
    assert {path: (tmp_path / path).read_bytes() for path in sent} == sent
    assert steps[:4] == [1024, 2048, 3000, 3000]
    assert steps[-1] == 3000 + len(LIF)
    assert [path.name for path in tmp_path.rglob("*.new")] == []


def test_what_is_there_is_listed_and_removed(files, tmp_path):
    files.make(["a", "a/b", "a"])
    list(files.store({"a/b/c.py": b"123", "a/d.py": b"4"}))
    found = files.list("a")
    assert found == {"a/b/c.py": 3, "a/b": -1, "a/d.py": 1}
    assert list(found).index("a/b/c.py") < list(found).index("a/b")
    assert files.list("none") == {}
    files.remove([*found, "a", "never-there"])
    assert list(tmp_path.iterdir()) == []
    assert files.read("a/d.py") is None


def test_a_full_board_keeps_its_old_file(board, files, tmp_path):
    (tmp_path / "network.lif").write_bytes(b"old")
    board.room = 1500
    with pytest.raises(
        SpikeletError, match=r"network\.lif of 2000 bytes \(.*No space left"
    ) as full:
        list(files.store({"network.lif": b"x" * 2000}))
    assert "\n" not in str(full.value)
    assert "flash --erase" in str(full.value)
    assert (tmp_path / "network.lif").read_bytes() == b"old"


def test_what_arrives_damaged_does_not_replace_the_old_file(board, files, tmp_path):
    (tmp_path / "main.py").write_bytes(b"old")
    board.corrupt = True
    with pytest.raises(SpikeletError, match=r"main\.py arrived damaged on the board.*flash again"):
        list(files.store({"main.py": b"new code"}))
    assert (tmp_path / "main.py").read_bytes() == b"old"


@pytest.mark.parametrize("step", ["make", "store"])
def test_a_file_system_that_is_read_only_is_explained(board, files, step):
    board.read_only = True
    with pytest.raises(SpikeletError, match=r"read-only .*CIRCUITPY.*storage\.remount") as error:
        files.make(["a"]) if step == "make" else list(files.store({"a.py": b"1"}))
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_replaces_none(board, files, tmp_path):
    (tmp_path / "kept").write_bytes(b"old")
    with pytest.raises(SpikeletError, match="could not rename missing"):
        files.rename("missing", "kept")
    assert (tmp_path / "kept").read_bytes() == b"old"


def test_the_last_line_says_what_went_wrong():
    text = "Traceback (most recent call last):\r\n  File x\r\nOSError: [Errno 28] ENOSPC\r\n\r\n"
    assert last_line(text) == "OSError: [Errno 28] ENOSPC"
    assert last_line("") == "no reason given"


# ROMFS images


def records(data: bytes, offset: int = 0):
    """Yield (kind, offset of the payload, payload) of the records in part of a ROMFS image."""
    at = 0
    while at < len(data):
        kind, at = number(data, at)
        size, at = number(data, at)
        yield kind, offset + at, data[at : at + size]
        at += size


def number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 7 bits in each byte, the highest first, and where it ends."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = value << 7 | data[at] & 0x7F
    return value, at + 1


def files_in(data: bytes, offset: int, folder: str = "") -> dict[str, tuple[int, bytes]]:
    """Return {path: (offset in the image, content)} of the records of a directory."""
    found = {}
    for kind, start, payload in records(data, offset):
        if kind not in (DIRECTORY, FILE):
            continue
        size, at = number(payload, 0)
        path = folder + payload[at : at + size].decode()
        rest, rest_at = payload[at + size :], start + at + size
        if kind == DIRECTORY:
            found |= files_in(rest, rest_at, path + "/")
        else:
            (content,) = [part for part in records(rest, rest_at) if part[0] == DATA]
            found[path] = content[1:]
    return found


def unpacked(image: bytes) -> dict[str, tuple[int, bytes]]:
    assert image.startswith(HEADER)
    size, at = number(image, len(HEADER))
    assert at + size == len(image)
    return files_in(image[at:], at)


def assert_holds(image: bytes, files: dict[str, bytes]) -> None:
    found = unpacked(image)
    assert {path: found[path][1] for path in files} == files
    assert all(found[path][0] % 4 == 0 for path in files if path.endswith(".lif"))
    assert all(content == b"" for path, (_, content) in found.items() if path not in files)


@pytest.mark.parametrize("extra", range(16))
@pytest.mark.parametrize("path", ["a.py", "zoo.py", "spikert/kernels/a.py"])
def test_a_network_is_aligned_in_an_image_whatever_else_is_there(path, extra):
    files = {"main.py": b"m" * 5, "network.lif": LIF, path: b"x" * (120 + extra)}
    assert_holds(romfs.romfs_image(files), files)


def test_the_runtime_and_a_recording_fit_in_an_image():
    for size in range(4):
        files = {**installation.runtime_files(), "network.lif": LIF, "samples.bin": bytes(size)}
        assert_holds(romfs.romfs_image(files), files)


def test_the_runtime_is_all_there():
    files = installation.runtime_files()
    folder = Path(tables.__file__).parents[1]
    modules = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in (folder / "spikert").rglob("*.py")
    }
    assert modules.items() <= files.items()
    assert "main.py" in files.keys() - modules.keys()
