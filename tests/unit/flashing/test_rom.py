"""mpremote writes ROM images, here to a simulated partition."""

import contextlib
import sys
from types import ModuleType, SimpleNamespace

import pytest
from board_in_folder import FolderBoard
from mpremote.transport import TransportExecError

from spikelet import installation
from spikelet.boards import start_code
from spikelet.errors import SpikeletError
from spikelet.flashing import flash, layout, rom, stage
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.romfs import romfs_image

FILES = {"spikert/session.mpy": bytes(range(256)) * 20, "network.lif": b"SLIF" * 500}
BLOCK = 4096
INTERPRETER = SimpleNamespace(name="micropython")


class Partition:
    """A ROM partition: runs the code of mpremote on CPython, with a module `vfs`."""

    def __init__(self, monkeypatch, partitions: int = 1):
        self.data = bytearray(b"\xff" * 8 * BLOCK)
        self.written = False
        self.names = {}
        module = ModuleType("vfs")
        module.rom_ioctl = self._ioctl
        module.umount = lambda path: None
        self.partitions = partitions
        monkeypatch.setitem(sys.modules, "vfs", module)

    def exec(self, code):
        try:
            exec(code, self.names)
        except ImportError as error:
            raise TransportExecError(1, str(error)) from error

    def eval(self, code):
        return eval(code, self.names)

    def _ioctl(self, request, number=0, *rest):
        if number >= self.partitions:
            return -19
        if request == 2:
            return memoryview(self.data)
        if request == 3:
            first, size = rest
            self.data[first : first + size] = bytes(size)
            return 4
        if request == 4:
            first, data = rest
            self.data[first : first + len(data)] = data
        if request == 5:
            self.written = True
        return BLOCK if request == 6 else 0


def port(transport):
    return SimpleNamespace(
        name="board", prelude="", connect=lambda: contextlib.nullcontext(transport)
    )


def test_rom_install_writes_image(monkeypatch):
    board = Partition(monkeypatch)
    rom_port = rom.Rom(port(board), len(board.data))
    image = romfs_image(FILES)
    assert list(stage.install_payload(rom_port, FILES)) == [(len(image), len(image))]
    assert bytes(board.data[: len(image)]) == image
    assert board.written
    assert rom_port.in_place


def test_rom_without_partition_raises(monkeypatch):
    with pytest.raises(SpikeletError, match="board has no ROM partition; flash without --rom"):
        rom.Rom(port(Partition(monkeypatch)), 0)
    with pytest.raises(SpikeletError, match="took no ROM image .*partition not found"):
        rom.deploy(Partition(monkeypatch, partitions=0), romfs_image(FILES))


def test_rom_image_too_large_raises_before_erase(monkeypatch):
    board = Partition(monkeypatch)
    before = bytes(board.data)
    size = len(romfs_image(FILES)) - 1
    with pytest.raises(SpikeletError, match=rf"{size:,} bytes, below the {size + 1:,}"):
        list(stage.install_payload(rom.Rom(port(board), size), FILES))
    assert bytes(board.data) == before


def test_rom_activate_writes_rom_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    list(stage.install_files(BoardFiles(FolderBoard(), fast=False), FILES))
    (tmp_path / "spikelet" / "1.lif").write_bytes(b"of the user")
    files = {**FILES, "main.py": installation.entry_point()}
    users = rom.Rom(port(FolderBoard()), 1 << 20).activate(files)
    assert (users.own, users.others) == ((), ("spikelet/1.lif",))
    paths = layout.parse_listing((tmp_path / "spikelet" / "active").read_bytes())
    assert paths == {"runtime": "/rom", "network.lif": "/rom/network.lif"}
    assert (tmp_path / "main.py").read_bytes() == installation.entry_point()
    names = {path.name for path in (tmp_path / "spikelet").iterdir()}
    assert names == {"active", "manifest", "1.lif"}


@pytest.mark.parametrize(
    ("paths", "in_use"),
    [
        (start_code.in_rom(["network.lif"]), True),
        ({"runtime": "spikelet/r1", "network.lif": "spikelet/2.lif"}, False),
        (None, False),
    ],
)
def test_rom_is_in_use_if_active_names_it(tmp_path, monkeypatch, paths, in_use):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spikelet").mkdir()
    if paths is not None:
        (tmp_path / "spikelet" / "active").write_bytes(layout.listing(paths))
    assert rom.Rom(port(FolderBoard()), 1 << 20).is_in_use() is in_use


def test_rom_in_use_needs_fallback_files_or_force(monkeypatch):
    def full(*_):
        raise SpikeletError("the board could not store network.lif")

    rom_port, warned = rom.Rom(port(None), 1 << 20), []
    choice = SimpleNamespace(files={}, sentence="")
    prepared = flash.Preparation(rom_port, INTERPRETER, None, choice, None, None)
    monkeypatch.setattr(flash, "_check_hidden_modules", lambda *_: None)
    monkeypatch.setattr(rom.Rom, "is_in_use", lambda self: True)
    monkeypatch.setattr(flash, "_write_files", full)
    monkeypatch.setattr(flash, "_write_in_place", lambda *_: (7, stage.UserFiles(), None))
    with pytest.raises(
        SpikeletError, match=r"could not store network.lif; its ROM was not written"
    ):
        flash.write_files(prepared, warn=warned.append)
    report = flash.write_files(prepared, force=True, warn=warned.append)
    assert (report.sent, report.own_entries) == (7, ())
    assert warned == [
        "board will not start by itself if the power goes now: the board could not store network.lif"
    ]
