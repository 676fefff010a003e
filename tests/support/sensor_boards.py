"""Simulate sensors on boards: CircuitPython's modules, and a test's `machine`."""

import json
import sys
from array import array
from contextlib import contextmanager
from pathlib import Path

import pytest

from spikert import compat, sensors

VIRTUAL = Path(__file__).parents[2] / "host/spikelet/boards/virtual"
MODULES = ("analogio", "audiobusio", "board", "busio", "devices", "digitalio", "machine")
MODULES += ("microcontroller", "pins_in_use", "touchio", "wiring")
MODULES += ("board_modules", "circuitpython_names", "console", "drive", "kept", "nvm", "storage")
MODULES += ("supervisor", "usb_cdc")


@contextmanager
def fresh_modules(*folders):
    """Import a board's modules from these folders, and reload their users."""
    _forget()
    sys.path[:0] = map(str, folders)
    try:
        yield
    finally:
        del sys.path[: len(folders)]
        _forget()


def _forget():
    """Remove a board's modules and their users from sys.modules."""
    for name in list(sys.modules):
        if name in MODULES or name.startswith(
            ("spikert.hardware.", "spikert.sensors.sound", "circuit_")
        ):
            del sys.modules[name]


@contextmanager
def virtual_board(folder, monkeypatch):
    """Run as the virtual board in this folder; yield its wiring."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(compat, "sleep_ms", lambda ms, unheard=False: None)
    with fresh_modules(VIRTUAL / "modules", VIRTUAL):
        yield Wired(folder)


class Wired:
    """The wiring of the virtual board in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.wiring = {}

    def wire(self, **wiring):
        """Wire parts in the format of hardware.json; keep all others."""
        self.wiring |= wiring
        path = self.folder / "hardware.json"
        # A new file has another identity, even within the resolution of its time.
        path.unlink(missing_ok=True)
        path.write_text(json.dumps(self.wiring))

    def record(self, name, samples):
        """Write a recording; return its name."""
        flat = [reading for sample in samples for reading in sample]
        (self.folder / name).write_bytes(array("h", flat).tobytes())
        return name


def reading(sensor):
    """Return a sensor's next reading."""
    buffer = array("h", bytes(2 * sensor.channels))
    sensor.read(buffer)
    return tuple(buffer)


def refusal(settings):
    """Return the error message for refused settings."""
    with pytest.raises(ValueError, match=".") as error:
        sensors.open(settings)
    assert "\n" not in str(error.value)
    return str(error.value)
