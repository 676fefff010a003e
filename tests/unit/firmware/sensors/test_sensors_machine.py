"""Sensors through a stand-in of MicroPython's module machine.

tests/boards has the real one.
"""

import importlib
import time
from pathlib import Path

import pytest
from sensor_boards import fresh_modules, reading, refusal

from spikelet.boards.virtual import devices
from spikert import compat, sensors

MODULES = Path(__file__).parents[3] / "support/machine_modules"


@pytest.fixture
def machine(monkeypatch):
    """Yield the stand-in of MicroPython's module machine."""
    monkeypatch.setattr(compat, "sleep_ms", lambda ms, unheard=False: None)
    monkeypatch.setattr(time, "sleep_us", lambda us: None, raising=False)
    monkeypatch.setattr(compat, "runtime_name", lambda: "micropython 1.25.0")
    monkeypatch.setattr(
        compat, "hardware", lambda name: importlib.import_module(f"spikert.hardware.{name}_machine")
    )
    with fresh_modules(MODULES):
        yield importlib.import_module("machine")


def plug(machine, name):
    """Plug a chip with a measurement into the bus."""
    chip = devices.CHIPS[name]
    registers = chip.registers()
    frame = chip.frame((1, -2, 3))
    registers[chip.block : chip.block + len(frame)] = frame
    machine.wires["i2c"][chip.address] = registers
    return registers


def test_machine_adc_reads_analogue_pins(machine):
    machine.wires["adc"] = {32: 0xFFFF, 33: 0x1230}
    sensor = sensors.open({"sensor": "adc", "pins": [32, "GPIO33"]})
    assert (sensor.names, reading(sensor)) == (("32", "GPIO33"), (4095, 0x123))
    sensor.close()
    assert refusal({"sensor": "adc", "pins": [99]}) == "this board has no pin 99: invalid pin"
    assert "has no pin [1]" in refusal({"sensor": "adc", "pins": [[1]]})
    assert refusal({"sensor": "adc", "pins": [5]}) == "pin 5 measures no voltage: invalid pin"


@pytest.mark.parametrize(
    ("settings", "bus_id"),
    [
        ({}, 0),
        ({"id": 1, "sda": 4, "scl": 5}, 1),
        ({"sda": 4, "scl": 5}, 1),
    ],
)
def test_machine_motion_uses_the_bus_of_the_pins(machine, settings, bus_id):
    plug(machine, "mpu6050")
    sensor = sensors.open({"sensor": "mpu6050", "i2c": settings})
    assert (sensor.bus.bus._id, reading(sensor)) == (bus_id, (1, -2, 3))
    assert machine.wires["i2c"][0x68][0x6B] == 1
    sensor.close()


def test_machine_i2c_falls_back_to_software_bus(machine, monkeypatch):
    def refuse(*arguments, **options):
        raise ValueError("bad SDA pin")

    monkeypatch.setattr(compat.hardware("i2c"), "I2C", refuse)
    plug(machine, "adxl345")
    sensor = sensors.open({"sensor": "adxl345", "i2c": {"sda": 1, "scl": 2}})
    assert (sensor.bus.bus._id, reading(sensor)) == ("soft", (1, -2, 3))
    sensor.close()
    assert machine.wires["given_back"] == ["i2c"]
    assert "no I2C on its own" in refusal({"sensor": "adxl345"})
    named = {"sensor": "adxl345", "i2c": {"id": 1, "sda": 1, "scl": 2}}
    assert refusal(named) == "this board has no I2C 1 on such pins: bad SDA pin"
    assert "i2c knows no setting 'bus'" in refusal({"sensor": "adxl345", "i2c": {"bus": "I2C"}})


@pytest.mark.parametrize(("stuck", "clocks"), [(0, 0), (5, 5), (100, 9)])
def test_machine_i2c_clocks_a_stuck_bus_free(machine, stuck, clocks):
    machine.wires["held"] = stuck
    plug(machine, "mpu6050")
    sensors.open({"sensor": "mpu6050", "i2c": {"sda": 4, "scl": 5}})
    assert machine.wires["clocks"] == clocks


def test_machine_chip_absent_then_present_then_unplugged(machine):
    with pytest.raises(OSError, match="no lis3dh answers at 0x18, 0x19"):
        sensors.open({"sensor": "lis3dh"})
    plug(machine, "lis3dh")
    sensor = sensors.open({"sensor": "lis3dh"})
    assert reading(sensor) == (1, -2, 3)
    machine.wires["i2c"].clear()
    with pytest.raises(OSError, match="5"):
        reading(sensor)


def test_machine_chip_without_measurement_is_nonsense(machine):
    plug(machine, "lis3dh")[0xA7] = 0
    with pytest.raises(sensors.Nonsense, match="no measurement in 250 ms"):
        sensors.open({"sensor": "lis3dh"})


def test_machine_touch_reads_esp32_pads(machine):
    machine.wires["touch"] = {4: 700_000, 15: 420}
    sensor = sensors.open({"sensor": "touch", "pins": [4, 15], "shift": 5})
    assert reading(sensor) == (21_875, 13)
    sensor.close()
    assert (
        refusal({"sensor": "touch", "pins": [5]})
        == "pin 5 feels no touch: invalid pin for touchpad"
    )


def test_machine_touch_times_discharge_through_resistor(machine, monkeypatch):
    monkeypatch.delattr(machine, "TouchPad")
    machine.wires["touch"] = {4: 23}
    sensor = sensors.open({"sensor": "touch", "pins": [4, 15]})
    # The second pin is not wired.
    assert reading(sensor) == (16 * 23, 0)
    sensor.close()


def test_machine_i2s_reads_the_sound_level(machine):
    machine.wires["sound"] = [2000, -2000, 0, 0]
    settings = {"sensor": "i2s", "sck": 26, "ws": 27, "sd": 28, "samples": 8}
    sensor = sensors.open(settings)
    assert reading(sensor) == (1000,)
    sensor.close()
    assert machine.wires["given_back"] == ["i2s"]
    assert "there is no sd" in refusal({"sensor": "i2s", "sck": 26, "ws": 27})
    assert refusal({**settings, "id": 1}) == "no I2S on these pins: invalid id"
    assert "micropython 1.25.0 has no pdm" in refusal({"sensor": "pdm"})
