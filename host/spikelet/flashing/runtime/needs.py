"""Selects the firmware modules for a network and a sensor: one rule per optional module.

A module that others import at run time is kept unless a rule here finds that the task does not need it.
So a new module without a rule is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spikelet.flashing.runtime import memory
from spikelet.flashing.runtime.modules import (
    FORMS,
    HARDWARE,
    PACKAGE,
    RuntimeModule,
    is_form,
    parts_of,
    reached,
)
from spikelet.networks import lif_file
from spikert import sensors
from spikert.network.tables import LayerTable, Tables
from spikert.sensors import chips
from spikert.session import SENSOR

if TYPE_CHECKING:
    from spikelet.networks.network import Network

KERNELS, ENCODERS = f"{PACKAGE}.kernels", f"{PACKAGE}.encoders"
SENSORS = f"{PACKAGE}.sensors"
CHIPS = f"{SENSORS}.chips"
# The modules that power-up and the host import first.
STARTS = (f"{PACKAGE}.session.boot", f"{PACKAGE}.session")
BUTTON = f"{HARDWARE}.button"


@dataclass(frozen=True)
class Task:
    """The network and the sensor of a board.

    Attributes
    ----------
    network : Network or None
    sensor : mapping of str to any, or None
        Settings of the sensor.
    """

    network: Network | None = None
    sensor: Mapping[str, Any] | None = None


def task_of(network: Network, extra: Mapping[str, bytes]) -> Task:
    """Return the task of a board with a network and other files, {name: bytes}."""
    return Task(network, json.loads(extra[SENSOR]) if SENSOR in extra else None)


@dataclass(frozen=True)
class Needs:
    """The values that rules test.

    Attributes
    ----------
    tables : Tables or None
        The network.
    kernel : str
        The kernel that steps it.
    sensor : mapping of str to any, or None
        Settings of the sensor.
    """

    tables: Tables | None
    kernel: str
    sensor: Mapping[str, Any] | None

    @property
    def stepped_by_viper(self) -> list[LayerTable]:
        """The layers that viper steps: all, or with the kernel thumb those that thumb cannot step."""
        layers = list(self.tables.layers) if self.tables else []
        if self.kernel == "thumb":
            return [layer for layer in layers if not memory.stepped_by_thumb(layer)]
        return layers if self.kernel == "viper" else []

    @property
    def stepped_by_thumb(self) -> list[LayerTable]:
        """The layers that thumb steps."""
        layers = self.tables.layers if self.tables and self.kernel == "thumb" else []
        return [layer for layer in layers if memory.stepped_by_thumb(layer)]

    def adds(self, rows: int) -> bool:
        """Return whether viper adds `rows` rows of a layer before it splits them; 0 for pairs."""
        dense = (layer for layer in self.stepped_by_viper if layer.geometry is None)
        return rows in map(memory.rows_before_split, dense)


# Return whether the task needs a module that others import at run time.
RULES: dict[str, Callable[[Needs], bool]] = {
    f"{PACKAGE}.session.sensor_turns": lambda needs: needs.sensor is not None,
    f"{PACKAGE}.session.standalone": lambda needs: needs.sensor is not None,
    f"{PACKAGE}.network.scaling": lambda needs: bool(needs.tables and needs.tables.scales),
    ENCODERS: lambda needs: bool(needs.tables and needs.tables.encoder != "direct"),
    f"{KERNELS}.thumb.pairs": lambda needs: any(layer.pairs for layer in needs.stepped_by_thumb),
    f"{KERNELS}.thumb.byte_rows": lambda needs: (
        not all(layer.pairs for layer in needs.stepped_by_thumb)
    ),
    f"{KERNELS}.viper": lambda needs: bool(needs.stepped_by_viper),
    f"{KERNELS}.viper.general": lambda needs: not all(map(memory.is_plain, needs.stepped_by_viper)),
    f"{KERNELS}.viper.hold": lambda needs: bool(needs.tables and needs.tables.encoder == "direct"),
    f"{KERNELS}.viper.pairs": lambda needs: needs.adds(0),
    f"{KERNELS}.viper.byte_rows": lambda needs: needs.adds(1),
    f"{KERNELS}.viper.fours": lambda needs: needs.adds(4),
    f"{KERNELS}.viper.eights": lambda needs: needs.adds(8),
}


def needed(modules: Mapping[str, RuntimeModule], kernel: str, task: Task) -> set[str]:
    """Return the names of the modules that a task needs.

    Parameters
    ----------
    modules : mapping of str to RuntimeModule
        The modules that the board can import, by dotted names.
    kernel : str
        Its fastest kernel.
    task : Task
    """
    tables = Tables(lif_file.to_bytes(task.network)) if task.network else None
    needs = Needs(tables, kernel, task.sensor)

    def among(importer: str, imported: str) -> set[str]:
        if imported not in modules[importer].later and not _fastest(imported, modules):
            return set()
        return {imported} if is_needed(imported, needs) else set()

    roots = {*STARTS, f"{KERNELS}.{kernel}", *_encoder(tables), *_sensor(modules, task.sensor)}
    return reached(roots, modules, among)


def is_needed(name: str, needs: Needs) -> bool:
    """Return whether a module that another may import is needed; True without a rule."""
    if name.startswith(BUTTON):
        return bool(needs.sensor and "button" in needs.sensor)
    return name not in RULES or RULES[name](needs)


def _fastest(name: str, modules: Mapping[str, RuntimeModule]) -> bool:
    """Return whether no faster form of a loop can be imported; other modules have one form."""
    if not is_form(name):
        return True
    stem, _, form = name.rpartition("_")
    return not any(f"{stem}_{faster}" in modules for faster in FORMS[: FORMS.index(form)])


def _encoder(tables: Tables | None) -> set[str]:
    """Return the module of the network's encoder."""
    if tables is None or tables.encoder == "direct":
        return set()
    return {f"{ENCODERS}.{tables.encoder}"}


def _sensor(modules: Mapping[str, RuntimeModule], settings: Mapping[str, Any] | None) -> set[str]:
    """Return the modules of the sensor's family and chip; all families for an unknown sensor."""
    if settings is None:
        return set()
    name = settings["sensor"]
    families = {f"{SENSORS}.{family}" for known, family in sensors.KNOWN if known == name}
    if not families:
        return parts_of(SENSORS, modules)
    chip = f"{CHIPS}.{chips.FILES.get(name, name)}"
    return families | ({chip} & modules.keys())
