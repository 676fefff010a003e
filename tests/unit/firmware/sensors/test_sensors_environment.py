"""BME280 and BMP280: the datasheet's example and formulas, and absurd values."""

import errno

import pytest
from sensor_boards import reading, refusal, virtual_board

from spikelet.boards.virtual import devices
from spikert import sensors
from spikert.sensors.chips import bme280

# Bosch BST-BMP280-DS001, 3.12, the example of "Calculating pressure and temperature".
EXAMPLE = {"t": 519888, "p": 415148, "centidegrees": 2508, "fine": 128422, "pascals": 100653.27}
T = (27504, 26435, -1000)
P = (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
H = (75, 362, 0, 324, 50, 30)


@pytest.fixture
def wired(tmp_path, monkeypatch):
    """Yield the wiring of the virtual board in this folder."""
    with virtual_board(tmp_path, monkeypatch) as wired:
        yield wired


class Bus:
    """A bus with the registers of a chip."""

    def __init__(self):
        self.registers = devices.CHIPS["bme280"].registers()

    def read_into(self, address, register, buffer):
        buffer[:] = self.registers[register : register + len(buffer)]


def celsius(adc):
    """Return t_fine and degrees, by the datasheet's formula in floats."""
    t1, t2, t3 = T
    var1 = (adc / 16384 - t1 / 1024) * t2
    var2 = (adc / 131072 - t1 / 8192) ** 2 * t3
    return var1 + var2, (var1 + var2) / 5120


def pascals(adc, fine):
    """Return pressure by the datasheet's formula in floats."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = P
    var1 = fine / 2 - 64000
    var2 = var1 * var1 * p6 / 32768
    var2 += var1 * p5 * 2
    var2 = var2 / 4 + p4 * 65536
    var1 = (p3 * var1 * var1 / 524288 + p2 * var1) / 524288
    var1 = (1 + var1 / 32768) * p1
    p = (1048576 - adc - var2 / 4096) * 6250 / var1
    return p + (p9 * p * p / 2147483648 + p * p8 / 32768 + p7) / 16


def percent(adc, fine):
    """Return relative humidity by the datasheet's formula in floats."""
    h1, h2, h3, h4, h5, h6 = H
    h = fine - 76800
    h = (adc - (h4 * 64 + h5 / 16384 * h)) * (
        h2 / 65536 * (1 + h6 / 67108864 * h * (1 + h3 / 67108864 * h))
    )
    return min(max(h * (1 - h1 * h / 524288), 0), 100)


def test_bme280_reads_its_calibration():
    trimming = bme280.Trimming(Bus(), 0x76, True)
    assert (trimming.t, trimming.p, trimming.h) == (T, P, H)


def test_bme280_reproduces_the_datasheet_example():
    trimming = bme280.Trimming(Bus(), 0x76, False)
    assert trimming.temperature(EXAMPLE["t"]) == EXAMPLE["centidegrees"]
    assert trimming.fine == EXAMPLE["fine"]
    assert trimming.pressure(EXAMPLE["p"]) == pytest.approx(EXAMPLE["pascals"], abs=3)
    assert pascals(EXAMPLE["p"], EXAMPLE["fine"]) == pytest.approx(EXAMPLE["pascals"], abs=0.02)


def test_bme280_integers_match_float_formulas():
    trimming = bme280.Trimming(Bus(), 0x76, True)
    compared = 0
    for temperature in range(330_000, 720_000, 13_001):
        fine, degrees = celsius(temperature)
        if not -40 <= degrees <= 85:
            continue
        assert trimming.temperature(temperature) == pytest.approx(100 * degrees, abs=1.5)
        for raw in range(150_000, 800_000, 37_003):
            expected = pascals(raw, fine)
            if 30_000 <= expected <= 110_000:
                assert trimming.pressure(raw) == pytest.approx(expected, abs=12)
                compared += 1
        for raw in range(0, 65_536, 2_111):
            assert trimming.humidity(raw) / 1024 == pytest.approx(percent(raw, fine), abs=0.1)
            compared += 1
    assert compared > 500


def test_bme280_readings_are_scaled_to_int16(wired):
    samples = [(EXAMPLE["p"] >> 4, EXAMPLE["t"] >> 4, 27000)]
    flat = [tuple(value - 0x10000 * (value > 32767) for value in sample) for sample in samples]
    wired.wire(i2c=[{"chip": "bme280", "recording": wired.record("r", flat)}])
    sensor = sensors.open({"sensor": "bme280"})
    assert (sensor.channels, sensor.names) == (3, ("temperature", "pressure", "humidity"))
    temperature, pressure, humidity = reading(sensor)
    assert temperature == 2508
    assert 70_000 + 2 * pressure == pytest.approx(pascals(EXAMPLE["p"] & ~15, 128422), abs=5)
    assert humidity / 100 == pytest.approx(percent(27000, 128422), abs=0.1)
    sensor.close()
    # A BME280 replaces a BMP280.
    sensor = sensors.open({"sensor": "bmp280", "address": 0x76})
    assert (sensor.channels, reading(sensor)) == (2, (temperature, pressure))


def test_bme280_refuses_a_bmp280(wired):
    wired.wire(i2c=[{"chip": "bmp280"}])
    with pytest.raises(sensors.Nonsense, match="no bme280, which says 0x60: .* 0x76 says 0x58"):
        sensors.open({"sensor": "bme280"})


def test_bme280_without_settings_or_absurd_is_nonsense(wired):
    good, absurd = (415148 >> 4, 519888 >> 4, 27000), (0, 0, 0)
    chip = {"chip": "bme280", "channels": 3}
    chip["recording"] = wired.record("r", [good, absurd])
    wired.wire(i2c=[chip])
    sensor = sensors.open({"sensor": "bme280"})
    reading(sensor)
    with pytest.raises(sensors.Nonsense, match="hundredths of a degree"):
        reading(sensor)
    wired.wire(i2c=[])
    with pytest.raises(OSError, match="No such device") as error:
        reading(sensor)
    assert error.value.errno == errno.ENODEV
    # The chip has lost its settings with its power.
    wired.wire(i2c=[chip])
    with pytest.raises(sensors.Nonsense, match="it measures nothing"):
        reading(sensor)
    sensor.close()
    reading(sensors.open({"sensor": "bme280"}))


def test_bme280_refuses_rates_above_100(wired):
    assert "rate is 101; it must be a number above 0, at most 100" in refusal(
        {"sensor": "bme280", "rate": 101}
    )
