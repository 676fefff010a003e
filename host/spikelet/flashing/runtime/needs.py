"""What of the runtime one task needs: a rule for each module that is not imported in any case.

A module that others import later is kept unless a rule here says that this task does without it. So
what is new, and has no rule, is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spikelet.flashing.runtime import memory
from spikelet.flashing.runtime import modules as runtime_modules
from spikelet.flashing.runtime.modules import FORMS, HARDWARE, PACKAGE, Module
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
STARTS = (f"{PACKAGE}.session.boot", f"{PACKAGE}.session")  # what power-up and the host begin with
BUTTON = f"{HARDWARE}.button"


@dataclass(frozen=True)
class Task:
    """What a board is for.

    network    that it runs, None for none
    sensor     settings of the one it reads, None for none
    """

    network: Network | None = None
    sensor: Mapping[str, Any] | None = None


def task_of(network: Network, put: Mapping[str, bytes]) -> Task:
    """Return the task of a board that gets a network and, by their names, files with it."""
    return Task(network, json.loads(put[SENSOR]) if SENSOR in put else None)


@dataclass(frozen=True)
class Needs:
    """What rules look at.

    tables    of the network, None without one
    kernel    that steps it
    sensor    settings, None without one
    """

    tables: Tables | None
    kernel: str
    sensor: Mapping[str, Any] | None

    @property
    def stepped_by_viper(self) -> list[LayerTable]:
        """The layers that viper steps: all of its own, and those that thumb leaves to it."""
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
        """Return whether viper adds so many rows of a layer before it splits them, 0 of pairs."""
        dense = (layer for layer in self.stepped_by_viper if layer.geometry is None)
        return rows in map(memory.storage, dense)


# Whether a module that others import later is needed.
RULES: dict[str, Callable[[Needs], bool]] = {
    f"{PACKAGE}.session.sensor_turns": lambda needs: needs.sensor is not None,
    f"{PACKAGE}.session.standalone": lambda needs: needs.sensor is not None,
    f"{PACKAGE}.network.scaling": lambda needs: bool(needs.tables and needs.tables.scales),
    ENCODERS: lambda needs: bool(needs.tables and needs.tables.encoder != "direct"),
    f"{KERNELS}.thumb.pairs": lambda needs: any(one.pairs for one in needs.stepped_by_thumb),
    f"{KERNELS}.thumb.byte_rows": lambda needs: (
        not all(one.pairs for one in needs.stepped_by_thumb)
    ),
    f"{KERNELS}.viper": lambda needs: bool(needs.stepped_by_viper),
    f"{KERNELS}.viper.general": lambda needs: not all(map(memory.is_plain, needs.stepped_by_viper)),
    f"{KERNELS}.viper.hold": lambda needs: bool(needs.tables and needs.tables.encoder == "direct"),
    f"{KERNELS}.viper.pairs": lambda needs: needs.adds(0),
    f"{KERNELS}.viper.byte_rows": lambda needs: needs.adds(1),
    f"{KERNELS}.viper.fours": lambda needs: needs.adds(4),
    f"{KERNELS}.viper.eights": lambda needs: needs.adds(8),
}


def needed(modules: Mapping[str, Module], kernel: str, task: Task) -> set[str]:
    """Return the names of the modules that a task needs.

    modules    those that the board can import
    kernel     its fastest
    """
    tables = Tables(lif_file.to_bytes(task.network)) if task.network else None
    needs = Needs(tables, kernel, task.sensor)

    def among(importer: str, one: str) -> set[str]:
        if one not in modules[importer].later and not _fastest(one, modules):
            return set()
        return {one} if is_needed(one, needs) else set()

    roots = {*STARTS, f"{KERNELS}.{kernel}", *_encoder(tables), *_sensor(modules, task.sensor)}
    return runtime_modules.reached(roots, modules, among)


def is_needed(name: str, needs: Needs) -> bool:
    """Return whether a module that another may import is needed; without a rule it is."""
    if name.startswith(BUTTON):
        return bool(needs.sensor and "button" in needs.sensor)
    return name not in RULES or RULES[name](needs)


def _fastest(name: str, modules: Mapping[str, Module]) -> bool:
    """Return whether no faster form of a loop can be imported; of all else there is but one form."""
    if not runtime_modules.is_form(name):
        return True
    stem, _, form = name.rpartition("_")
    return not any(f"{stem}_{faster}" in modules for faster in FORMS[: FORMS.index(form)])


def _encoder(tables: Tables | None) -> set[str]:
    """Return the module of the network's encoder."""
    if tables is None or tables.encoder == "direct":
        return set()
    return {f"{ENCODERS}.{tables.encoder}"}


def _sensor(modules: Mapping[str, Module], settings: Mapping[str, Any] | None) -> set[str]:
    """Return the modules of the sensor's family and chip; all families of one that is not known."""
    if settings is None:
        return set()
    name = settings["sensor"]
    families = {f"{SENSORS}.{family}" for known, family in sensors.KNOWN if known == name}
    if not families:
        return runtime_modules.parts_of(SENSORS, modules)
    chip = f"{CHIPS}.{chips.FILES.get(name, name)}"
    return families | ({chip} & modules.keys())
