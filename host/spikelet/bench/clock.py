"""Choose the clock to measure a board with, and make QEMU count instructions.

With -icount QEMU counts instructions, and derives the emulated time from them. With shift=0 an
instruction takes one nanosecond. So a tick of a timer is a fixed number of instructions, the same on
every run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from spikelet.boards.port import Port
from spikelet.boards.virtual import emulated

# Source: QEMU's manual, "TCG Instruction Counting".
COUNTING = ("-icount", "shift=0,sleep=off")


@dataclass(frozen=True)
class Clock:
    """A clock of a board, and the way to measure with it.

    Attributes
    ----------
    clock : str
        Name of the class or function in firmware/spikert/bench.
    unit : str
        Unit of the figures: "instructions", "cycles" or "microseconds".
    per_tick : float
        Units in a tick.
    least : int
        Minimum number of ticks in a span of repeated calls.
    tries : int
        Number of spans; the shortest counts.
    exact : bool
        Whether two runs give the same figures.
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

    @classmethod
    def of_port(cls, port: Port, runtime: str) -> Clock:
        """Return the clock of a port on which this interpreter runs, such as "micropython 1.25.0"."""
        emulated_pico = port.name.partition(":")[0] == "pico"
        if not runtime.startswith("micropython"):
            return PICO_CIRCUITPYTHON if emulated_pico else OTHERS
        if isinstance(port, emulated.Qemu):
            return QEMU[port.storage]
        return PICO if emulated_pico else MICROPYTHON


# Source of the timers' periods in ns: QEMU, hw/arm/mps2.c, hw/arm/nrf51_soc.c, hw/riscv/virt.c.
QEMU = {
    "qemu-m3": Clock("SysTick", "instructions", 40, 4000),
    "qemu-m0": Clock("SysTick", "instructions", 62.5, 2600),
    "qemu-rv32": Clock("Mtime", "instructions", 100, 1600),
}
# The Pico serves USB now and then, which lengthens some of the spans.
PICO = Clock("SysTick", "cycles", 1, 20_000, tries=5)
# CircuitPython forbids SysTick, but allows the timer, which the emulator derives from its 125 MHz.
PICO_CIRCUITPYTHON = replace(
    PICO, clock="nanoseconds", per_tick=0.125, least=5_000_000, exact=False
)
MICROPYTHON = Clock("Microseconds", "microseconds", 1, 20_000, tries=3, exact=False)
OTHERS = Clock("nanoseconds", "microseconds", 1e-3, 5_000_000, tries=3, exact=False)


def counting(port: Port) -> Port:
    """Return the port; if it is QEMU, have it count instructions."""
    if isinstance(port, emulated.Qemu) and COUNTING[0] not in port.machine.arguments:
        arguments = [*port.machine.arguments, *COUNTING]
        port.machine = replace(port.machine, arguments=arguments)
    return port
