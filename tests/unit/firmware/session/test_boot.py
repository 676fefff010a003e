"""Power-up: reasons not to start, failed starts, and the console's output."""

import json
import os
import sys
from types import SimpleNamespace

import pytest
from random_networks import random_network

from spikelet.networks.lif_file import save_network
from spikert import compat, session
from spikert.sensors import sampler
from spikert.session import boot, compat_boot, crash_count

NETWORK = 3


class Sensor:
    """Replaces a sensor; raises Ctrl-C after `reads` reads."""

    reads = 300

    def __init__(self, channels):
        self.channels = channels

    def read(self, row):
        self.reads -= 1
        if self.reads < 0:
            raise KeyboardInterrupt

    def close(self):
        pass


class Silent:
    """A console without input."""

    in_waiting = 0

    readinto = None

    def write(self, data):
        raise AssertionError("a write without a command")


@pytest.fixture
def network():
    return random_network(NETWORK)


@pytest.fixture
def paths(tmp_path, monkeypatch, network):
    """Return the flashed files, with a sensor; the board's root is tmp_path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spikelet").mkdir()
    save_network(network, tmp_path / "net.lif")
    (tmp_path / "sensor.json").write_text(json.dumps({"sensor": "mpu6050", "button": ["GP3", 0]}))
    monkeypatch.setattr(compat_boot, "ports", lambda: (Silent(), Silent()))
    monkeypatch.setattr(sampler.sensors, "open", lambda settings: Sensor(network.channels))
    monkeypatch.setattr(compat, "hardware", lambda name: Button)
    monkeypatch.setattr(Button, "held", False)
    return {"network.lif": "net.lif", "sensor.json": "sensor.json"}


class Button:
    """Replaces the module for buttons."""

    held = False

    @staticmethod
    def pressed(pin, level):
        assert (pin, level) == ("GP3", 0)
        return Button.held


def test_boot_runs_until_ctrl_c(paths, network, capsys):
    boot.start(paths)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "spikelet: stopped; Ctrl-D starts it again"
    assert {line.removeprefix("spikelet: ") for line in lines[:-1]} <= set(network.classes)
    assert len(lines) > 1
    assert not os.path.exists("spikelet/starts")


def test_boot_with_held_button_does_not_start(paths, capsys):
    Button.held = True
    boot.start(paths)
    assert capsys.readouterr().out == "spikelet: not started: the button at GP3 is held\n"


def test_boot_with_button_that_cannot_be_read_starts(paths, capsys, monkeypatch):
    def absent(pin, level):
        raise ValueError("this board has no pin 'GP3'")

    monkeypatch.setattr(Button, "pressed", absent)
    boot.start(paths)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "spikelet: cannot read the button at GP3: this board has no pin 'GP3'"
    assert lines[-1] == "spikelet: stopped; Ctrl-D starts it again"
    assert len(lines) > 2


def test_boot_hides_title_bar_while_it_runs(paths, monkeypatch):
    bar, shown = SimpleNamespace(console=True), []
    monkeypatch.setitem(sys.modules, "supervisor", SimpleNamespace(status_bar=bar))
    read = Sensor.read
    monkeypatch.setattr(Sensor, "read", lambda *it: shown.append(bar.console) or read(*it))
    boot.start(paths)
    assert (set(shown), bar.console) == ({False}, True)


class SecondPort:
    """Replaces usb_cdc.data, which a host may have open."""

    def __init__(self, connected):
        self.connected = connected
        self.write_timeout = None
        self.written = []

    def write(self, data):
        assert self.write_timeout == 1
        self.written.append(data)


@pytest.mark.parametrize(
    ("safe", "line"),
    [
        (False, b"stopped; Ctrl-D starts it again"),
        (True, b"not started: there is a file SAFE; remove it to start again"),
    ],
)
@pytest.mark.parametrize("connected", [False, True])
def test_boot_tells_connected_host_why_nothing_runs(paths, monkeypatch, safe, line, connected):
    data = SecondPort(connected)
    monkeypatch.setitem(sys.modules, "usb_cdc", SimpleNamespace(data=data))
    if safe:
        open("SAFE", "w").close()
    boot.start(paths)
    assert data.written == ([b"\0spikelet: " + line + b"\r\n\0"] if connected else [])
    assert data.write_timeout is None


def test_boot_with_safe_file_does_not_start(paths, capsys):
    open("SAFE", "w").close()
    boot.start(paths)
    assert "there is a file SAFE; remove it to start again" in capsys.readouterr().out


def test_boot_stops_after_three_crashes_with_the_reason(paths, capsys, monkeypatch):
    opened = []

    def none(settings):
        opened.append(settings)
        raise ValueError("no such pin")

    monkeypatch.setattr(sampler.sensors, "open", none)
    boot.start(paths)
    assert len(opened) == crash_count.TRIES
    assert "it ended 3 times in a row at once (ValueError: no such pin)" in capsys.readouterr().out
    # As after a reset.
    boot.start(paths)
    assert len(opened) == crash_count.TRIES
    os.remove("spikelet/starts")
    boot.start(paths)
    assert len(opened) == 2 * crash_count.TRIES


def test_crash_count_is_0_after_a_long_run(paths, monkeypatch):
    times = iter(range(0, 1 << 40, 200_000))
    monkeypatch.setattr(compat, "ticks_us", lambda: next(times))
    counted = crash_count.CrashCount()
    counted.begin()
    assert crash_count.CrashCount().count == 1
    for _ in range(30):
        counted.turn()
    assert crash_count.CrashCount().count == 0


def test_crash_count_without_files_is_stored_in_the_chip(paths, monkeypatch):
    numbers = []
    monkeypatch.setattr(compat_boot, "keep_number", numbers.append)
    monkeypatch.setattr(compat_boot, "kept_number", lambda: numbers[-1] if numbers else 0)
    monkeypatch.setattr(crash_count.CrashCount, "path", "no/folder/starts")
    for _ in range(2):
        crash_count.CrashCount().begin()
    assert (numbers, crash_count.CrashCount().count) == ([1, 2], 2)
    crash_count.CrashCount().succeed()
    assert (numbers, crash_count.CrashCount().count) == ([1, 2, 0], 0)


def test_standalone_calls_the_users_app_for_every_answer(paths, network, monkeypatch, tmp_path):
    (tmp_path / "app.py").write_text("answers = []\ndef answer(name):\n    answers.append(name)\n")
    monkeypatch.syspath_prepend(tmp_path)
    boot.start(paths)
    import app

    assert len(app.answers) == Sensor.reads // (network.stream.hop if network.stream else 1)
    assert set(app.answers) <= set(network.classes)


def test_boot_without_network_waits_for_a_host(monkeypatch, capsys):
    served = []
    monkeypatch.setattr(compat_boot, "ports", lambda: (Silent(), Silent()))
    monkeypatch.setattr(session.Session, "serve", lambda self, alone: served.append(alone))
    boot.start({})
    assert served == [None]


def test_boot_gives_up_on_damaged_settings(paths, capsys):
    with open("sensor.json", "w") as file:
        file.write("{")
    boot.start(paths)
    assert "(ValueError: sensor.json is damaged; flash again)" in capsys.readouterr().out


def test_boot_gives_up_if_it_cannot_serve(paths, capsys, monkeypatch):
    def none():
        raise MemoryError("memory allocation failed")

    monkeypatch.setattr(compat_boot, "ports", none)
    boot.start({})
    assert "it ended 3 times in a row at once (MemoryError: mem" in capsys.readouterr().out
