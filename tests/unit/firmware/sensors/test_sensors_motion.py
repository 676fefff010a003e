"""Motion chips on the virtual board: readings, settings and failures."""

import errno
import json
from array import array

import numpy as np
import pytest
from sensor_boards import reading, refusal, virtual_board

from spikelet.boards.virtual import devices
from spikert import sensors

MOTION = ("mpu6050", "mpu6500", "mpu6886", "lsm6ds", "lsm9ds1", "adxl345", "lis3dh")
EXTREMES = [(-32768, 32767, 0), (1, -1, 256), (0, 0, -32768), (-1, -1, 0), (12, -3400, 8192)]


@pytest.fixture
def wired(tmp_path, monkeypatch):
    """Yield the wiring of a virtual board: the first of the chips at each address."""
    with virtual_board(tmp_path, monkeypatch) as wired:
        wired.wire(i2c=[{"chip": name} for name in reversed(devices.CHIPS)])
        yield wired


@pytest.mark.parametrize("name", MOTION)
def test_motion_reads_acceleration_exactly(wired, name):
    wired.wire(i2c=[{"chip": name, "recording": wired.record("r", EXTREMES), "channels": 3}])
    sensor = sensors.open({"sensor": name})
    assert (sensor.channels, sensor.names) == (3, ("ax", "ay", "az"))
    assert [reading(sensor) for _ in range(6)] == [*EXTREMES, EXTREMES[0]]
    sensor.close()


@pytest.mark.parametrize("name", ["mpu6050", "lsm6ds", "lsm9ds1"])
def test_motion_reads_rotation_exactly(wired, name):
    samples = [(*a, *b) for a, b in zip(EXTREMES, EXTREMES[1:], strict=False)]
    wired.wire(i2c=[{"chip": name, "recording": wired.record("r", samples)}])
    sensor = sensors.open({"sensor": name, "channels": 6})
    assert sensor.names == ("ax", "ay", "az", "gx", "gy", "gz")
    assert [reading(sensor) for _ in samples] == samples


def test_motion_without_rotation_has_three_channels(wired):
    assert refusal({"sensor": "adxl345", "channels": 6}) == "channels is 6; it must be one of 3"


def test_motion_refuses_ranges_that_a_chip_lacks(wired):
    message = refusal({"sensor": "lsm9ds1", "channels": 6, "dps": 1000})
    assert message == "dps is 1000; lsm9ds1 has 250, 500, 2000"


def test_motion_finds_chip_at_second_address(wired):
    wired.wire(i2c=[{"chip": "bme280"}, {"chip": "mpu6050", "address": 0x69}])
    assert sensors.open({"sensor": "mpu6050"}).address == 0x69


def test_motion_other_chip_at_address_is_nonsense(wired):
    wired.wire(i2c=[{"chip": "lis3dh", "address": 0x68}])
    with pytest.raises(sensors.Nonsense, match=r"the chip at 0x68 says 0x00$"):
        sensors.open({"sensor": "mpu6050"})
    wired.wire(i2c=[{"chip": "mpu6050"}])
    sensors.open({"sensor": "mpu6050"}).close()


def test_motion_absent_chip_is_oserror_until_plugged(wired):
    wired.wire(i2c=[])
    for _ in range(3):
        with pytest.raises(OSError, match="no lsm6ds answers at 0x6a, 0x6b") as error:
            sensors.open({"sensor": "lsm6ds"})
        assert error.value.errno == errno.ENODEV
    wired.wire(i2c=[{"chip": "lsm6ds"}])
    sensors.open({"sensor": "lsm6ds"}).close()


@pytest.mark.parametrize("name", MOTION)
def test_motion_replugged_chip_must_be_opened_again(wired, name):
    chip = {"chip": name, "recording": wired.record("r", EXTREMES), "channels": 3}
    wired.wire(i2c=[chip])
    sensor = sensors.open({"sensor": name})
    reading(sensor)
    wired.wire(i2c=[{**chip, "unplugged": True}])
    with pytest.raises(OSError, match="No such device"):
        reading(sensor)
    wired.wire(i2c=[chip])
    read = 0
    with pytest.raises(sensors.Nonsense, match="64 readings in a row without a new measurement"):
        while read < 1000:
            reading(sensor)
            read += 1
    assert read == 63
    sensor.close()
    assert reading(sensors.open({"sensor": name})) == EXTREMES[0]


@pytest.mark.parametrize("dead", [(0, 0, 0), (-1, -1, -1)])
def test_motion_stuck_lines_are_nonsense_after_64_readings(wired, dead):
    samples = [dead] * 63 + [(0, 0, 1)] + [dead] * 64
    wired.wire(i2c=[{"chip": "mpu6050", "recording": wired.record("r", samples), "channels": 3}])
    sensor = sensors.open({"sensor": "mpu6050"})
    assert [reading(sensor) for _ in samples[:-1]] == samples[:-1]
    with pytest.raises(sensors.Nonsense):
        reading(sensor)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("mpu6050", {}, {0x6B: 1, 0x19: 9, 0x1A: 3, 0x1B: 0x00, 0x1C: 0x08, 0x38: 1}),
        (
            "mpu6886",
            {"g": 16, "dps": 2000, "channels": 6, "rate": 500},
            {0x19: 1, 0x1A: 1, 0x1B: 0x18, 0x1C: 0x18, 0x1D: 1},
        ),
        ("mpu6050", {"rate": 10}, {0x19: 9, 0x1A: 6}),
        ("lsm6ds", {}, {0x10: 0x48, 0x11: 0x00, 0x12: 0x44}),
        (
            "lsm6ds",
            {"g": 16, "dps": 500, "channels": 6, "rate": 400},
            {0x10: 0x64, 0x11: 0x64, 0x12: 0x44},
        ),
        ("lsm9ds1", {"g": 16, "dps": 2000, "channels": 6, "rate": 120}, {0x20: 0x88, 0x10: 0x98}),
        ("lsm9ds1", {}, {0x20: 0x70, 0x10: 0x00, 0x22: 0x44}),
        ("adxl345", {"g": 8, "rate": 200}, {0x31: 0x0A, 0x2C: 0x0B, 0x2D: 0x08}),
        ("lis3dh", {"g": 2, "rate": 101}, {0x20: 0x67, 0x23: 0x88}),
    ],
)
def test_motion_writes_ranges_and_rates(wired, monkeypatch, name, settings, expected):
    # A module of the virtual board.
    import wiring

    written, write = {}, wiring.Device.write

    def spy(device, register, values):
        written[register] = bytes(values)[0]
        write(device, register, values)

    monkeypatch.setattr(wiring.Device, "write", spy)
    sensors.open({"sensor": name, **settings, "i2c": {"sda": "SDA", "scl": "SCL"}})
    assert {register: written[register] for register in expected} == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"g": 3}, "g is 3; it must be one of 2, 4, 8, 16"),
        ({"dps": "fast"}, "dps is 'fast'; it must be one of 250, 500, 1000, 2000"),
        ({"channels": 4}, "channels is 4; it must be one of 3, 6"),
        ({"rate": 1001}, "rate is 1001; it must be a number above 0, at most 1000"),
        ({"rate": 0}, "rate is 0; it must be"),
        ({"rate": "100"}, "rate is '100'; it must be"),
        ({"address": 200}, "address is 200; it must be an integer 8..119"),
        ({"address": 104.0}, "address is 104.0; it must be an integer 8..119"),
        ({"i2c": {"id": 0}}, "i2c knows no setting 'id'; it has bus, sda, scl, frequency"),
        ({"i2c": 7}, "the settings of i2c are 7; they must be a dict"),
        ({"i2c": {"sda": "SDA"}}, "this board has no pin None"),
        ({"i2c": {"sda": "GP99", "scl": "SCL"}}, "this board has no pin 'GP99'"),
        ({"i2c": {"sda": "board_id", "scl": "SCL"}}, "this board has no pin 'board_id'"),
        ({"i2c": {"sda": "A0", "scl": "A1"}}, "no I2C on these pins: Invalid pins"),
        ({"i2c": {"bus": "STEMMA_I2C"}}, "this board has no bus STEMMA_I2C; name the pins"),
        ({"i2c": {"frequency": "fast"}}, "frequency is 'fast'; it must be an integer"),
    ],
)
def test_motion_refuses_wrong_settings(wired, settings, message):
    assert message in refusal({"sensor": "mpu6050", **settings})
    # The bus was released.
    sensors.open({"sensor": "mpu6050"}).close()


def test_motion_without_pull_ups_is_an_absent_sensor(wired, monkeypatch):
    import busio

    def refuse(*pins, **options):
        raise RuntimeError("No pull up found on SDA or SCL; check your wiring")

    monkeypatch.setattr(busio, "I2C", refuse)
    with pytest.raises(OSError, match="No pull up found") as error:
        sensors.open({"sensor": "lis3dh"})
    assert error.value.errno == errno.ENODEV


def test_motion_locked_bus_is_oserror(wired):
    sensor = sensors.open({"sensor": "lis3dh"})
    assert sensor.bus.bus.try_lock()
    with pytest.raises(OSError, match="in use"):
        reading(sensor)
    sensor.bus.bus.unlock()
    reading(sensor)


def test_virtual_board_has_a_default_accelerometer(wired):
    (wired.folder / "hardware.json").unlink()
    readings = []
    for _ in range(2):
        sensor = sensors.open(json.loads('{"sensor": "mpu6050", "rate": 100}'))
        readings += [reading(sensor) for _ in range(200)]
        sensor.close()
    assert readings == [sample[:3] for sample in devices.made_up(6)]
    assert len(set(readings)) > 100
    assert np.ptp(np.array(readings), axis=0).min() > 2000


def test_motion_reads_into_the_callers_buffer(wired):
    buffer = array("h", [5] * 3)
    sensors.open({"sensor": "adxl345"}).read(buffer)
    assert tuple(buffer) == devices.made_up(3)[0]
