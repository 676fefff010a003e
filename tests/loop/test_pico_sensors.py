"""Sensors on the emulated Pico: exact readings from pins and registers, faults, no memory taken."""

import pytest

from boards_under_test import absent
from spikelet import ports, resources
from spikelet.errors import SpikeletError

pytestmark = pytest.mark.emulated

NEEDED = tuple(
    f"spikert/{name}"
    for name in ("__init__", "compat", "loops/__init__", "loops/checksum", "sensors/", "hardware/")
)
I2C = {"id": 0, "sda": 4, "scl": 5}
MPU = {"sensor": "mpu6050", "i2c": I2C}

# Prepared by hand from the datasheets: where a chip says what it is, where and how its measurement
# of (-32768, -2, 1), and of turning (300, -300, 32767), is read.
IDENTITIES = {
    "mpu6050": (0x68, 0x75, 0x68),
    "lsm6ds": (0x6A, 0x0F, 0x6C),
    "adxl345": (0x53, 0x00, 0xE5),
    "lis3dh": (0x18, 0x0F, 0x33),
}
MEASURED = (-32768, -2, 1, 300, -300, 32767)
MEASUREMENTS = {
    "mpu6050": (0x3A, "01 8000 fffe 0001 1234 012c fed4 7fff"),
    "lsm6ds": (0x1E, "03 00 3412 2c01 d4fe ff7f 0080 feff 0100"),
    "adxl345": (0x30, "83 0b 0080 feff 0100"),
    "lis3dh": (0xA7, "0f 0080 feff 0100"),
}

START = """
import gc, machine, sys
from array import array
from spikert import sensors

def tell(function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        return type(error).__name__, str(error)
    except ValueError as error:
        return "ValueError", str(error)

def opened(settings):
    global sensor, buffer
    sensor = sensors.open(settings)
    buffer = array("h", bytes(2 * sensor.channels))
    return sensor.names

def reading():
    sensor.read(buffer)
    return tuple(buffer)
"""


@pytest.fixture(scope="module")
def pico(own_cache):
    try:
        port = ports.resolve("pico")
    except SpikeletError as error:
        absent(str(error))
    files = resources.runtime_files()
    list(port.install({path: files[path] for path in files if path.startswith(NEEDED)}))
    return port


@pytest.fixture(scope="module")
def powered(pico):
    """Return a Pico that is switched on."""
    with pico.powered() as board:
        yield board


@pytest.fixture(scope="module")
def kept_repl(powered):
    with ports.raw_repl(powered.name, powered.device) as transport:
        yield transport


@pytest.fixture
def board(powered):
    """Return the Pico with nothing on its buses."""
    for bus in (0, 1):
        for address in range(0x08, 0x78):
            powered.unplug_i2c(bus, address)
    return powered


@pytest.fixture
def repl(kept_repl):
    """Return the raw REPL of the board after a soft reset."""
    kept_repl.enter_raw_repl(soft_reset=True)
    kept_repl.exec(START)
    return kept_repl


def plug(board, name, *, ready=True, bus=0):
    """Put a chip with its measurement on a bus."""
    address, register, value = IDENTITIES[name]
    board.feed_i2c(bus, address, register, [value])
    register, block = MEASUREMENTS[name]
    values = bytearray.fromhex(block)
    if not ready:
        values[0] = 0
    board.feed_i2c(bus, address, register, values)


def test_analogue_pins_in_12_bits(board, repl):
    board.feed_adc([0, 4095, 1234])
    names = repl.eval("opened({'sensor': 'adc', 'pins': [26, 'GP27', 28]})")
    assert names == ("26", "GP27", "28")
    assert repl.eval("reading()") == (0, 4095, 1234)
    board.feed_adc([7, 8, 9])
    assert repl.eval("reading()") == (7, 8, 9)


@pytest.mark.parametrize("name", list(IDENTITIES))
def test_acceleration_exactly_as_its_registers_hold_it(board, repl, name):
    plug(board, name)
    assert repl.eval(f"opened({{'sensor': {name!r}, 'i2c': {I2C}}})") == ("ax", "ay", "az")
    assert repl.eval("reading()") == MEASURED[:3]


@pytest.mark.parametrize("name", ["mpu6050", "lsm6ds"])
def test_turning_too(board, repl, name):
    plug(board, name)
    assert repl.eval(f"opened({{'sensor': {name!r}, 'channels': 6}})")[3:] == ("gx", "gy", "gz")
    assert repl.eval("reading()") == MEASURED


def test_readings_take_no_memory(board, repl):
    plug(board, "mpu6050")
    for settings in ({"sensor": "adc", "pins": [26, 27]}, {**MPU, "channels": 6}):
        repl.exec(
            f"opened({settings})\nread = sensor.read\nread(buffer)\ngc.collect()\ngc.disable()"
        )
        repl.exec(
            "before = gc.mem_alloc()\n"
            "for _ in range(100):\n    read(buffer)\n"
            "taken = gc.mem_alloc() - before\ngc.enable()"
        )
        assert repl.eval("taken") == 0


def test_absent_then_there_then_gone_then_back(board, repl):
    assert repl.eval(f"tell(opened, {MPU})") == (
        "OSError",
        "[Errno 19] ENODEV: no mpu6050 answers at 0x68, 0x69",
    )
    plug(board, "mpu6050")
    assert repl.eval(f"tell(opened, {MPU})") == ("ax", "ay", "az")
    board.unplug_i2c(0, 0x68)
    assert repl.eval("tell(reading)") == ("OSError", "[Errno 5] EIO")
    board.plug_i2c(0, 0x68)
    assert repl.eval("tell(reading)") == MEASURED[:3]
