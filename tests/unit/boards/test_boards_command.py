"""Test `spikelet boards`: the table with attached boards marked, and one board in full."""

import json

import pytest

from spikelet.boards import catalogue, serial_port


class UsbPort:
    """A serial port as pyserial describes it."""

    description = "USB Serial Device"

    def __init__(self, device: str, vid: int | None, pid: int | None) -> None:
        self.device, self.vid, self.pid = device, vid, pid


@pytest.fixture
def plugged(monkeypatch):
    """Return a function that sets the attached ports."""

    def plug(*ports: tuple[str, int | None, int | None]) -> None:
        monkeypatch.setattr(
            serial_port.list_ports, "comports", lambda: [UsbPort(*port) for port in ports]
        )

    plug()
    return plug


def rows(out: str) -> dict[str, str]:
    """Return {board: line of the table}."""
    lines = [line for line in out.splitlines() if line[2:].split()]
    return {line[2:].split()[0]: line for line in lines}


def test_boards_table_lists_all_within_100_columns(spikelet, plugged, monkeypatch, tmp_path):
    # Without virtual boards of other tests, whose networks need longer lines.
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path))
    status, out, _ = spikelet("boards")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 100
    assert set(catalogue.board_names()) <= set(rows(out))
    assert "thumb, viper" in rows(out)["pico"]
    assert "ulab" in rows(out)["pico"]
    assert "264 KiB" in rows(out)["pico"]
    assert rows(out)["pico"].startswith("  pico")
    assert "lsm6dsox" in rows(out)["nano-rp2040-connect"]
    assert "CPython: ulab" in rows(out)["virtual"]


def test_boards_table_marks_attached_boards_and_guesses(spikelet, plugged):
    plugged(
        ("/dev/ttyACM1", 0x239A, 0x80F2),
        ("/dev/ttyACM0", 0x2E8A, 0x0005),
        ("/dev/ttyACM2", 1, 2),
        ("/dev/ttyS0", None, None),
    )
    out = spikelet("boards")[1]
    assert rows(out)["feather-rp2040"].startswith("* ")
    assert all(rows(out)[name].startswith("? ") for name in ("pico", "pico-w", "pico2"))
    assert rows(out)["teensy41"].startswith("  ")
    assert (
        "/dev/ttyACM0: 2e8a:0005 USB Serial Device: one of pico, pico-w, pico2, or another" in out
    )
    assert "/dev/ttyACM1: 239a:80f2 USB Serial Device: feather-rp2040\n" in out
    assert "/dev/ttyACM2: 0001:0002 USB Serial Device: an unknown board" in out
    assert "ttyS0" not in out


def test_boards_name_prints_all_facts(spikelet, plugged):
    plugged(("/dev/ttyUSB0", 0x0403, 0x6001))
    status, out, _ = spikelet("boards", "m5stickc-plus")
    assert status == 0
    for words in (
        *("Xtensa LX6 at 160 MHz", "532,480 bytes of RAM", "mpu6886, i2c at 0x68"),
        *("MicroPython: id 1, sda 21, scl 22", "RAM free   unknown until the board reports it"),
        *("0403:6001, as other devices do", "Generic ESP32 module with ESP32", "perhaps"),
        *("micropython.kernels: micropython:ports/esp32", "boot.py cannot enable usb_cdc.data"),
    ):
        assert words in out


@pytest.mark.parametrize("name", catalogue.board_names())
def test_boards_name_prints_sources(spikelet, plugged, name):
    status, out, _ = spikelet("boards", name)
    assert status == 0
    assert all(origin in out for origin in catalogue.load_board_type(name).source.values())


def test_boards_json_equals_table(spikelet, plugged):
    plugged(("/dev/ttyACM0", 0x2E8A, 0x0005), ("/dev/ttyACM1", 0x239A, 0x80F4))
    answer = json.loads(spikelet("boards", "--json")[1])
    by_name = {board["name"]: board for board in answer["boards"]}
    assert set(by_name) == set(catalogue.board_names())
    assert by_name["pico"]["attached"] == ["/dev/ttyACM1"]
    assert by_name["pico"]["perhaps_attached"] == ["/dev/ttyACM0"]
    assert by_name["pico2"]["perhaps_attached"] == ["/dev/ttyACM0"]
    assert by_name["pico2"]["ram_free"] is None
    assert by_name["pico"]["runtimes"]["circuitpython"]["usb_ids"] == [[0x239A, 0x80F4]]
    pico = json.loads(spikelet("boards", "pico", "--json")[1])
    assert pico == by_name["pico"]


def test_boards_unknown_name_is_error(spikelet, plugged):
    status, _, err = spikelet("boards", "picoo")
    assert status == 2
    assert err.startswith("spikelet boards: no board is called 'picoo'; there are: ")
    assert err.count("\n") == 1
