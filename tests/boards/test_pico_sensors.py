"""Test sensors on the emulated Pico: exact readings, faults, no allocation."""

import flash_image
import pytest
from boards_under_test import opened

from spikelet.boards import raw_repl
from spikelet.boards.start_code import CHOOSE_ACTIVE
from spikelet.flashing.runtime import bytecode

pytestmark = pytest.mark.emulated

NEEDED = tuple(
    f"spikert/{name}"
    for name in (
        "__init__",
        "compat",
        "loops/__init__",
        "loops/checksum",
        "pace",
        "sensors/",
        "hardware/",
    )
)
I2C = {"id": 0, "sda": 4, "scl": 5}
MPU = {"sensor": "mpu6050", "i2c": I2C}

# Prepared by hand from the datasheets: address, identity register and its value; then register and
# bytes of a measurement of (-32768, -2, 1), and of turning (300, -300, 32767).
IDENTITIES = {
    "mpu6050": (0x68, 0x75, 0x68),
    "lsm6ds": (0x6A, 0x0F, 0x6C),
    "lsm9ds1": (0x6B, 0x0F, 0x68),
    "adxl345": (0x53, 0x00, 0xE5),
    "lis3dh": (0x18, 0x0F, 0x33),
}
MEASURED = (-32768, -2, 1, 300, -300, 32767)
MEASUREMENTS = {
    "mpu6050": (0x3A, "01 8000 fffe 0001 1234 012c fed4 7fff"),
    "lsm6ds": (0x1E, "03 00 3412 2c01 d4fe ff7f 0080 feff 0100"),
    "lsm9ds1": (0x17, "03 2c01 d4fe ff7f 000000000000 00000000 0080 feff 0100"),
    "adxl345": (0x30, "83 0b 0080 feff 0100"),
    "lis3dh": (0xA7, "0f 0080 feff 0100"),
}

# Values of the chip's converters.
WEATHER = (415148 >> 4, 519888 >> 4, 27000)
START = """
import gc, machine, sys
{prelude}
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
    port = opened("pico")
    files = bytecode.sources()
    flash_image.put(port, {path: files[path] for path in files if path.startswith(NEEDED)})
    return port


@pytest.fixture(scope="module")
def powered(pico):
    """Return a Pico that is switched on."""
    with pico.powered() as board:
        yield board


@pytest.fixture(scope="module")
def kept_repl(powered):
    with raw_repl.opened(powered.name, powered.device) as transport:
        yield transport


@pytest.fixture
def board(powered):
    """Return the Pico with empty buses."""
    for bus in (0, 1):
        for address in (0x18, 0x53, 0x68, 0x69, 0x6A, 0x6B, 0x76):
            powered.unplug_i2c(bus, address)
    return powered


@pytest.fixture
def repl(kept_repl):
    """Return the raw REPL of the board after a soft reset."""
    kept_repl.enter_raw_repl(soft_reset=True)
    kept_repl.exec(START.replace("{prelude}", CHOOSE_ACTIVE))
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


@pytest.mark.parametrize("name", ["mpu6050", "lsm6ds", "lsm9ds1"])
def test_turning_too(board, repl, name):
    plug(board, name)
    assert repl.eval(f"opened({{'sensor': {name!r}, 'channels': 6}})")[3:] == ("gx", "gy", "gz")
    assert repl.eval("reading()") == MEASURED


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


def taken(repl, statement):
    """Return the bytes of heap that a hundred runs of a statement allocate."""
    repl.exec(
        "def measured():\n"
        "    gc.collect()\n"
        "    gc.disable()\n"
        "    before = gc.mem_alloc()\n"
        f"    for _ in range(100):\n        {statement}\n"
        "    taken = gc.mem_alloc() - before\n"
        "    gc.enable()\n"
        "    return taken\n"
    )
    return repl.eval("measured()")


@pytest.mark.parametrize(
    "settings",
    [
        {"sensor": "adc", "pins": [26, 27]},
        {**MPU, "channels": 6},
        {"sensor": "lis3dh"},
        {"sensor": "replay", "channels": 3},
    ],
)
def test_readings_take_no_memory(board, repl, settings):
    plug(board, "mpu6050")
    plug(board, "lis3dh")
    repl.fs_writefile("samples.bin", bytes(range(1, 31)))
    repl.exec(f"opened({settings})")
    assert taken(repl, "sensor.read(buffer)") == 0
    assert taken(repl, "bytes(buffer)") > 0


def test_sensor_open_unloads_chip_modules(board, repl):
    plug(board, "mpu6050")
    # The second time, the module is imported again.
    for _ in range(2):
        repl.exec(f"opened({MPU})")
        assert repl.eval("[name for name in sys.modules if 'chips' in name]") == []
        repl.exec("sensor.close()")


def test_weather_reading_allocates_little(board, repl):
    board.feed_chip("bme280", [WEATHER])
    repl.exec("opened({'sensor': 'bme280'})")
    assert 0 < taken(repl, "sensor.read(buffer)") / 100 < 400


def test_weather_as_on_the_host(board, repl):
    board.feed_chip("bme280", [WEATHER])
    names = repl.eval("opened({'sensor': 'bme280'})")
    assert names == ("temperature", "pressure", "humidity")
    # 25.08 degrees is Bosch's own example; tests/unit compare the rest with floats.
    temperature, pressure, humidity = repl.eval("reading()")
    assert (temperature, 70_000 + 2 * pressure, humidity) == (2508, 100_658, 3433)
    board.feed_i2c(0, 0x76, 0xF7, bytes(8))
    assert repl.eval("tell(reading)")[0] == "Nonsense"


def test_a_chip_that_stops_measuring_is_nonsense_and_recovers(board, repl):
    plug(board, "mpu6050")
    repl.eval(f"opened({MPU})")
    plug(board, "mpu6050", ready=False)
    repl.exec("for _ in range(63):\n    reading()")
    kind, said = repl.eval("tell(reading)")
    assert (kind, said) == ("Nonsense", "64 readings in a row without a new measurement")
    assert repl.eval(f"tell(opened, {MPU})") == ("Nonsense", "no measurement in 250 ms")
    plug(board, "mpu6050")
    repl.eval(f"opened({MPU})")
    assert repl.eval("reading()") == MEASURED[:3]


def test_chip_with_wrong_identity_is_named(board, repl):
    board.feed_i2c(0, 0x68, 0x75, [0x12])
    kind, said = repl.eval(f"tell(opened, {MPU})")
    assert kind == "Nonsense"
    assert said.endswith("the chip at 0x68 says 0x12")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sensor": "adc", "pins": [5]}, "pin 5 measures no voltage: "),
        ({"sensor": "adc", "pins": ["GP99"]}, "this board has no pin 'GP99': "),
        ({"sensor": "mpu6050", "i2c": {"id": 0, "sda": 2, "scl": 3}}, "this board has no I2C 0 on"),
        ({"sensor": "mpu6050", "i2c": {"bus": "I2C"}}, "i2c knows no setting 'bus'"),
        ({"sensor": "pdm"}, "micropython 1.25.0 has no pdm"),
        ({"sensor": "mpu"}, "no sensor is called 'mpu'; known are adc, "),
    ],
)
def test_settings_that_make_no_sense(repl, settings, said):
    kind, sentence = repl.eval(f"tell(opened, {settings})")
    assert (kind, sentence[: len(said)]) == ("ValueError", said)


def test_a_bus_whose_number_is_not_given_is_found_by_its_pins(board, repl):
    board.feed_chip("adxl345", [(1, 2, 3)], bus=1)
    repl.eval("opened({'sensor': 'adxl345', 'i2c': {'sda': 2, 'scl': 3}})")
    assert repl.eval("reading()") == (1, 2, 3)


def test_missing_i2s_microphone_is_silent_then_nonsense(repl):
    repl.eval("opened({'sensor': 'i2s', 'sck': 16, 'ws': 17, 'sd': 18, 'samples': 8})")
    repl.exec("for _ in range(63):\n    assert reading() == (0,)")
    assert repl.eval("tell(reading)") == (
        "Nonsense",
        "64 blocks of sound in a row without a change",
    )
    repl.exec("sensor.close()")


def test_touch_on_pins(repl):
    repl.eval("opened({'sensor': 'touch', 'pins': [14, 15]})")
    # The emulator does not discharge the pins.
    assert repl.eval("reading()") == (0, 0)
    repl.exec("sensor.close()")


SAMPLED = """
from spikert.sensors.sample_clock import SampleClock
def sampled(count, period):
    read, pace = [], SampleClock(period)
    for _ in range(count):
        pace.wait()
        read.append(reading()[0])
    return read, pace.late
"""


@pytest.mark.parametrize("loop", [False, True])
def test_a_recording_is_read_row_by_row_at_its_rate(board, repl, loop):
    rows = [(k, -k, 7) for k in range(1, 301)]
    board.hurry()
    try:
        board.feed_chip("mpu6050", rows, 100, loop=loop)
        repl.exec(SAMPLED + f"opened({MPU})")
        read, late = repl.eval("sampled(400, 10_000)")
    finally:
        board.hurry(False)
    after = range(1, 101) if loop else [300] * 100
    assert (read, late) == ([*range(1, 301), *after], 0)


def test_an_adc_recording_too(board, repl):
    board.hurry()
    try:
        board.feed_adc_recording([(k, 4095 - k) for k in range(200)], 250, first="read")
        repl.exec(SAMPLED + "opened({'sensor': 'adc', 'pins': [26, 27]})")
        assert repl.eval("sampled(200, 4_000)") == (list(range(200)), 0)
        assert repl.eval("buffer[1]") == 4095 - 199
        board.feed_adc([5])
        assert repl.eval("reading()") == (5, 4095 - 199)
    finally:
        board.hurry(False)
