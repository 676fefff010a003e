"""One script, every interpreter, equal output."""

import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from random_networks import random_network

from interpreters import FIRMWARE, interpreter
from spikelet import minify
from spikelet.networks.lif_file import save_network

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("micropython", marks=pytest.mark.emulated),
        pytest.param("micropython-ulab", marks=pytest.mark.ulab),
        pytest.param("circuitpython", marks=pytest.mark.ulab),
    ],
)
@pytest.mark.parametrize("seed", [0, 7, 9])
def test_runtime_output_equals_cpython(name, seed, firmware, tmp_path):
    lif = tmp_path / "net.lif"
    save_network(random_network(seed), lif)
    arguments = [str(firmware / "runtime.py"), str(firmware), str(lif)]
    outputs = [
        subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout
        for program in (sys.executable, interpreter(name))
    ]
    assert outputs[0].count("\n") > 60
    assert outputs[1].replace("\r\n", "\n") == outputs[0]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("micropython", marks=pytest.mark.emulated),
        pytest.param("micropython-ulab", marks=pytest.mark.ulab),
        pytest.param("circuitpython", marks=pytest.mark.ulab),
    ],
)
def test_sensors_output_equals_cpython(name, firmware, tmp_path):
    recording = tmp_path / "samples.bin"
    recording.write_bytes(array("h", [k * 1801 - 32768 for k in range(36)]).tobytes())
    arguments = [str(firmware / "sensors.py"), str(firmware), str(recording)]
    outputs = [
        subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout
        for program in (sys.executable, interpreter(name))
    ]
    assert outputs[0].count("\n") > 40
    assert outputs[1].replace("\r\n", "\n") == outputs[0]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("micropython", marks=pytest.mark.emulated),
        pytest.param("micropython-ulab", marks=pytest.mark.ulab),
        pytest.param("circuitpython", marks=pytest.mark.ulab),
    ],
)
@pytest.mark.parametrize("form", ["source", "minified"])
def test_board_side_output_equals_cpython(name, form, tmp_path):
    folder = FIRMWARE / "board_side"
    if form == "minified":
        sources, folder = folder, tmp_path / "board_side"
        folder.mkdir()
        for path in sources.glob("*.py"):
            (folder / path.name).write_text(minify.compact(path.read_text()))
    outputs = []
    for program in (sys.executable, interpreter(name)):
        work = tmp_path / Path(program).name
        work.mkdir()
        command = [program, str(HERE / "board_side.py"), str(folder)]
        run = subprocess.run(command, cwd=work, capture_output=True, text=True, check=True)
        outputs.append(run.stdout.replace("\r\n", "\n"))
        assert list(work.iterdir()) == []
    assert outputs[0].count("\n") > 45
    assert outputs[1] == outputs[0]
