"""What goes into a board's file system arrives whole, or leaves the old file where it was."""

import traceback
from pathlib import Path

import pytest
from mpremote.transport import TransportExecError

from random_networks import random_network
from spikelet import board_files, resources
from spikelet.errors import SpikeletError
from spikelet.virtual import emulated
from spikert import tables

LIF = random_network(3).to_bytes()
HEADER = b"\xd2\xcd\x31"  # of a ROMFS image
DIRECTORY, FILE, DATA = 4, 5, 2  # kinds of its records


class LocalTransport:
    """Runs the board's code here, in the current folder.

    room      int, bytes that may still be written
    corrupt   bool, whether what is written changes on its way
    written   list of the paths that were written to, in order, each once
    """

    def __init__(self) -> None:
        self.names = {"open": self._open}
        self.room = 1_000_000
        self.corrupt = False
        self.written = []

    def exec(self, code: str) -> None:
        try:
            exec(code, self.names)
        except Exception as error:
            raise TransportExecError(1, traceback.format_exc()) from error

    def eval(self, expression: str):
        return eval(expression, self.names)

    def _open(self, path, mode):
        if "r" in mode:
            return open(path, mode)
        if path not in self.written:
            self.written.append(path)
        return _Limited(self, open(path, mode))


class _Limited:
    def __init__(self, transport, file) -> None:
        self.transport, self.file = transport, file

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.file.close()

    def write(self, data: bytes) -> None:
        self.transport.room -= len(data)
        if self.transport.room < 0:
            raise OSError(28, "No space left on device")
        self.file.write(data[:-1] + b"?" if self.transport.corrupt else data)


@pytest.fixture
def board(tmp_path, monkeypatch):
    """Return a transport to a board whose files are in tmp_path."""
    monkeypatch.chdir(tmp_path)
    return LocalTransport()


def test_files_arrive_in_their_folders(board, tmp_path):
    files = {"a/b/c.py": b"x" * 3000, "a/d.py": b"", "network.lif": LIF}
    steps = list(board_files.copy(board, files, chunk=1000))
    assert {path: (tmp_path / path).read_bytes() for path in files} == files
    assert steps == [(3000, 3000 + len(LIF)), (3000, 3000 + len(LIF)), (3000 + len(LIF),) * 2]
    assert [path.name for path in tmp_path.rglob("*.new")] == []


def test_only_what_changed_is_sent(board):
    list(board_files.copy(board, {"same.py": b"1", "other.py": b"2"}))
    board.written.clear()
    assert list(board_files.copy(board, {"same.py": b"1", "other.py": b"3"})) == [(1, 2), (2, 2)]
    assert board.written == ["other.py.new"]


def test_a_full_board_keeps_its_old_file(board, tmp_path):
    (tmp_path / "network.lif").write_bytes(b"old")
    board.room = 1500
    with pytest.raises(
        SpikeletError, match=r"network\.lif of 2000 bytes \(.*No space left"
    ) as full:
        list(board_files.copy(board, {"network.lif": b"x" * 2000}))
    assert "\n" not in str(full.value)
    assert (tmp_path / "network.lif").read_bytes() == b"old"


def test_what_arrives_damaged_does_not_replace_the_old_file(board, tmp_path):
    (tmp_path / "main.py").write_bytes(b"old")
    board.corrupt = True
    with pytest.raises(SpikeletError, match=r"main\.py arrived damaged on the board; flash again"):
        list(board_files.copy(board, {"main.py": b"new code"}))
    assert (tmp_path / "main.py").read_bytes() == b"old"


def test_the_last_line_says_what_went_wrong():
    text = "Traceback (most recent call last):\r\n  File x\r\nOSError: [Errno 28] ENOSPC\r\n\r\n"
    assert board_files.last_line(text) == "OSError: [Errno 28] ENOSPC"
    assert board_files.last_line("") == "no reason given"


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
    assert_holds(emulated.romfs_image(files), files)


def test_the_runtime_and_a_recording_fit_in_an_image():
    for size in range(4):
        files = {**resources.runtime_files(), "network.lif": LIF, "samples.bin": bytes(size)}
        assert_holds(emulated.romfs_image(files), files)


def test_the_runtime_is_all_there():
    files = resources.runtime_files()
    folder = Path(tables.__file__).parents[1]
    modules = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in (folder / "spikert").rglob("*.py")
    }
    assert modules.items() <= files.items()
    assert "main.py" in files.keys() - modules.keys()
