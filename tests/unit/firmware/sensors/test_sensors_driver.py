"""A vendor's driver on the virtual board: the chip's own integers, and failures."""

import sys
from array import array

import numpy as np
import pytest
import vendor_driver
from sensor_boards import reading, refusal, virtual_board

from spikert import sensors

SAMPLES = [(-32768, 32767, 0, 1, -1, 256), (12, -3400, 8192, -2, 5, 32767)]
MPU = {
    "sensor": "driver",
    "driver": "vendor_mpu.MPU6050",
    "read": "acceleration",
    "unit": vendor_driver.UNIT,
}
MOODY = {"sensor": "driver", "driver": "vendor_mpu.Moody", "read": "mood", "unit": 1}


@pytest.fixture
def wired(tmp_path, monkeypatch):
    """Yield the wiring of a virtual board that has a driver in its folder lib."""
    vendor_driver.put(tmp_path / "lib")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    monkeypatch.delitem(sys.modules, "vendor_mpu", raising=False)
    with virtual_board(tmp_path, monkeypatch) as wired:
        wired.wire(i2c=[{"chip": "mpu6050", "recording": wired.record("r", SAMPLES)}])
        yield wired
    sys.modules.pop("vendor_mpu", None)


@pytest.fixture
def moody(wired, monkeypatch):
    """Return a function that opens a sensor whose driver returns or raises these values in turn."""
    import vendor_mpu

    def opened(*says):
        monkeypatch.setattr(vendor_mpu.Moody, "says", says)
        return sensors.open(MOODY)

    return opened


def test_driver_readings_are_register_integers(wired):
    sensor = sensors.open(MPU)
    assert (sensor.channels, sensor.names) == (3, ("c0", "c1", "c2"))
    readings = [reading(sensor) for _ in range(3)]
    assert readings == [sample[:3] for sample in (SAMPLES[1], SAMPLES[0], SAMPLES[1])]
    sensor.close()
    # The pins were released.
    sensors.open(MPU).close()


def test_driver_reads_properties_and_methods_in_units(wired):
    several = {"read": ["level", "turning"], "unit": [0.5, 1 / 65.5]}
    sensor = sensors.open({**MPU, **several, "address": 0x68, "names": ["up", "x", "y", "z"]})
    assert (sensor.channels, sensor.names) == (4, ("up", "x", "y", "z"))
    assert reading(sensor) == (SAMPLES[1][0], *SAMPLES[1][3:])


def test_driver_absent_or_other_chip_is_oserror(wired):
    wired.wire(i2c=[])
    with pytest.raises(OSError, match="No such device"):
        sensors.open(MPU)
    wired.wire(i2c=[{"chip": "mpu6500"}])
    with pytest.raises(OSError, match="RuntimeError: no MPU6050 found"):
        sensors.open(MPU)
    wired.wire(i2c=[{"chip": "mpu6050"}])
    sensor = sensors.open(MPU)
    wired.wire(i2c=[])
    with pytest.raises(OSError, match="No such device"):
        reading(sensor)


@pytest.mark.parametrize("g", [2, 4, 8, 16])
def test_driver_every_int16_survives_30_bit_floats(g):
    def shortened(numbers):
        return (numbers.astype(np.float32).view(np.uint32) & ~np.uint32(3)).view(np.float32)

    raw = np.arange(-32768, 32768)
    gravity = shortened(np.array([9.80665]))
    values = shortened(shortened(raw * shortened(np.array([g / 32768]))) * gravity)
    unit = shortened(np.array([9.80665 * g / 32768]))
    assert np.array_equal(np.round(shortened(values / unit)), raw)


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (None, "mood is None"),
        ("fine", "mood is 'f'"),
        (32767.5, "mood is 32767.5; in units of 1 that is no int16"),
        (-40000, "mood is -40000; in units"),
        (float("nan"), "mood is nan; in units"),
        ((1, 2), "2 readings, and 1 before"),
        ((), "0 readings, and 1 before"),
    ],
)
def test_driver_wrong_measurement_is_nonsense(moody, says, words):
    sensor = moody(3, says, 32767.49)
    with pytest.raises(sensors.Nonsense) as error:
        sensor.read(array("h", [0]))
    assert words in str(error.value)
    assert reading(sensor) == (32767,)


def test_driver_errors_become_oserror_with_their_text(moody):
    sensor = moody(3, KeyError("calibration"), ZeroDivisionError("by zero"), -5)
    for words in ("KeyError: 'calibration'", "ZeroDivisionError: by zero"):
        with pytest.raises(OSError, match=words):
            sensor.read(array("h", [0]))
    assert reading(sensor) == (-5,)
    with pytest.raises(MemoryError):
        moody(MemoryError())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"driver": "vendor_none.Chip"}, "no driver vendor_none on the board (No module"),
        ({"driver": "vendor_none.Chip"}, "--install-driver puts it there"),
        ({"driver": "broken.Chip"}, "no driver broken: NameError: name 'nothing' is not defined"),
        ({"driver": "vendor_mpu.LIS3DH"}, "the driver vendor_mpu has no LIS3DH"),
        ({"driver": "vendor_mpu"}, "driver is 'vendor_mpu'; it must be a module and its class"),
        ({"driver": 3}, "driver is 3; it must be"),
        ({"read": "magnetic"}, "the driver cannot be used so: 'MPU6050' object has no"),
        ({"read": []}, "read is [] and unit"),
        ({"read": [3]}, "read is 3; it must be a name"),
        ({"read": ["acceleration", "level"]}, "each read has a unit"),
        ({"unit": 0}, "unit is 0; it must be a number above 0"),
        ({"unit": "small"}, "unit is 'small'; it must be"),
        ({"address": 0x99}, "address is 153; it must be an integer 8..119"),
        ({"driver": "vendor_mpu.Moody", "address": 0x68}, "the driver cannot be used so: "),
        ({"names": ["x"]}, "names is ['x']; 3 channels have as many"),
    ],
)
def test_driver_refuses_wrong_settings(wired, changed, words):
    (wired.folder / "lib" / "broken.py").write_text("nothing\n")
    assert words in refusal({**MPU, **changed})
    # No pin is in use.
    sensors.open(MPU).close()
