"""Test a board that starts without a host, and accepts a host at any time."""

import json
import re
import time

import flash_image
import numpy as np
import pytest
import serial
from boards_under_test import blank
from stream_networks import stream_network
from thorough import quick, thorough

from spikelet.boards import interpreter, raw_repl, serial_port
from spikelet.flashing.runtime.needs import Task
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.link import sensor, verify
from spikelet.link.link import Link
from spikelet.link.turn import Status
from spikelet.networks import lif_file

# The Pico is flashed or started many times.
pytestmark = [pytest.mark.emulated, pytest.mark.slow, pytest.mark.timeout(1800)]

# The seed of a network that scales readings of three channels.
SEED = 1
SENSOR = {"sensor": "mpu6050", "rate": 100, "i2c": {"sda": "GP4", "scl": "GP5"}}
MPU6050 = 0x68
RESETS = (6, 100)
# Resets after which the whole network is checked.
VERIFIED = 25
# Seconds.
PATIENCE = 120


@pytest.fixture(scope="module")
def network():
    return stream_network(SEED)


@pytest.fixture(scope="module")
def pico(own_cache, network):
    """Return an emulated Pico with a network, a sensor, and their files."""
    port = blank("pico")
    parts = RuntimeParts.for_interpreter(interpreter.survey_port(port))
    files = parts.needed(Task(network, SENSOR)) | {
        "network.lif": lif_file.to_bytes(network),
        "sensor.json": json.dumps(SENSOR).encode(),
    }
    flash_image.put(port, files)
    return port


@pytest.fixture
def board(pico):
    """Return the Pico, switched on, whose sensor is moved."""
    with pico.powered() as powered:
        powered.hurry()
        rng = np.random.default_rng(0)
        powered.feed_chip("mpu6050", rng.integers(-3000, 3000, (1000, 3)).tolist(), loop=True)
        yield powered


@pytest.fixture
def console(board):
    """Return a function that reads the console until a text has come, and returns it all."""
    with serial.serial_for_url(board.device, timeout=0.05) as port:

        def read(expected):
            said, end = "", time.monotonic() + PATIENCE
            while not re.search(expected, said):
                assert time.monotonic() < end, f"{expected!r} is not in {said!r}"
                said += port.read(4096).decode(errors="replace")
            return said

        read.port = port
        yield read


@pytest.fixture
def put(board):
    """Return a function that puts files on the board and resets it; they are removed at the end."""
    names = set()

    def put_there(**files):
        with raw_repl.opened(board.name, board.device, PATIENCE) as repl:
            for name, text in files.items():
                path = name.replace("_", ".")
                names.add(path)
                repl.fs_writefile(path, text.encode())
        board.reset()

    yield put_there
    with raw_repl.opened(board.name, board.device, PATIENCE) as repl:
        repl.exec("import os")
        for name in [*names, "spikelet/starts"]:
            repl.exec(f"try:\n os.remove({name!r})\nexcept OSError:\n pass")


def test_it_runs_its_network_without_a_host(console, network):
    said = console(r"spikelet: (.+)\r\n")
    assert re.search(r"spikelet: (.+)\r\n", said)[1] in network.classes


def test_ctrl_c_gives_the_repl(console):
    console("spikelet: class")
    console.port.write(b"\x03")
    assert "stopped; Ctrl-D starts it again" in console(">>> ")
    console.port.write(b"print(6 * 7)\r")
    console("42")


def test_a_host_that_comes_finds_it_at_once(board, network, console):
    console("spikelet: class")
    console.port.close()
    x = np.zeros((2, 3 * network.stream.hop, 3), np.int16)
    with serial_port.SerialPort(board.device).session() as stream:
        link = Link(stream, "board", pytest.fail)
        assert verify.check_identity(network, link.hello(), "board") is None
        assert verify.verify(link, network, x).passed
        link.close()


def test_a_sensor_that_is_unplugged_is_waited_for(board, network, console):
    console("spikelet: class")
    console.port.close()
    with serial_port.SerialPort(board.device).session() as stream:
        link = Link(stream, "board", pytest.fail)
        verify.check_identity(network, link.hello(), "board")
        check, troubles, turns = verify.LiveCheck(network), [], 0
        for seen in sensor.turns(link, network):
            if isinstance(seen, Status):
                troubles.append(seen.trouble)
            else:
                check.check(seen)
                turns += 1
                if turns == 5:
                    board.unplug_i2c(0, MPU6050)
                if turns == 10:
                    break
            if troubles[-1]:
                board.plug_i2c(0, MPU6050)
        link.close()
    assert any(trouble.startswith("mpu6050: ") for trouble in troubles)
    assert (check.found.samples, check.found.differences, link.lost_frames) == (10, 0, 0)


def test_power_up_with_safe_file_does_not_start(put, console):
    console.port.close()
    put(SAFE="")
    console.port.open()
    assert "class" not in console("not started: there is a file SAFE; remove it")


@pytest.mark.parametrize(
    ("app", "words"),
    [
        pytest.param(
            "def answer(name):\n raise RuntimeError('no lamp')",
            "RuntimeError: no lamp",
            marks=thorough,
        ),
        (
            "import machine\ndef answer(name):\n machine.reset()",
            "the chip was reset, as by a watchdog",
        ),
        pytest.param("import nothing", "ImportError: no module named 'nothing'", marks=thorough),
    ],
)
def test_power_up_stops_after_three_crashes(put, console, board, app, words):
    console.port.close()
    put(app_py=app)
    end, said = time.monotonic() + 2 * PATIENCE, ""
    # Each reset closes the console.
    while not said and time.monotonic() < end:
        console.port.open()
        try:
            said = console(r"not started: .*\r\n")
        except (AssertionError, OSError):
            console.port.close()
    assert said, "it starts again and again"
    assert f"it ended 3 times in a row at once ({words})" in said
    console.port.write(b"print(6 * 7)\r")
    console("42")


@pytest.mark.parametrize("resets", quick(RESETS, RESETS[:1]))
def test_resets_of_both_kinds_are_survived(board, network, pico, resets):
    port = serial_port.SerialPort(board.device)
    held = lif_file.to_bytes(network)
    for number in range(resets):
        if number % VERIFIED == 0:
            check_all(port, network)
        with raw_repl.opened(board.name, board.device, PATIENCE) as repl:
            repl.exec("import sys\n" + pico.prelude)
            path = repl.eval("_paths['network.lif']")
            assert repl.fs_readfile(path, chunk_size=1024) == held, number
            if number % 2:
                # Leave the raw REPL, then soft reset.
                repl.serial.write(b"\x02\x04")
        if not number % 2:
            board.reset()
    check_all(port, network)
    assert board.stats()["resets"] == resets // 2


def check_all(port, network):
    """Check that a board answers, and equals the reference."""
    x = np.full((1, network.stream.hop, 3), 700, np.int16)
    with port.session() as stream:
        link = Link(stream, "board", lambda text: None)
        verify.check_identity(network, link.hello(), "board")
        assert verify.verify(link, network, x).passed
        link.close()
