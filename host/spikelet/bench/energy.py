"""An estimate of energy: time at the clock, times what a datasheet says that the chip draws.

It knows nothing of the board around the chip, of its regulator, sensors and lamps; only a meter does.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources

from spikelet.errors import SpikeletError

DATA = "chips.toml"


@dataclass(frozen=True)
class ChipPower:
    """What a chip draws.

    name                of its table in the data file
    machine             what the interpreter's name for the board contains
    megahertz           the clock at which `active` holds
    volts               of the supply
    active, asleep      mA, while it computes, and while it waits with its memory kept
    source              {constant: document and place}
    note                what makes its figures higher or lower than they would be, or nothing
    """

    name: str
    machine: str
    megahertz: float
    volts: float
    active: float
    asleep: float
    source: dict[str, str]
    note: str = ""


@dataclass(frozen=True)
class Estimate:
    """What inferences take.

    microseconds    of one
    microjoules     of one, without what follows
    duty            share 0..1 of the period that the chip is awake; None without a period
    milliamperes    on average over the period; None without one
    """

    microseconds: float
    microjoules: float
    duty: float | None = None
    milliamperes: float | None = None


def chips() -> dict[str, ChipPower]:
    """Return what is known, by name."""
    data = tomllib.loads(resources.files("spikelet.data").joinpath(DATA).read_text("utf-8"))
    return {name: ChipPower(name=name, **fields) for name, fields in data.items()}


def load_chip_power(name: str) -> ChipPower:
    """Return the chip called `name`; raises SpikeletError if its currents are not known."""
    known = chips()
    if name not in known:
        raise SpikeletError(
            f"no currents are known of the chip {name!r}; there are: "
            f"{', '.join(known) or 'none'}; give --active-ma, --asleep-ma and --mhz instead"
        )
    return known[name]


def of_machine(machine: str) -> ChipPower | None:
    """Return the chip of a board by what its interpreter calls it, or None.

    Interpreters write ESP32S3 and ESP32-S3, which is no ESP32: the longest name that fits counts.
    """
    spelled = machine.lower().replace("-", "")
    fitting = [chip for chip in chips().values() if chip.machine.lower() in spelled]
    return max(fitting, key=lambda chip: len(chip.machine), default=None)


def microseconds(figure: float, unit: str, megahertz: float) -> float:
    """Return the time of a figure in cycles or microseconds.

    Raises SpikeletError for instructions, which take one cycle or several.
    """
    if unit == "instructions":
        raise SpikeletError(
            "instructions are no time: measure on a port that counts cycles or microseconds"
        )
    return figure / megahertz if unit == "cycles" else figure


def estimate(spent: float, drawn: ChipPower, every_ms: float | None = None) -> Estimate:
    """Return what an inference of so many microseconds takes.

    every_ms    period between two inferences; between them the chip is asleep
    Raises SpikeletError if an inference takes longer than that.
    """
    energy = spent * drawn.volts * drawn.active / 1000
    if every_ms is None:
        return Estimate(spent, energy)
    duty = spent / (1000 * every_ms)
    if not 0 < duty <= 1:
        raise SpikeletError(
            f"an inference takes {spent / 1000:.3g} ms, more than the {every_ms:g} ms between two; "
            "choose a longer period or a faster kernel"
        )
    average = duty * drawn.active + (1 - duty) * drawn.asleep
    return Estimate(spent, energy, duty, average)
