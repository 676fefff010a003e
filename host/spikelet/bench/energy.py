"""Estimate energy from the time at the clock and the currents in the chip's datasheet.

The estimate is for the chip alone. To include the board's regulator, sensors and LEDs, use a meter.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources

from spikelet.errors import UsageError

DATA = "chips.toml"


@dataclass(frozen=True)
class ChipPower:
    """Currents of a chip.

    Attributes
    ----------
    name : str
        Name of its table in the data file.
    machine : str
        A part of the interpreter's name for the board.
    megahertz : float
        The clock at which `active` was measured.
    volts : float
        Supply voltage.
    active, asleep : float
        Current in mA while the chip computes, and while it sleeps and retains its memory.
    source : dict of str to str
        {constant: document and place}.
    note : str
        The reason why its figures are too high or too low, if they are.
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
    """Time and energy of inferences.

    Attributes
    ----------
    microseconds : float
        Time of one inference.
    microjoules : float
        Energy of one inference, without the sleep after it.
    duty : float or None
        Share 0..1 of the period in which the chip is awake; None without a period.
    milliamperes : float or None
        Average current over the period; None without a period.
    """

    microseconds: float
    microjoules: float
    duty: float | None = None
    milliamperes: float | None = None


def chips() -> dict[str, ChipPower]:
    """Return all chips of the data file, by name."""
    data = tomllib.loads(resources.files("spikelet.data").joinpath(DATA).read_text("utf-8"))
    return {name: ChipPower(name=name, **fields) for name, fields in data.items()}


def load_chip_power(name: str) -> ChipPower:
    """Return the chip called `name`.

    Raises
    ------
    SpikeletError
        If its currents are unknown.
    """
    known = chips()
    if name not in known:
        raise UsageError(
            f"no currents are known of the chip {name!r}; there are: "
            f"{', '.join(known) or 'none'}; give --active-ma, --asleep-ma and --mhz instead"
        )
    return known[name]


def of_machine(machine: str) -> ChipPower | None:
    """Return the chip of a board from its interpreter's name for the board, or None.

    Interpreters write ESP32S3 or ESP32-S3. Both contain the name of another chip, the ESP32, so the
    longest name that fits wins.
    """
    spelled = machine.lower().replace("-", "")
    fitting = [chip for chip in chips().values() if chip.machine.lower() in spelled]
    return max(fitting, key=lambda chip: len(chip.machine), default=None)


def microseconds(figure: float, unit: str, megahertz: float) -> float:
    """Return the time in microseconds of a figure in cycles or microseconds.

    Raises
    ------
    SpikeletError
        If the unit is instructions, because an instruction takes one cycle or several.
    """
    if unit == "instructions":
        raise UsageError(
            "instructions are no time: measure on a port that counts cycles or microseconds"
        )
    return figure / megahertz if unit == "cycles" else figure


def estimate(spent: float, drawn: ChipPower, every_ms: float | None = None) -> Estimate:
    """Return the energy of an inference.

    Parameters
    ----------
    spent : float
        Duration of an inference in microseconds.
    drawn : ChipPower
    every_ms : float, optional
        Period between two inferences in milliseconds. The chip sleeps in between.

    Raises
    ------
    SpikeletError
        If an inference takes longer than the period.
    """
    energy = spent * drawn.volts * drawn.active / 1000
    if every_ms is None:
        return Estimate(spent, energy)
    duty = spent / (1000 * every_ms)
    if not 0 < duty <= 1:
        raise UsageError(
            f"an inference takes {spent / 1000:.3g} ms, more than the {every_ms:g} ms between two; "
            "choose a longer period or a faster kernel"
        )
    average = duty * drawn.active + (1 - duty) * drawn.asleep
    return Estimate(spent, energy, duty, average)
