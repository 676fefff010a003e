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


class Clock:
    """A clock of milliseconds that wraps like MicroPython's, and moves on as told."""

    range = 1 << 30

    def __init__(self, monkeypatch, start=0):
        self.now = start
        monkeypatch.setattr(compat_boot, "ticks_ms", lambda: self.now % self.range)
        monkeypatch.setattr(compat, "ticks_diff", self.difference)

    def difference(self, later, earlier):
        return (later - earlier + self.range // 2) % self.range - self.range // 2


@pytest.mark.parametrize("start", [0, Clock.range - 2_000, Clock.range // 2 - 2_000])
def test_crash_count_is_0_after_a_long_run(paths, monkeypatch, start):
    clock = Clock(monkeypatch, start)
    counted = crash_count.CrashCount()
    counted.fail("ValueError: no such pin")
    counted.begin()
    clock.now += crash_count.SETTLED - 1
    counted.turn()
    assert crash_count.CrashCount().count == 1
    clock.now += 1
    counted.turn()
    assert crash_count.CrashCount().count == 0


@pytest.mark.parametrize("turn_s", [50, 600, 400_000, 700_000])
def test_crash_in_a_rare_turn_is_the_first_in_a_row(paths, monkeypatch, turn_s):
    clock = Clock(monkeypatch)
    for _ in range(2 * crash_count.TRIES):
        counted = crash_count.CrashCount()
        clock.now += turn_s * 1000
        counted.fail("OSError: 5")
        assert crash_count.CrashCount().count == 1


def test_power_cuts_of_any_start_count_no_crash(paths, monkeypatch, tmp_path):
    monkeypatch.setattr(compat_boot, "crashed", lambda: False)
    before = sorted(tmp_path.rglob("*"))

    class Cut(BaseException):
        pass

    def cut(sensor, row):
        raise Cut

    monkeypatch.setattr(Sensor, "read", cut)
    for _ in range(2 * crash_count.TRIES):
        with pytest.raises(Cut):
            boot.start(paths)
    assert sorted(tmp_path.rglob("*")) == before


def test_start_without_crash_writes_nothing(paths, monkeypatch):
    opened, numbers = [], []

    def missing(*arguments):
        opened.append(arguments)
        raise OSError(2, "no such file")

    monkeypatch.setattr(crash_count, "open", missing, raising=False)
    monkeypatch.setattr(compat_boot, "keep_number", numbers.append)
    boot.start(paths)
    # Only to read.
    assert (opened, numbers) == ([(crash_count.CrashCount.path,)], [])


def test_boot_stops_after_three_resets_by_the_chip(paths, capsys, monkeypatch):
    monkeypatch.setattr(compat_boot, "crashed", lambda: True)
    monkeypatch.setattr(boot, "_run", lambda paths, crashes: pytest.fail("it started"))
    crash_count.CrashCount().fail("ValueError: no such pin")
    crash_count.CrashCount().fail("ValueError: no such pin")
    boot.start(paths)
    assert (
        "it ended 3 times in a row at once (the chip was reset, as by a" in capsys.readouterr().out
    )
    boot.start(paths)
    assert crash_count.CrashCount().count == crash_count.TRIES


@pytest.mark.parametrize(("cause", "crashed"), [(1, False), (2, False), (3, True), (5, False)])
def test_reset_cause_of_micropython_is_a_crash_only_by_the_watchdog(monkeypatch, cause, crashed):
    machine = SimpleNamespace(reset_cause=lambda: cause, WDT_RESET=3)
    monkeypatch.setitem(sys.modules, "machine", machine)
    assert compat_boot.crashed() == crashed


@pytest.mark.parametrize("cause", ["POWER_ON", "BROWNOUT", "SOFTWARE", "RESET_PIN", "WATCHDOG"])
def test_reset_reason_of_circuitpython_is_a_crash_only_by_the_watchdog(monkeypatch, cause):
    cpu = SimpleNamespace(reset_reason=cause)
    chip = SimpleNamespace(cpu=cpu, ResetReason=SimpleNamespace(WATCHDOG="WATCHDOG"))
    monkeypatch.setitem(sys.modules, "machine", None)
    monkeypatch.setitem(sys.modules, "microcontroller", chip)
    assert compat_boot.crashed() == (cause == "WATCHDOG")


def test_crash_count_without_files_is_stored_in_the_chip(paths, monkeypatch):
    numbers = []
    monkeypatch.setattr(compat_boot, "keep_number", numbers.append)
    monkeypatch.setattr(compat_boot, "kept_number", lambda: numbers[-1] if numbers else 0)
    monkeypatch.setattr(crash_count.CrashCount, "path", "no/folder/starts")
    for _ in range(2):
        crash_count.CrashCount().fail("ValueError: no such pin")
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
