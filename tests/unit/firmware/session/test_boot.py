"""Power-up: what keeps a board from starting, what counts as a start that failed, what is printed."""

import json
import os

import pytest
from random_networks import random_network

from spikelet.networks.lif_file import save_network
from spikert import compat, session
from spikert.sensors import sampler
from spikert.session import boot, compat_boot, crash_count

NETWORK = 3


class Sensor:
    """Stands in for a sensor; after so many reads somebody presses Ctrl-C."""

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
    """A console on which nobody says anything."""

    in_waiting = 0

    readinto = None

    def write(self, data):
        raise AssertionError("nobody asked")


@pytest.fixture
def network():
    return random_network(NETWORK)


@pytest.fixture
def paths(tmp_path, monkeypatch, network):
    """Return what was flashed, with a sensor; the board's root is tmp_path."""
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
    """Stands in for the module that looks at buttons."""

    held = False

    @staticmethod
    def pressed(pin, level):
        assert (pin, level) == ("GP3", 0)
        return Button.held


def test_it_runs_until_ctrl_c(paths, network, capsys):
    boot.start(paths)
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "spikelet: stopped; Ctrl-D starts it again"
    assert {line.removeprefix("spikelet: ") for line in said[:-1]} <= set(network.classes)
    assert len(said) > 1
    assert not os.path.exists("spikelet/starts")


def test_a_button_that_is_held_keeps_it_from_starting(paths, capsys):
    Button.held = True
    boot.start(paths)
    assert capsys.readouterr().out == "spikelet: not started, for the button at GP3 is held\n"


def test_a_file_keeps_it_from_starting(paths, capsys):
    open("SAFE", "w").close()
    boot.start(paths)
    assert "there is a file SAFE; remove it to start again" in capsys.readouterr().out


def test_what_ends_at_once_is_tried_three_times_and_says_why(paths, capsys, monkeypatch):
    opened = []

    def none(settings):
        opened.append(settings)
        raise ValueError("no such pin")

    monkeypatch.setattr(sampler.sensors, "open", none)
    boot.start(paths)
    assert len(opened) == crash_count.TRIES
    assert "it ended 3 times in a row at once (ValueError: no such pin)" in capsys.readouterr().out
    boot.start(paths)  # after a reset
    assert len(opened) == crash_count.TRIES
    os.remove("spikelet/starts")
    boot.start(paths)
    assert len(opened) == 2 * crash_count.TRIES


def test_a_start_that_lasted_is_forgotten(paths, monkeypatch):
    times = iter(range(0, 1 << 40, 200_000))
    monkeypatch.setattr(compat, "ticks_us", lambda: next(times))
    counted = crash_count.CrashCount()
    counted.begin()
    assert crash_count.CrashCount().count == 1
    for _ in range(30):
        counted.turn()
    assert crash_count.CrashCount().count == 0


def test_the_count_is_kept_in_the_chip_where_files_cannot_be_written(paths, monkeypatch):
    kept = []
    monkeypatch.setattr(compat_boot, "keep_number", kept.append)
    monkeypatch.setattr(compat_boot, "kept_number", lambda: kept[-1] if kept else 0)
    monkeypatch.setattr(crash_count.CrashCount, "path", "no/folder/starts")
    for _ in range(2):
        crash_count.CrashCount().begin()
    assert (kept, crash_count.CrashCount().count) == ([1, 2], 2)
    crash_count.CrashCount().succeed()
    assert (kept, crash_count.CrashCount().count) == ([1, 2, 0], 0)


def test_the_users_app_is_told_every_answer(paths, network, monkeypatch, tmp_path):
    (tmp_path / "app.py").write_text("told = []\ndef answer(name):\n    told.append(name)\n")
    monkeypatch.syspath_prepend(tmp_path)
    boot.start(paths)
    import app

    assert len(app.told) == Sensor.reads // (network.stream.hop if network.stream else 1)
    assert set(app.told) <= set(network.classes)


def test_without_a_network_a_host_is_waited_for(monkeypatch, capsys):
    served = []
    monkeypatch.setattr(compat_boot, "ports", lambda: (Silent(), Silent()))
    monkeypatch.setattr(session.Session, "serve", lambda self, alone: served.append(alone))
    boot.start({})
    assert served == [None]


def test_settings_that_are_damaged_are_said_and_given_up(paths, capsys):
    with open("sensor.json", "w") as file:
        file.write("{")
    boot.start(paths)
    assert "(ValueError: sensor.json is damaged; flash again)" in capsys.readouterr().out


def test_a_board_that_cannot_even_serve_is_given_up(paths, capsys, monkeypatch):
    def none():
        raise MemoryError("memory allocation failed")

    monkeypatch.setattr(compat_boot, "ports", none)
    boot.start({})
    assert "it ended 3 times in a row at once (MemoryError: mem" in capsys.readouterr().out
