"""circup and mip install drivers on boards; their failures become one sentence."""

import contextlib
import json
import sys

import pytest
import vendor_driver
from boards_under_test import opened
from random_networks import random_network

from spikelet.errors import SpikeletError
from spikelet.flashing import drivers, files_by_drive
from spikelet.networks.lif_file import save_network

CIRCUP = """#!{python}
import pathlib, sys
print("Found device")
if sys.argv[1:4] != ["--path", {folder!r}, "install"]:
    sys.exit("circup was called with %r" % sys.argv)
if sys.argv[4] == "adafruit_offline":
    print("Traceback (most recent call last):\\n  File ...", file=sys.stderr)
    sys.exit("ConnectionError: no network")
if sys.argv[4] == "adafruit_mpu6050":
    pathlib.Path({folder!r}, "lib", "adafruit_mpu6050.mpy").write_bytes(b"C")
else:
    print("WARNING: " + sys.argv[4] + " is not a known CircuitPython library.")
"""


class Board:
    """A port of a CircuitPython board."""

    name = "/dev/board"

    def connect(self):
        return contextlib.nullcontext(self)


@pytest.fixture
def circuitpy(tmp_path, monkeypatch):
    """Return the drive of a board; install a script as circup that knows one library."""
    folder = tmp_path / "CIRCUITPY"
    (folder / "lib").mkdir(parents=True)
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "circup"
    program.write_text(CIRCUP.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(
        files_by_drive.DriveFiles, "of", lambda transport: files_by_drive.DriveFiles(folder, None)
    )
    return folder


def test_circup_installs_library_on_drive(circuitpy):
    assert "Found device" in drivers.install_driver(Board(), "circuitpython", "adafruit_mpu6050")
    assert [path.name for path in (circuitpy / "lib").iterdir()] == ["adafruit_mpu6050.mpy"]


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("adafruit_offline", "circup could not install adafruit_offline: ConnectionError: no net"),
        ("adafruit_none", "WARNING: adafruit_none is not a known CircuitPython library."),
    ],
)
def test_circup_failure_is_one_sentence(circuitpy, package, words):
    with pytest.raises(SpikeletError) as error:
        drivers.install_driver(Board(), "circuitpython", package)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_circup_or_drive_missing_names_alternative(circuitpy, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SpikeletError, match=r"circup, .* is not here; pip install 'spikelet\[dri"):
        drivers.install_driver(Board(), "circuitpython", "adafruit_mpu6050")
    monkeypatch.setattr(files_by_drive.DriveFiles, "of", lambda transport: None)
    with pytest.raises(
        SpikeletError, match=r"CIRCUITPY\) is not mounted here, and circup needs it"
    ):
        drivers.install_driver(Board(), "circuitpython", "adafruit_mpu6050")


def test_install_driver_on_virtual_board_fails(spikelet, tmp_path):
    save_network(random_network(3), tmp_path / "net.lif")
    status, _, err = spikelet("flash", tmp_path / "net.lif", "--install-driver", "adafruit_mpu6050")
    assert (status, err.count("\n")) == (2, 1)
    assert "virtual takes no packages; copy the driver into its folder lib" in err


@pytest.mark.emulated
def test_mip_installs_package_in_lib_of_board(tmp_path):
    source = vendor_driver.put(tmp_path)
    package = tmp_path / "package.json"
    package.write_text(json.dumps({"urls": [["vendor_mpu.py", source.name]], "version": "1"}))
    port = opened("pico")
    drivers.install_driver(port, "micropython", str(package))
    with port.connect() as repl:
        assert repl.fs_readfile("/lib/vendor_mpu.py") == source.read_bytes()
        repl.exec("import os; os.remove('/lib/vendor_mpu.py')")


@pytest.mark.emulated
def test_mip_unknown_package_names_board_and_error(tmp_path):
    with pytest.raises(
        SpikeletError, match=r"mip could not put .*none\.json on pico: Error opening"
    ):
        drivers.install_driver(opened("pico"), "micropython", str(tmp_path / "none.json"))
