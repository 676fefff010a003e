"""One script, every interpreter, equal output."""

import shutil
import subprocess
import sys
from array import array

import pytest

from boards_under_test import absent
from random_networks import random_network
from spikelet import installation


def interpreter(name: str) -> str:
    """Return an interpreter's path, or skip."""
    built = installation.cache_folder("emulated") / name
    found = str(built) if built.exists() else shutil.which(name)
    if found is None:
        if name == "micropython":
            absent("no micropython; run boards/emulated/build unix")
        pytest.skip(f"no {name} on PATH")
    return found


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("micropython", marks=pytest.mark.emulated),
        pytest.param("micropython-ulab", marks=pytest.mark.ulab),
        pytest.param("circuitpython", marks=pytest.mark.ulab),
    ],
)
@pytest.mark.parametrize("seed", [0, 7, 9])
def test_runtime_says_the_same_as_on_cpython(name, seed, firmware, tmp_path):
    lif = tmp_path / "net.lif"
    random_network(seed).save(lif)
    arguments = [str(firmware / "runtime.py"), str(firmware), str(lif)]
    said = [
        subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout
        for program in (sys.executable, interpreter(name))
    ]
    assert said[0].count("\n") > 60
    assert said[1].replace("\r\n", "\n") == said[0]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("micropython", marks=pytest.mark.emulated),
        pytest.param("micropython-ulab", marks=pytest.mark.ulab),
        pytest.param("circuitpython", marks=pytest.mark.ulab),
    ],
)
def test_sensors_say_the_same_as_on_cpython(name, firmware, tmp_path):
    recording = tmp_path / "samples.bin"
    recording.write_bytes(array("h", [k * 1801 - 32768 for k in range(36)]).tobytes())
    arguments = [str(firmware / "sensors.py"), str(firmware), str(recording)]
    said = [
        subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout
        for program in (sys.executable, interpreter(name))
    ]
    assert said[0].count("\n") > 40
    assert said[1].replace("\r\n", "\n") == said[0]
