"""Test the board files: each loads and has a source for its facts; an invalid file is an error."""

import re
from collections import Counter

import pytest

from spikelet import installation
from spikelet.boards import catalogue
from spikelet.conversion import weight_storage
from spikelet.errors import SpikeletError
from spikert import kernels

REAL = {
    "pico",
    "pico-w",
    "pico2",
    "feather-rp2040",
    "feather-m4-express",
    "qtpy-rp2040",
    "circuit-playground-bluefruit",
    "feather-nrf52840-sense",
    "nano-rp2040-connect",
    "nano33-ble-sense",
    "esp32-devkit",
    "esp32-s3",
    "esp32-c3",
    "m5stickc-plus",
    "pyboard",
    "teensy41",
    "microbit-v2",
}
WITHOUT_HARDWARE = {"virtual", "unix", "qemu-m3", "qemu-m0", "qemu-rv32"}

OF_A_BOARD = ("cpu", "clock_mhz", "fpu", "ram", "psram", "flash")
OF_A_RUNTIME = (
    *("kernels", "firmware", "machine", "variant", "usb_ids", "clock_mhz"),
    *("ram_free", "flash_free", "rom_size", "usb_cdc_data"),
)
LEAST_OF_A_REAL_BOARD = ("cpu", "clock_mhz", "ram", "flash")
ON_OR_OFF = {"led_on", "button_pressed"}
I2C = {"id", "bus", "sda", "scl"}
LINES = {
    "i2c": {"id", "bus", "sda", "scl", "interrupt"},
    "adc": {"data", "enable"},
    "pdm": {"clock", "data", "power"},
}
NEEDED = {"i2c": {"sda", "scl"}, "adc": {"data"}, "pdm": {"clock", "data"}}
KINDS = {"accelerometer", "magnetometer", "light", "temperature", "environment", "microphone"}

TOML = """
description = "a board"
cpu = "Cortex-M0"
[micropython]
kernels = ["plain"]
usb_ids = [[0x2e8a, 5]]
ram_free = 1
flash_free = 2
[source]
cpu = "its datasheet"
[source.micropython]
ram_free = "measured"
"""

EVERY = catalogue.every()
ids = [board.name for board in EVERY]


@pytest.fixture
def board_file(tmp_path, monkeypatch):
    """Return a function that writes a board file called `mine`."""
    monkeypatch.setattr(installation, "board_folder", lambda: tmp_path)

    def write(text: str) -> str:
        (tmp_path / "mine.toml").write_text(text)
        return "mine"

    return write


def test_catalogue_lists_documented_boards():
    assert set(catalogue.board_names()) == REAL | WITHOUT_HARDWARE
    assert catalogue.board_names() == sorted(catalogue.board_names())


@pytest.mark.parametrize("board", EVERY, ids=ids)
def test_board_facts_have_sources(board):
    stated = [fact for fact in OF_A_BOARD if getattr(board, fact) not in {None, 0, ""}]
    stated += ["fpu"] if board.fpu is False else []
    if board.cpu == "this computer's":
        stated.remove("cpu")
    for runtime in board.runtimes.values():
        facts = (fact for fact in OF_A_RUNTIME if getattr(runtime, fact) not in (None, 0, "", ()))
        stated += [f"{runtime.name}.{fact}" for fact in facts]
        stated += [f"pins.{purpose}" for purpose in runtime.pins]
    stated += [f"sensors.{sensor.chip or sensor.kind}" for sensor in board.sensors]
    assert stated
    assert set(stated) - set(board.source) == set()
    assert all(len(origin) > 10 for origin in board.source.values())
    assert not any("://" in origin for origin in board.source.values())


@pytest.mark.parametrize("board", EVERY, ids=ids)
def test_board_sources_belong_to_facts(board):
    for fact in board.source:
        table, _, key = fact.rpartition(".")
        if table == "pins":
            assert any(key in runtime.pins for runtime in board.runtimes.values())
        elif table == "sensors":
            assert key in {name for sensor in board.sensors for name in (sensor.chip, sensor.kind)}
        else:
            assert hasattr(
                {"": board, "qemu": board.machine}.get(table) or board.runtimes[table], key
            )


@pytest.mark.parametrize("board", EVERY, ids=ids)
def test_board_kernels_are_known_and_fastest_first(board):
    for runtime in board.runtimes.values():
        assert list(runtime.kernels) == [name for name in kernels.NAMES if name in runtime.kernels]
        assert runtime.kernels[-1] == "plain"
    fastest = [kernels.NAMES.index(runtime.kernels[0]) for runtime in board.runtimes.values()]
    # The first runtime is the default.
    assert fastest[0] == min(fastest)
    assert board.kernels[0] in weight_storage.INSTRUCTIONS


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_board_has_required_facts(name):
    board = catalogue.load_board_type(name)
    assert set(board.runtimes) <= {"micropython", "circuitpython"}
    assert all(getattr(board, fact) for fact in LEAST_OF_A_REAL_BOARD)
    assert board.fpu is not None
    assert 2**16 < board.ram <= 2**21
    assert 2**18 < board.flash <= 2**25
    assert 16 <= board.clock_mhz <= 1000
    for runtime in board.runtimes.values():
        assert runtime.firmware
        assert runtime.machine or runtime.name == "circuitpython"
        assert runtime.usb_ids
        assert runtime.flash_free is None or 0 < runtime.flash_free <= board.flash
        assert runtime.ram_free is None or 0 < runtime.ram_free <= board.ram + board.psram
        assert (runtime.usb_cdc_data is None) == (runtime.name == "micropython")
        assert runtime.pins["adc"]
    assert board.first.pins["i2c"]


@pytest.mark.parametrize("board", EVERY, ids=ids)
def test_board_usb_ids_are_pairs_of_16_bits(board):
    for runtime in board.runtimes.values():
        assert all(0 < number < 2**16 for pair in runtime.usb_ids for number in pair)
        assert len(set(runtime.usb_ids)) == len(runtime.usb_ids)


def test_board_usb_ids_of_several_boards_are_shared():
    shown = {
        (pair, board.name) for board in EVERY for r in board.runtimes.values() for pair in r.usb_ids
    }
    several = {pair for pair, count in Counter(pair for pair, _ in shown).items() if count > 1}
    assert (0x2E8A, 0x0005) in several
    for board in EVERY:
        for runtime in board.runtimes.values():
            assert runtime.usb_shared or not several & set(runtime.usb_ids)


def test_board_names_of_several_boards_are_shared():
    names = Counter(
        (runtime.name, text)
        for board in EVERY
        for runtime in board.runtimes.values()
        for text in runtime.machine or (runtime.firmware,)
        if text
    )
    several = {text for text, count in names.items() if count > 1}
    assert ("micropython", "Generic ESP32 module with ESP32") in several
    for board in EVERY:
        for runtime in board.runtimes.values():
            texts = {(runtime.name, text) for text in runtime.machine or (runtime.firmware,)}
            assert runtime.firmware_shared or not several & texts


@pytest.mark.parametrize("board", EVERY, ids=ids)
def test_board_pins_have_interpreter_spelling(board):
    for runtime in board.runtimes.values():
        for purpose, value in runtime.pins.items():
            if purpose in ON_OR_OFF:
                assert value in {0, 1}
                assert purpose.partition("_")[0] in runtime.pins
            elif purpose.startswith("i2c"):
                check_i2c(runtime, value)
            else:
                several = value if isinstance(value, list) else [value]
                assert len(set(several)) == len(several) > 0
                assert all(is_pin(runtime, pin) for pin in several)


@pytest.mark.parametrize("board", EVERY, ids=ids)
def test_board_sensors_have_bus_address_and_pins(board):
    for sensor in board.sensors:
        assert sensor.kind in KINDS
        assert sensor.chip == sensor.chip.lower()
        assert (sensor.address is None) == (sensor.bus != "i2c")
        assert sensor.address is None or 0x08 <= sensor.address < 0x78
        assert sensor.pins
        for name, lines in sensor.pins.items():
            assert NEEDED[sensor.bus] <= set(lines) <= LINES[sensor.bus]
            wires = [pin for line, pin in lines.items() if line not in {"id", "bus"}]
            assert len(set(wires)) == len(wires)
            assert all(is_pin(board.runtimes[name], pin) for pin in wires)


def check_i2c(runtime: catalogue.Runtime, value: dict) -> None:
    assert {"sda", "scl"} <= set(value) <= I2C
    assert value["sda"] != value["scl"]
    assert is_pin(runtime, value["sda"])
    assert is_pin(runtime, value["scl"])
    assert ("bus" not in value) or runtime.name == "circuitpython"
    assert ("id" not in value) or runtime.name == "micropython"


def is_pin(runtime: catalogue.Runtime, pin: object) -> bool:
    """Return whether a pin is a name of `board` or an argument of machine.Pin."""
    if isinstance(pin, int):
        return runtime.name == "micropython" and 0 <= pin < 64
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", pin) is not None


@pytest.mark.parametrize("name", ["qemu-m3", "qemu-m0", "qemu-rv32"])
def test_emulated_board_has_machine(name):
    board = catalogue.load_board_type(name)
    machine = board.qemu
    assert board.port == name.replace("-", ":")
    assert {"cpu", "micropython.ram_free", "qemu.rom_address"} <= set(board.source)
    assert machine.system.startswith("qemu-system-")
    assert machine.rom_address % 4 == 0
    assert board.flash_free == machine.rom_size > 0


def test_board_without_machine_is_not_emulated():
    with pytest.raises(SpikeletError, match="virtual is not an emulated board"):
        _ = catalogue.load_board_type("virtual").qemu


@pytest.mark.parametrize("name", ["picoo", "../boards/virtual", ""])
def test_load_board_type_unknown_name_is_error(name):
    with pytest.raises(SpikeletError, match=r"no board is called .*; there are: .*virtual"):
        catalogue.load_board_type(name)


def test_load_board_type_reads_new_file(board_file):
    board = catalogue.load_board_type(board_file(TOML))
    assert catalogue.board_names() == ["mine"]
    assert board.first.usb_ids == ((0x2E8A, 5),)
    assert (board.ram_free, board.machine) == (1, None)
    assert board.source == {"cpu": "its datasheet", "micropython.ram_free": "measured"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TOML.replace("cpu", "cpus"), "cpus is unknown"),
        (TOML.replace("kernels", "#"), "kernels"),
        (TOML.replace("ram_free = 1", "ram_fre = 1"), "ram_fre"),
        (TOML.replace("[micropython]", "[pythonista]"), "none of the tables micropython"),
        (TOML.replace("[0x2e8a, 5]", "5"), "not a board file"),
        (TOML.replace("[0x2e8a, 5]", "[1, 2, 3]"), "not a board file"),
        (TOML + '[qemu]\nsystem = "x"\n', "firmware"),
        (TOML + '[[sensors]]\nbus = "i2c"\n', "kind"),
        ("= 5", "line 1"),
    ],
)
def test_load_board_type_invalid_file_is_error(board_file, text, words):
    with pytest.raises(SpikeletError, match=words) as error:
        catalogue.load_board_type(board_file(text))
    assert "mine.toml is not a board file" in str(error.value)
    assert "\n" not in str(error.value)
