"""Selects the runtime files that an interpreter can run, and those that one task needs.

An interpreter refuses the other files at each start. These are code of emitters that it lacks, a kernel
on ulab without ulab, and the pin module of another interpreter. Spikelet never flashes them. If a board
has too little flash for the rest, Spikelet also leaves out the files that the task does not need.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from spikelet.flashing.runtime import bytecode, needs
from spikelet.flashing.runtime.modules import (
    EMITTERS,
    HARDWARE,
    KINDS,
    PACKAGE,
    ULAB,
    RuntimeModule,
    dotted,
    is_form,
    is_module,
    loadable_modules,
    parse_modules,
    parts_of,
    reached,
)
from spikelet.flashing.runtime.needs import KERNELS, Task
from spikert import kernels as kernel_modules

if TYPE_CHECKING:
    from spikelet.boards.interpreter import Interpreter

BENCH = f"{PACKAGE}.bench"
# See kernels/__init__.py.
CHOSEN = f"{PACKAGE}/kernels/chosen.py"


@dataclass(frozen=True)
class RuntimeParts:
    """The runtime for one interpreter.

    Attributes
    ----------
    files : mapping of str to bytes
        {path: bytes} of all files that it can run, with the entry points.
    left_out : mapping of str to bytes
        {path: bytes} of the files that it cannot run.
    modules : mapping of str to RuntimeModule
        All modules of the runtime, by dotted names.
    loadable : frozenset of str
        Names of the modules that the interpreter can import.
    kernels : tuple of str
        Names of the kernels that it can run, the fastest first.
    """

    files: Mapping[str, bytes]
    left_out: Mapping[str, bytes]
    modules: Mapping[str, RuntimeModule] = field(repr=False)
    loadable: frozenset[str] = field(repr=False)
    kernels: tuple[str, ...]

    def needed(self, task: Task) -> dict[str, bytes]:
        """Return {path: bytes} of the files that one task needs, with the fastest kernel."""
        able = {name: self.modules[name] for name in self.loadable}
        names = needs.needed(able, self.kernels[0], task)
        files = {path: data for path, data in self.files.items() if _belongs(path, names)}
        return files | {CHOSEN: f"NAMES = {self.kernels[:1]!r}\n".encode()}

    @classmethod
    def for_interpreter(cls, interpreter: Interpreter) -> RuntimeParts:
        """Return the runtime for an interpreter, as bytecode if an mpy-cross serves it."""
        files = bytecode.runtime_files(interpreter)
        modules = parse_modules(bytecode.sources())
        compiled = {dotted(path) for path in files if path.endswith(".mpy")}
        loadable = loadable_modules(
            modules, lambda name: _able(name, modules, interpreter, compiled)
        )
        kernels = tuple(name for name in kernel_modules.NAMES if f"{KERNELS}.{name}" in loadable)
        names = _runnable(modules, loadable, kernels)
        return cls(
            {path: data for path, data in files.items() if _belongs(path, names)},
            {path: data for path, data in files.items() if not _belongs(path, names)},
            modules,
            frozenset(loadable),
            kernels,
        )


def count_by_package(paths: Collection[str]) -> str:
    """Return how many files each package of the runtime has, such as `kernels 12, loops 9`."""
    parents = [PurePosixPath(path).parts[1:-1] for path in paths]
    counts = Counter(folders[0] for folders in parents if folders)
    others = len(parents) - counts.total()
    texts = [f"{package} {count}" for package, count in counts.most_common()]
    return ", ".join([*texts, *([f"others {others}"] if others else [])])


def _belongs(path: str, names: Collection[str]) -> bool:
    return not is_module(path) or dotted(path) in names


def _able(
    name: str,
    modules: Mapping[str, RuntimeModule],
    interpreter: Interpreter,
    compiled: Collection[str],
) -> bool:
    """Return whether an interpreter meets a module's own needs, apart from its imports.

    Bytecode contains native code, so the board needs no emitter for it.
    """
    has = {*interpreter.emitters, *(EMITTERS if name in compiled else ())}
    if interpreter.ulab:
        has.add(ULAB)
    if name.startswith(f"{HARDWARE}.") and not name.endswith(f"_{KINDS[interpreter.name]}"):
        return False
    return modules[name].needs <= has


def _runnable(
    modules: Mapping[str, RuntimeModule], loadable: Collection[str], kernels: Collection[str]
) -> set[str]:
    """Return the modules that the host or a runnable module can import.

    Kernels, loops, hardware modules and a kernel's bench count only if another module chooses them.
    """
    chosen = {f"{KERNELS}.{name}" for name in kernel_modules.NAMES} | {
        f"{BENCH}.dense_{name}" for name in kernel_modules.NAMES
    }
    chosen |= parts_of(KERNELS, modules)
    chosen |= parts_of(HARDWARE, modules)
    chosen |= set(filter(is_form, modules))
    roots = {name for name in loadable if name not in chosen}
    roots |= {
        f"{package}{name}" for name in kernels for package in (f"{KERNELS}.", f"{BENCH}.dense_")
    }
    able = {name: modules[name] for name in loadable}
    return reached(roots, able, lambda importer, imported: {imported})
