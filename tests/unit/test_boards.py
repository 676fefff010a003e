"""Board files: each loads, and says where its facts come from; a wrong one is refused by name."""

import pytest

from spikelet import boards, resources
from spikelet.errors import SpikeletError
from spikert import kernels

FACTS_OF_THE_CHIP = {"cpu", "ram_free", "kernels", "rom_address"}

TOML = """
description = "a board"
port = "auto"
runtimes = ["micropython"]
cpu = "Cortex-M0"
ram_free = 1
flash_free = 2
kernels = ["plain"]
usb_ids = [[0x2e8a, 5]]
[source]
cpu = "its datasheet"
"""


@pytest.fixture
def board_file(tmp_path, monkeypatch):
    """Return a function that makes a board called `mine` of a text."""
    monkeypatch.setattr(resources, "board_folder", lambda: tmp_path)

    def write(text: str) -> str:
        (tmp_path / "mine.toml").write_text(text)
        return "mine"

    return write


def test_the_boards_without_hardware_are_there():
    assert {"virtual", "unix", "qemu-m3", "qemu-m0", "qemu-rv32"} <= set(boards.names())
    assert boards.names() == sorted(boards.names())


@pytest.mark.parametrize("name", boards.names())
def test_every_board_loads_and_names_its_sources(name):
    board = boards.load(name)
    assert board.name == name
    assert board.description
    assert set(board.runtimes) <= {"micropython", "circuitpython", "cpython"}
    assert board.runtimes
    assert board.kernels[-1] == "plain"
    assert set(board.kernels) <= set(kernels.NAMES)
    assert board.source
    assert all(board.source.values())
    for fact in board.source:
        assert hasattr(board, fact) or hasattr(board.machine, fact)
    if board.ram_free:
        assert "ram_free" in board.source


@pytest.mark.parametrize("name", ["qemu-m3", "qemu-m0", "qemu-rv32"])
def test_an_emulated_board_says_how_it_is_run(name):
    board = boards.load(name)
    machine = board.qemu
    assert board.port == name.replace("-", ":")
    assert set(board.source) >= FACTS_OF_THE_CHIP
    assert machine.system.startswith("qemu-system-")
    assert machine.rom_address % 4 == 0
    assert board.flash_free == machine.rom_size > 0


def test_a_board_that_is_not_emulated_says_so():
    with pytest.raises(SpikeletError, match="virtual is not an emulated board"):
        _ = boards.load("virtual").qemu


@pytest.mark.parametrize("name", ["picoo", "../boards/virtual", ""])
def test_a_board_that_is_not_known(name):
    with pytest.raises(SpikeletError, match=r"no board is called .*; there are: .*virtual"):
        boards.load(name)


def test_a_new_board_is_a_new_file(board_file):
    board = boards.load(board_file(TOML))
    assert boards.names() == ["mine"]
    assert board.usb_ids == ((0x2E8A, 5),)
    assert (board.ram_free, board.machine) == (1, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TOML.replace("cpu", "cpus"), "cpus is unknown"),
        (TOML.replace("kernels", "#"), "kernels"),
        (TOML.replace("ram_free = 1", ""), "ram_free"),
        (TOML.replace("[0x2e8a, 5]", "5"), "not a board file"),
        (TOML.replace("[0x2e8a, 5]", "[1, 2, 3]"), "not a board file"),
        (TOML + '[qemu]\nsystem = "x"\n', "firmware"),
        ("= 5", "line 1"),
    ],
)
def test_a_board_file_that_is_wrong_is_named(board_file, text, words):
    with pytest.raises(SpikeletError, match=words) as error:
        boards.load(board_file(text))
    assert "mine.toml is not a board file" in str(error.value)
    assert "\n" not in str(error.value)
