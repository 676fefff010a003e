"""The arithmetic of the energy estimate, and the data that it rests on."""

import pytest

from spikelet.bench import energy
from spikelet.bench.energy import ChipPower
from spikelet.errors import SpikeletError

CHIP = ChipPower("a chip", "Some Chip", 100, 3.0, 10.0, 0.5, {})


def test_time_is_cycles_at_the_clock():
    assert energy.microseconds(2500, "cycles", 125) == 20
    assert energy.microseconds(2500, "microseconds", 125) == 2500
    with pytest.raises(SpikeletError, match="instructions are no time"):
        energy.microseconds(2500, "instructions", 125)


def test_energy_is_current_times_voltage_times_time():
    # 10 mA at 3 V are 30 mW; over 2 ms that is 60 uJ
    assert energy.estimate(2000, CHIP).microjoules == pytest.approx(60)
    assert energy.estimate(2000, CHIP).duty is None


def test_the_average_is_of_both_currents():
    found = energy.estimate(2000, CHIP, every_ms=10)
    assert found.duty == pytest.approx(0.2)
    assert found.milliamperes == pytest.approx(0.2 * 10 + 0.8 * 0.5)


def test_an_inference_must_end_before_the_next():
    with pytest.raises(SpikeletError, match="takes 2 ms, more than the 1 ms"):
        energy.estimate(2000, CHIP, every_ms=1)


def test_a_chip_that_is_not_known_is_named():
    with pytest.raises(SpikeletError, match="no currents are known of the chip 'abacus'"):
        energy.load_chip_power("abacus")


def test_every_constant_has_a_source():
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
def test_the_chip_of_a_board_is_found_by_its_name(machine, name):
    found = energy.of_machine(machine)
    assert (found.name if found else None) == name
