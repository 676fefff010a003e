"""The parts of the runtime that an interpreter can run, and of these what one task needs.

What an interpreter cannot run it would refuse at each start: code of emitters that it does not have, a
kernel on ulab without ulab, the pins of another interpreter's module. That never goes to a board. What
a task does not need is left out besides where a board has no room for more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from spikelet.flashing.runtime import bytecode, needs
from spikelet.flashing.runtime import modules as runtime_modules
from spikelet.flashing.runtime.modules import (
    EMITTERS,
    HARDWARE,
    KINDS,
    PACKAGE,
    ULAB,
    Module,
)
from spikelet.flashing.runtime.needs import KERNELS, Task
from spikert import kernels as kernel_modules

if TYPE_CHECKING:
    from spikelet.boards.interpreter import Interpreter

BENCH = f"{PACKAGE}.bench"
CHOSEN = f"{PACKAGE}/kernels/chosen.py"  # see kernels/__init__.py


@dataclass(frozen=True)
class Parts:
    """The runtime as an interpreter can have it.

    files       {path: bytes} of all that it can run, its entry points among them
    left_out    {path: bytes} of what it cannot
    modules     all of them, by dotted names
    loadable    names of those that the interpreter can import
    kernels     names of those that it can run, the fastest first
    """

    files: Mapping[str, bytes]
    left_out: Mapping[str, bytes]
    modules: Mapping[str, Module] = field(repr=False)
    loadable: frozenset[str] = field(repr=False)
    kernels: tuple[str, ...]

    def needed(self, task: Task) -> dict[str, bytes]:
        """Return {path: bytes} of what one task needs, with the fastest kernel that there is."""
        able = {name: self.modules[name] for name in self.loadable}
        names = needs.needed(able, self.kernels[0], task)
        files = {path: data for path, data in self.files.items() if _belongs(path, names)}
        return files | {CHOSEN: f"NAMES = {self.kernels[:1]!r}\n".encode()}


def of(interpreter: Interpreter) -> Parts:
    """Return the runtime's parts for an interpreter, as bytecode where that is possible."""
    files = bytecode.runtime_files(interpreter)
    modules = runtime_modules.of(bytecode.sources())
    compiled = {runtime_modules.dotted(path) for path in files if path.endswith(".mpy")}
    loadable = runtime_modules.loadable(
        modules, lambda name: _able(name, modules, interpreter, compiled)
    )
    kernels = tuple(name for name in kernel_modules.NAMES if f"{KERNELS}.{name}" in loadable)
    names = _runnable(modules, loadable, kernels)
    return Parts(
        {path: data for path, data in files.items() if _belongs(path, names)},
        {path: data for path, data in files.items() if not _belongs(path, names)},
        modules,
        frozenset(loadable),
        kernels,
    )


def counted(paths: Collection[str]) -> str:
    """Return how many files of each folder there are, such as `kernels 12, loops 9`."""
    folders = Counter(PurePosixPath(path).parent.name for path in paths)
    own = folders.pop(PACKAGE, 0)
    said = [f"{folder} {count}" for folder, count in folders.most_common()]
    return ", ".join([*said, *([f"others {own}"] if own else [])])


def _belongs(path: str, names: Collection[str]) -> bool:
    return not runtime_modules.is_module(path) or runtime_modules.dotted(path) in names


def _able(
    name: str, modules: Mapping[str, Module], interpreter: Interpreter, compiled: Collection[str]
) -> bool:
    """Return whether an interpreter has what a module needs by itself.

    Bytecode brings native code with it, made for a board that may have no emitter of its own.
    """
    has = {*interpreter.emitters, *(EMITTERS if name in compiled else ())}
    if interpreter.ulab:
        has.add(ULAB)
    if name.startswith(f"{HARDWARE}.") and not name.endswith(f"_{KINDS[interpreter.name]}"):
        return False
    return modules[name].needs <= has


def _runnable(
    modules: Mapping[str, Module], loadable: Collection[str], kernels: Collection[str]
) -> set[str]:
    """Return the modules that something can come to import.

    That is the host or another module for all but kernels, loops and hardware, which others choose
    from, and a kernel's bench.
    """
    chosen = {f"{KERNELS}.{name}" for name in kernel_modules.NAMES} | {
        f"{BENCH}.dense_{name}" for name in kernel_modules.NAMES
    }
    chosen |= runtime_modules.parts_of(KERNELS, modules)
    chosen |= runtime_modules.parts_of(HARDWARE, modules)
    chosen |= set(filter(runtime_modules.is_form, modules))
    roots = {name for name in loadable if name not in chosen}
    roots |= {
        f"{package}{name}" for name in kernels for package in (f"{KERNELS}.", f"{BENCH}.dense_")
    }
    able = {name: modules[name] for name in loadable}
    return runtime_modules.reached(roots, able, lambda importer, one: {one})
