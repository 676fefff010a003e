"""A board is measured with the finest clock that its interpreter allows."""

import sys
from types import SimpleNamespace

import pytest

from spikelet.bench.clock import Clock
from spikelet.boards import resolve
from spikert import bench


@pytest.mark.parametrize(
    ("port", "runtime", "clock", "unit"),
    [
        ("pico", "micropython 1.25.0", "SysTick", "cycles"),
        ("pico", "circuitpython 10.2.1", "nanoseconds", "cycles"),
        ("/dev/ttyACM0", "micropython 1.25.0", "Microseconds", "microseconds"),
        ("/dev/ttyACM0", "circuitpython 10.2.1", "nanoseconds", "microseconds"),
        ("virtual", "cpython 3.11.7", "nanoseconds", "microseconds"),
    ],
)
def test_clock_follows_interpreter(port, runtime, clock, unit):
    chosen = Clock.of_port(SimpleNamespace(name=port), runtime)
    assert (chosen.clock, chosen.unit) == (clock, unit)
    assert hasattr(bench, clock)


def test_clock_of_qemu_counts_instructions():
    assert Clock.of_port(resolve.resolve("qemu:m3"), "micropython 1.25.0").unit == "instructions"


def test_clock_of_circuitpython_on_pico_counts_cycles_of_its_nanoseconds():
    clock = Clock.of_port(SimpleNamespace(name="pico:firmware.uf2"), "circuitpython 10.2.1")
    # 8 ns are a cycle at 125 MHz.
    assert clock.figure(8000) == 1000


class Timer:
    """Replaces memorymap.AddressRange at the RP2040's timer."""

    def __init__(self, *, start, length):
        assert (start, length) == (0x40054000, 0x30)
        self.times = [0xFFFFFFFE, 3]

    def __getitem__(self, place):
        assert (place.start, place.stop) == (0x28, 0x2C)
        return bytearray(self.times.pop(0).to_bytes(4, "little"))


def test_nanoseconds_on_rp2040_reads_its_timer(monkeypatch):
    monkeypatch.setattr(bench.sys, "platform", "RP2040")
    monkeypatch.setitem(sys.modules, "memorymap", SimpleNamespace(AddressRange=Timer))
    clock = bench.nanoseconds()
    clock.start()
    # The timer has wrapped.
    assert clock.spent() == 5000


@pytest.mark.parametrize("platform", ["RP2040", "RP2350", "MicroChip SAMD51"])
def test_nanoseconds_without_memorymap_reads_time(monkeypatch, platform):
    monkeypatch.setattr(bench.sys, "platform", platform)
    monkeypatch.setitem(sys.modules, "memorymap", None)
    assert isinstance(bench.nanoseconds(), bench.Nanoseconds)
