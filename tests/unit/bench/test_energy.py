"""The arithmetic of the energy estimate, and the data of the chips."""

import pytest

from spikelet.bench import energy
from spikelet.bench.energy import ChipPower
from spikelet.errors import SpikeletError

CHIP = ChipPower("a chip", "Some Chip", 100, 3.0, 10.0, 0.5, {})


def test_microseconds_are_cycles_at_clock():
    assert energy.microseconds(2500, "cycles", 125) == 20
    assert energy.microseconds(2500, "microseconds", 125) == 2500
    with pytest.raises(SpikeletError, match="instructions are no time"):
        energy.microseconds(2500, "instructions", 125)


def test_estimate_energy_is_current_times_voltage_times_time():
    # 10 mA at 3 V are 30 mW; over 2 ms that is 60 uJ
    assert energy.estimate(2000, CHIP).microjoules == pytest.approx(60)
    assert energy.estimate(2000, CHIP).duty is None


def test_estimate_average_is_of_both_currents():
    average = energy.estimate(2000, CHIP, every_ms=10)
    assert average.duty == pytest.approx(0.2)
    assert average.milliamperes == pytest.approx(0.2 * 10 + 0.8 * 0.5)


def test_estimate_inference_longer_than_period_is_refused():
    with pytest.raises(SpikeletError, match="takes 2 ms, more than the 1 ms"):
        energy.estimate(2000, CHIP, every_ms=1)


def test_load_chip_power_unknown_chip_is_named():
    with pytest.raises(SpikeletError, match="no currents are known of the chip 'abacus'"):
        energy.load_chip_power("abacus")


def test_chips_every_constant_has_source():
    for chip in energy.chips().values():
        constants = ("megahertz", "volts", "active", "asleep")
        assert set(chip.source) == set(constants)
        assert all(getattr(chip, name) > 0 for name in constants)
        assert chip.asleep < chip.active


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ("Raspberry Pi Pico with RP2040", "RP2040"),
        ("Adafruit Feather M4 Express with samd51j19", "SAMD51"),
        ("Generic ESP32S3 module with ESP32S3", "ESP32-S3"),
        ("Espressif ESP32-S3-DevKitC-1 with ESP32-S3", "ESP32-S3"),
        ("ESP32C3 module with ESP32C3", "ESP32-C3"),
        ("PYBv1.1 with STM32F405RG", "STM32F405"),
        ("mps2-an385 with Cortex-M3", None),
        ("Generic ESP32 module with ESP32", None),
    ],
)
def test_of_machine_finds_chip_by_interpreter_name(machine, name):
    chip = energy.of_machine(machine)
    assert (chip.name if chip else None) == name
