"""Files reach a board complete, or the old file stays; ROMFS images align the network."""

from pathlib import Path

import pytest
from board_in_folder import FolderBoard
from random_networks import random_network

from spikelet import installation
from spikelet.boards.raw_repl import last_line
from spikelet.errors import BoardGone, SpikeletError
from spikelet.flashing import romfs
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.networks import lif_file
from spikert.network import tables

LIF = lif_file.to_bytes(random_network(3))
# The first bytes of a ROMFS image, and the kinds of its records.
HEADER = b"\xd2\xcd\x31"
DIRECTORY, FILE, DATA = 4, 5, 2


@pytest.fixture
def board(tmp_path, monkeypatch):
    """Return a transport to a board whose files are in tmp_path."""
    monkeypatch.chdir(tmp_path)
    return FolderBoard()


@pytest.fixture
def files(board):
    """Return the files of the board."""
    return BoardFiles(board, fast=False, everywhere=True)


def test_board_files_store_writes_all_folders(files, tmp_path):
    sent = {"a/b/c.py": b"x" * 3000, "a/d.py": b"", "network.lif": LIF}
    files.make(["a", "a/b"])
    steps = list(files.store(sent))
    assert {path: (tmp_path / path).read_bytes() for path in sent} == sent
    assert steps[:4] == [1024, 2048, 3000, 3000]
    assert steps[-1] == 3000 + len(LIF)
    assert [path.name for path in tmp_path.rglob("*.new")] == []


def test_board_files_list_and_remove_folder(files, tmp_path):
    files.make(["a", "a/b", "a"])
    list(files.store({"a/b/c.py": b"123", "a/d.py": b"4"}))
    sizes = files.list("a")
    assert sizes == {"a/b/c.py": 3, "a/b": -1, "a/d.py": 1}
    assert list(sizes).index("a/b/c.py") < list(sizes).index("a/b")
    assert files.list("none") == {}
    files.remove([*sizes, "a", "never-there"])
    assert list(tmp_path.iterdir()) == []
    assert files.read("a/d.py") is None


def test_board_files_read_refuses_more_than_requested(board, files, monkeypatch):
    monkeypatch.setattr(board, "eval", lambda expression: b"0123456789")
    with pytest.raises(
        SpikeletError, match="sent 10 bytes of a.py, above the 9 that were requested"
    ):
        files.read("a.py", 9)


def test_board_files_store_on_full_board_keeps_old_file(board, files, tmp_path):
    (tmp_path / "network.lif").write_bytes(b"old")
    board.room = 1500
    with pytest.raises(
        SpikeletError, match=r"network\.lif of 2000 bytes \(.*No space left"
    ) as full:
        list(files.store({"network.lif": b"x" * 2000}))
    assert "\n" not in str(full.value)
    assert "flash --erase" in str(full.value)
    assert (tmp_path / "network.lif").read_bytes() == b"old"


def test_board_files_store_damaged_keeps_old_file(board, files, tmp_path):
    (tmp_path / "main.py").write_bytes(b"old")
    board.corrupt = True
    with pytest.raises(SpikeletError, match=r"main\.py arrived damaged on the board.*flash again"):
        list(files.store({"main.py": b"new code"}))
    assert (tmp_path / "main.py").read_bytes() == b"old"


@pytest.mark.parametrize("step", ["make", "store"])
def test_board_files_read_only_error_names_remedy(board, files, step):
    board.read_only = True
    with pytest.raises(
        SpikeletError, match=r"read-only .*CIRCUITPY.*storage\.disable_usb_drive"
    ) as error:
        files.make(["a"]) if step == "make" else list(files.store({"a.py": b"1"}))
    assert "\n" not in str(error.value)


def test_board_files_rename_missing_keeps_target(board, files, tmp_path):
    (tmp_path / "kept").write_bytes(b"old")
    with pytest.raises(SpikeletError, match="could not rename missing"):
        files.rename("missing", "kept")
    assert (tmp_path / "kept").read_bytes() == b"old"


def test_last_line_returns_error_of_traceback():
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
    """Return (value, end) of a number with 7 bits in each byte, the highest first."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = value << 7 | data[at] & 0x7F
    return value, at + 1


def files_in(data: bytes, offset: int, folder: str = "") -> dict[str, tuple[int, bytes]]:
    """Return {path: (offset in the image, content)} of the records of a directory."""
    files = {}
    for kind, start, payload in records(data, offset):
        if kind not in (DIRECTORY, FILE):
            continue
        size, at = number(payload, 0)
        path = folder + payload[at : at + size].decode()
        rest, rest_at = payload[at + size :], start + at + size
        if kind == DIRECTORY:
            files |= files_in(rest, rest_at, path + "/")
        else:
            (content,) = [part for part in records(rest, rest_at) if part[0] == DATA]
            files[path] = content[1:]
    return files


def unpacked(image: bytes) -> dict[str, tuple[int, bytes]]:
    assert image.startswith(HEADER)
    size, at = number(image, len(HEADER))
    assert at + size == len(image)
    return files_in(image[at:], at)


def assert_holds(image: bytes, files: dict[str, bytes]) -> None:
    contents = unpacked(image)
    assert {path: contents[path][1] for path in files} == files
    assert all(contents[path][0] % 4 == 0 for path in files if path.endswith(".lif"))
    assert all(content == b"" for path, (_, content) in contents.items() if path not in files)


@pytest.mark.parametrize("extra", range(16))
@pytest.mark.parametrize("path", ["a.py", "zoo.py", "spikert/kernels/a.py"])
def test_romfs_image_aligns_network(path, extra):
    files = {"main.py": b"m" * 5, "network.lif": LIF, path: b"x" * (120 + extra)}
    assert_holds(romfs.romfs_image(files), files)


def test_romfs_image_has_runtime_and_recording():
    for size in range(4):
        files = {**installation.runtime_files(), "network.lif": LIF, "samples.bin": bytes(size)}
        assert_holds(romfs.romfs_image(files), files)


def test_runtime_files_have_all_modules_and_main():
    files = installation.runtime_files()
    folder = Path(tables.__file__).parents[1]
    modules = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in (folder / "spikert").rglob("*.py")
    }
    assert modules.items() <= files.items()
    assert "main.py" in files.keys() - modules.keys()


# A reset in the middle


@pytest.mark.parametrize(
    "use",
    [
        lambda files: files.fingerprints(["a"]),
        lambda files: files.read("a"),
        lambda files: files.list("spikelet"),
        lambda files: files.remove(["a"]),
        lambda files: files.make(["a"]),
        lambda files: files.rename("a", "b"),
        lambda files: list(files.store({"a": b"1" * 3000})),
    ],
    ids=["fingerprints", "read", "list", "remove", "make", "rename", "store"],
)
def test_board_files_report_reset_of_board(board, files, use, tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    use(files)
    (tmp_path / "a").write_bytes(b"old")
    # A reset forgets the functions that the host defined.
    for name in [name for name in board.names if name.startswith("_") and name[1] != "_"]:
        del board.names[name]
    with pytest.raises(BoardGone, match="was reset meanwhile.*try again") as error:
        use(files)
    assert "erase" not in str(error.value)
    assert "\n" not in str(error.value)
    assert (tmp_path / "a").read_bytes() == b"old"
