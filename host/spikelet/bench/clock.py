"""The clocks that boards are measured with: what a tick is, and how an emulator is made to count.

QEMU counts instructions when it is told so (-icount), and derives the emulated time from them: of shift
0, one is a nanosecond. So a tick of a timer is so many instructions, the same on every run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from spikelet.boards.port import Port
from spikelet.boards.virtual import emulated

COUNTING = ("-icount", "shift=0,sleep=off")  # QEMU's manual, "TCG Instruction Counting"


@dataclass(frozen=True)
class Clock:
    """How a board is measured.

    clock       the class of firmware/spikert/bench
    unit        what figures are given in: "instructions", "cycles" or "microseconds"
    per_tick    float, of the unit
    least       int, ticks that a span of repeated calls should have
    tries       int, spans of which the shortest counts
    exact       whether two runs give the same figures
    """

    clock: str
    unit: str
    per_tick: float
    least: int
    tries: int = 1
    exact: bool = True

    def figure(self, ticks: float) -> float:
        """Return ticks in the unit."""
        return ticks * self.per_tick


QEMU = {  # the periods of the boards' timers in ns: QEMU hw/arm/mps2.c, nrf51_soc.c, hw/riscv/virt.c
    "qemu-m3": Clock("SysTick", "instructions", 40, 4000),
    "qemu-m0": Clock("SysTick", "instructions", 62.5, 2600),
    "qemu-rv32": Clock("Mtime", "instructions", 100, 1600),
}
PICO = Clock("SysTick", "cycles", 1, 20_000, tries=5)  # its USB takes time now and then
MICROPYTHON = Clock("Microseconds", "microseconds", 1, 20_000, tries=3, exact=False)
OTHERS = Clock("Nanoseconds", "microseconds", 1e-3, 5_000_000, tries=3, exact=False)


def counting(port: Port) -> Port:
    """Return the port, made to count instructions where it can be."""
    if isinstance(port, emulated.Qemu) and COUNTING[0] not in port.machine.arguments:
        arguments = [*port.machine.arguments, *COUNTING]
        port.machine = replace(port.machine, arguments=arguments)
    return port


def of(port: Port, runtime: str) -> Clock:
    """Return the clock of a port on which this interpreter runs, such as "micropython 1.25.0"."""
    if isinstance(port, emulated.Qemu):
        return QEMU[port.storage]
    if port.name.partition(":")[0] == "pico":
        return PICO
    return MICROPYTHON if runtime.startswith("micropython") else OTHERS
