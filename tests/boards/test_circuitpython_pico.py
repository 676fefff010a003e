"""Test CircuitPython's own firmware on the emulated Pico."""

import json
import time

import numpy as np
import pytest
import serial
from boards_under_test import circuitpython_pico
from power_up import wait_for_resets

from spikelet.boards import raw_repl
from spikelet.boards.virtual import drive
from spikelet.flashing import flash
from spikelet.networks.lif_file import save_network

pytestmark = [pytest.mark.circuitpython, pytest.mark.slow]

PRINTING = b"import time\nwhile True:\n print('running')\n time.sleep(0.2)\n"
BOTH_PORTS = b"import usb_cdc\nusb_cdc.enable(console=True, data=True)\n"
# Seconds for an answer of the board on a busy computer.
PATIENCE = 60


@pytest.fixture(scope="module")
def pico(own_cache):
    return circuitpython_pico("pico-circuitpython")


def heard(stream: serial.SerialBase, text: bytes) -> bool:
    """Return whether a board prints a text in time."""
    stream.timeout, read, end = 1, b"", time.monotonic() + PATIENCE
    while text not in read and time.monotonic() < end:
        read += stream.read(1024)
    return text in read


def test_circuitpython_pico_is_recognised(spikelet, pico):
    status, out, _ = spikelet("doctor", "--port", pico.name, "--json")
    report = json.loads(out)["ports"][pico.name]
    assert (status, report["works"], report["runtime"]) == (0, True, "circuitpython")
    assert (report["boards"], report["identified"]) == (["pico"], True)
    assert report["ulab"]
    assert report["files"]["read_only"] is True


def test_drive_writes_reach_the_board(pico):
    read = "(os.listdir('/'), os.listdir('/Some Folder'), open('/Some Folder/a.txt').read())"
    with pico.connect() as transport:
        transport.exec("import os")
        (folder,) = drive.mounted()
        assert (folder / "boot_out.txt").read_text().startswith("Adafruit CircuitPython")
        (folder / "Some Folder").mkdir()
        (folder / "Some Folder" / "a.txt.new").write_text("first" * 500)
        (folder / "code.py").write_text("print('mine')")
        transport.exec("pass")
        (folder / "Some Folder" / "a.txt.new").replace(folder / "Some Folder" / "a.txt")
        names, inside, content = transport.eval(read)
        assert ("code.py" in names, inside, content) == (True, ["a.txt"], "first" * 500)
    assert drive.mounted() == []
    with pico.connect() as transport:
        (folder,) = drive.mounted()
        assert (folder / "code.py").read_text() == "print('mine')"
        (folder / "Some Folder" / "a.txt").unlink()
        (folder / "Some Folder").rmdir()
        (folder / "code.py").unlink()
        transport.exec("import os")
        assert not {"code.py", "Some Folder"} & set(transport.eval("os.listdir('/')"))


def test_drive_write_restarts_the_program(pico):
    with pico.powered() as board, serial.serial_for_url(board.device) as console:
        (board.drive.folder / "code.py").write_bytes(PRINTING)
        board.drive.sync()
        assert heard(console, b"running")
        (board.drive.folder / "other.txt").write_text("x")
        board.drive.sync()
        assert heard(console, b"auto-reload")
        assert heard(console, b"running")
        (board.drive.folder / "code.py").unlink()


def test_safe_mode_outlives_the_reset(pico):
    ask = "microcontroller.on_next_reset(microcontroller.RunMode.SAFE_MODE)"
    with pico.powered() as board:
        with raw_repl.opened(board.name, board.device) as transport:
            transport.exec(f"import microcontroller; {ask}")
            transport.exec_raw_no_follow("microcontroller.reset()")
        wait_for_resets(board)
        with raw_repl.opened(board.name, board.device) as transport:
            transport.exec("import supervisor")
            reason = transport.eval("str(supervisor.runtime.safe_mode_reason)")
        assert reason == "supervisor.SafeModeReason.PROGRAMMATIC"


def test_i2c_bus_with_a_device_has_pull_ups(pico):
    build = "import board, busio\nbus = busio.I2C(board.GP5, board.GP4)"
    with pico.powered() as powered, raw_repl.opened(powered.name, powered.device) as transport:
        _, errors = transport.exec_raw(build)
        assert b"RuntimeError: No pull up found" in errors
        powered.feed_chip("mpu6050", [[1, 2, 3, 4, 5, 6]])
        for _ in range(2):
            transport.exec(build + "\nname, locked = bytearray(1), bus.try_lock()")
            # The chip's name is its address. The bus can be built again after its end.
            transport.exec("bus.writeto_then_readfrom(0x68, b'\\x75', name)\nbus.deinit()")
            assert transport.eval("(locked, name[0])") == (True, 0x68)


@pytest.fixture(scope="module")
def flashed(pico, trained, digits, tmp_path_factory):
    """Flash a network through the drive; return its file and samples for it."""
    folder = tmp_path_factory.mktemp("network")
    network = trained("direct", 4)
    save_network(network, folder / "net.lif")
    np.savez(folder / "x.npz", x=digits.x[:4], y=digits.y[:4])
    flash.write_files(flash.prepare(pico, network, flash.payload(network)))
    return folder / "net.lif", folder / "x.npz"


def verified(spikelet, flashed, port, *options):
    """Run verify; return its status, its report and its error."""
    lif, samples = flashed
    status, out, err = spikelet(
        "verify", lif, "--samples", samples, "--port", port, "--json", *options
    )
    return status, json.loads(out) if status < 2 else {}, err


@pytest.mark.parametrize("kernel", ["ulab", "plain"])
def test_network_flashed_by_drive_is_right(spikelet, pico, flashed, kernel):
    status, found, err = verified(spikelet, flashed, pico.name, "--kernel", kernel)
    assert status == 0, err
    assert (found["samples"], found["differences"], found["lost_frames"]) == (4, 0, 0)


def test_data_port_serves_the_running_network(spikelet, pico, flashed):
    status, _, err = verified(spikelet, flashed, f"data:{pico.name}")
    assert status == 3
    assert "has no second serial port" in err
    with pico.connect() as transport:
        (drive.mounted()[0] / "boot.py").write_bytes(BOTH_PORTS)
        transport.exec("pass")
    status, found, err = verified(spikelet, flashed, f"data:{pico.name}")
    assert status == 0, err
    assert (found["samples"], found["differences"], found["lost_frames"]) == (4, 0, 0)
