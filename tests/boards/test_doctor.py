"""Test `spikelet doctor`: a report on each port, and one sentence of advice."""

import contextlib
import json
import os
import pty
import shutil
import sys
import threading
import tty

import filelock
import pytest
import serial
from boards_under_test import BOARDS, absent, blank, marks, opened
from fake_serial_board import FakeSerialBoard
from random_networks import random_network

from spikelet import installation
from spikelet.boards import raw_repl, serial_port
from spikelet.boards.virtual import pico
from spikelet.cli import doctor
from spikelet.flashing import upload
from spikelet.networks import lif_file
from spikelet.networks.lif_file import save_network

posix = pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals")

EMITTERS = {
    "virtual": [],
    "unix": ["viper", "native"],
    "qemu:m3": ["viper", "native", "asm_thumb"],
    "qemu:m0": ["viper", "native", "asm_thumb"],
    "qemu:rv32": ["viper", "native", "asm_rv32"],
    "pico": ["viper", "native", "asm_thumb"],
    "unix:micropython-ulab": ["viper", "native"],
    "unix:circuitpython": ["viper", "native"],
}
NEEDS = {
    "unix": ("no micropython on PATH", "run boards/emulated/build unix"),
    "qemu:m3": ("qemu:m3 needs qemu-m3.elf", "run boards/emulated/build"),
    "qemu:m0": ("qemu:m0 needs qemu-m0.elf", "run boards/emulated/build"),
    "qemu:rv32": ("qemu:rv32 needs qemu-rv32.elf", "run boards/emulated/build"),
    "pico": ("pico needs RPI_PICO.uf2", "run boards/emulated/build"),
}


class UsbPort:
    def __init__(self, device: str, vid: int = 0x2E8A, pid: int = 0x0005) -> None:
        self.device, self.vid, self.pid = device, vid, pid


@pytest.fixture(autouse=True)
def plug(monkeypatch):
    """Return a function that sets the attached devices; at first none. Only virtual is tried."""

    def attach(*devices: str, vid: int = 0x2E8A, pid: int = 0x0005) -> None:
        found = [UsbPort(device, vid, pid) for device in devices]
        monkeypatch.setattr(serial_port.list_ports, "comports", lambda: found)

    monkeypatch.setattr(doctor, "NO_HARDWARE", ("virtual",))
    # A busy computer may be slow.
    monkeypatch.setattr(doctor, "DEVICE_LIMIT", 60.0)
    attach()
    return attach


class Terminal:
    """A device that is no board; `answer` maps received bytes to its answer."""

    def __init__(self, answer=lambda heard: b"") -> None:
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        self.device = os.ttyname(self.theirs)
        self.answer = answer
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while heard := os.read(self.ours, 4096):
                os.write(self.ours, self.answer(heard))

    def close(self) -> None:
        os.close(self.theirs)
        os.close(self.ours)


class Flood(Terminal):
    """A device that sends the same text without end and ignores its input."""

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                os.write(self.ours, b"temperature 21 C\r\n")


@pytest.fixture
def made():
    """Return a list of devices to close when the test is over."""
    devices = []
    yield devices
    for device in devices:
        with contextlib.suppress(OSError):
            device.close()


def examined(spikelet, *arguments: str) -> dict:
    """Return doctor's JSON report; check that the exit status is 0 only if each device works."""
    status, out, _ = spikelet("doctor", "--json", *arguments)
    report = json.loads(out)
    named = report.get("attached", report["ports"])
    assert status == (0 if all(report["ports"][name]["works"] for name in named) else 3)
    return report


def line_of(out: str, port: str) -> str:
    """Return the only line about a port that does not work."""
    lines = [line for line in out.splitlines() if line.startswith("--") and port in line]
    assert len(lines) == 1
    return lines[0]


def test_doctor_without_devices(spikelet):
    status, out, _ = spikelet("doctor")
    assert status == 0
    assert "ok  virtual: CPython" in out
    assert "no board is attached; plug one in" in out.splitlines()[-1]


def test_several_boards_attached(spikelet, plug, made):
    made += [Terminal(), Terminal()]
    plug(*(device.device for device in made))
    status, out, _ = spikelet("doctor")
    assert status == 3
    assert "2 boards are attached; name the one you mean with --port" in out.splitlines()[-1]
    assert all(line_of(out, device.device) for device in made)


def test_without_images_every_board_says_how_they_are_made(spikelet, tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "NO_HARDWARE", ("virtual", *NEEDS))
    status, out, _ = spikelet("doctor")
    assert status == 0
    for name, words in NEEDS.items():
        line = line_of(out, words[0])
        assert line.startswith(f"--  {name}")
        assert words[1] in line
    assert "ok  virtual" in out


def test_doctor_names_packages_of_missing_programs(spikelet, tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = installation.cache_folder("emulated")
    (folder / pico.EMULATOR).mkdir()
    for name in (pico.FIRMWARE, "qemu-m3.elf", "qemu-m0.elf", "qemu-rv32.elf"):
        (folder / name).write_bytes(b"")
    monkeypatch.setattr(doctor, "NO_HARDWARE", ("pico", "qemu:m3", "qemu:rv32"))
    out = spikelet("doctor")[1]
    assert "on Debian: apt-get install nodejs" in line_of(out, "pico needs node")
    assert "apt-get install qemu-system-arm" in line_of(out, "qemu:m3 needs qemu-system-arm")
    assert "apt-get install qemu-system-misc" in line_of(out, "needs qemu-system-riscv32")


def test_a_runner_that_is_missing_says_how_it_is_made(spikelet, tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path))
    (installation.cache_folder("emulated") / pico.FIRMWARE).write_bytes(b"")
    out = spikelet("doctor", "--port", "pico")[1]
    assert "run boards/emulated/build pico" in line_of(out, "pico needs rp2040js")


@posix
def test_a_silent_device(spikelet, plug, made):
    made.append(Terminal())
    device = made[0].device
    plug(device)
    line = line_of(spikelet("doctor")[1], device)
    assert f"{device} answers nothing; reset the board" in line
    assert "put MicroPython or CircuitPython on it" in line


@posix
def test_doctor_names_boards_by_usb_ids_of_silent_device(spikelet, plug, made):
    made.append(Terminal())
    plug(made[0].device)
    line = line_of(spikelet("doctor", "--port", made[0].device)[1], made[0].device)
    assert "by its USB ids it is one of pico, pico-w, pico2, or another" in line


@posix
def test_a_device_that_floods_its_port(spikelet, plug, made):
    made.append(Flood())
    device = made[0].device
    plug(device)
    line = line_of(spikelet("doctor")[1], device)
    assert f"{device} floods the port with text and does not heed Ctrl-C" in line
    assert "temperature 21 C" in line
    assert "safe mode" in line


@posix
def test_a_device_that_answers_but_is_no_interpreter(spikelet, made):
    made.append(Terminal(lambda heard: b"unknown command\r\n"))
    line = line_of(spikelet("doctor", "--port", made[0].device)[1], made[0].device)
    assert "answers, but not as an interpreter (it says 'unknown command')" in line
    assert "put MicroPython or CircuitPython on it" in line


@posix
def test_a_device_that_falls_silent_is_given_up(spikelet, plug, made, monkeypatch):
    made.append(
        Terminal(lambda heard: b"raw REPL; CTRL-B to exit\r\n>" if b"\x01" in heard else b"")
    )
    device = made[0].device
    plug(device)
    monkeypatch.setattr(doctor, "DEVICE_LIMIT", 3.0)
    line = line_of(spikelet("doctor")[1], device)
    assert f"{device} has not answered in 3 s; reset it and try again" in line


@posix
def test_a_device_that_another_program_has(spikelet, made):
    made.append(Terminal())
    device = made[0].device
    with serial.Serial(device, exclusive=True):
        line = line_of(spikelet("doctor", "--port", device)[1], device)
    assert f"{device} is in use by another program; close that one" in line


def test_a_device_that_may_not_be_opened(spikelet, monkeypatch):
    def refuse(*args, **kwargs):
        raise serial.SerialException(13, "could not open port: Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    line = line_of(spikelet("doctor", "--port", "/dev/ttyACM0")[1], "/dev/ttyACM0")
    assert "may not be opened by you; join the group that owns it (often dialout)" in line


def test_a_device_that_is_not_there(spikelet):
    line = line_of(spikelet("doctor", "--port", "/dev/ttyACM7")[1], "/dev/ttyACM7")
    assert "/dev/ttyACM7 cannot be opened" in line


def test_an_emulated_board_in_use(spikelet):
    with filelock.FileLock(installation.cache_folder("virtual") / "lock"):
        line = line_of(spikelet("doctor")[1], "virtual")
    assert "virtual is in use by another program; wait for that one" in line


def test_an_examination_that_fails_says_how_to_see_why(spikelet, monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    line = line_of(spikelet("doctor")[1], "virtual")
    assert "virtual could not be examined; run spikelet doctor --port virtual to see why" in line


@posix
def test_a_board_at_a_cable(spikelet, plug, made, tmp_path):
    board = FakeSerialBoard(tmp_path)
    board.close = board.unplug
    made.append(board)
    plug(board.device)
    found = examined(spikelet)["ports"][board.device]
    assert found["works"]
    assert (found["runtime"], found["holds_runtime"], found["network_bytes"]) == (
        "cpython",
        False,
        0,
    )
    flash = f"it does not hold Spikelet's runtime: run spikelet flash NET.lif --port {board.device}"
    assert found["next"] == [flash]
    network = random_network(3)
    save_network(network, tmp_path / "net.lif")
    assert spikelet("flash", tmp_path / "net.lif", "--port", board.device)[0] == 0
    found = examined(spikelet)["ports"][board.device]
    assert found["holds_runtime"]
    assert found["network_bytes"] == len(lif_file.to_bytes(network))
    assert found["next"] == []


@pytest.mark.ulab
def test_circuitpython_that_cannot_write_its_files(spikelet, tmp_path, monkeypatch):
    if shutil.which("circuitpython") is None:
        absent("unix:circuitpython", "no circuitpython on PATH")
    (tmp_path / "storage.py").write_text(
        "class Drive:\n    readonly = True\n\ndef getmount(path):\n    return Drive\n"
    )
    monkeypatch.setenv("MICROPYPATH", str(tmp_path))
    found = examined(spikelet, "--port", "unix:circuitpython")["ports"]["unix:circuitpython"]
    assert (found["runtime"], found["files"]["read_only"]) == ("circuitpython", True)
    assert found["next"][0] == upload.DRIVE_TAKEN


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks(name)) for name in BOARDS])
def test_doctor_reports_emitters_and_ulab(spikelet, name):
    opened(name)
    found = examined(spikelet, "--port", name)["ports"][name]
    assert found["works"], found["says"]
    assert found["emitters"] == EMITTERS[name]
    assert bool(found["ulab"]) == ("ulab" in BOARDS[name])
    assert found["version"].count(".") >= 2
    assert name == "virtual" or found["memory_free"] > 100_000
    assert found["boards"] == ([] if name.startswith("unix") else [name.replace(":", "-")])


@pytest.mark.emulated
def test_doctor_identifies_pico_by_its_interpreter(spikelet):
    board = blank("pico", "pico-doctor")
    with board.powered() as running:
        with raw_repl.opened("pico", running.device) as repl:
            repl.exec_raw_no_follow("while True: pass")
        found = examined(spikelet, "--port", running.device)["ports"][running.device]
    assert (found["boards"], found["identified"]) == (["pico"], True)
    assert found["emitters"] == EMITTERS["pico"]
    assert found["files"]["size"] > found["files"]["free"] > 1_000_000
    assert found["next"][-1].startswith("its program was stopped to ask it: reset the board")
