"""What the runtime's modules need of an interpreter and of each other, as their sources say it.

Needs are the decorators of MicroPython's emitters, and ulab where its numpy is imported. A module needs
another at once where it imports it at its top, later where it does so in a function; `fastest_form` of
emitters and `hardware` of compat name what they import.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields

PACKAGE = "spikert"
LOOPS, HARDWARE, WIRE = f"{PACKAGE}.loops", f"{PACKAGE}.hardware", f"{PACKAGE}.wire"
FORMS = ("thumb", "viper", "plain")  # of modules, in the order in which they are tried
KINDS = {"micropython": "machine", "circuitpython": "circuit", "cpython": "circuit"}
EMITTERS = ("viper", "native", "asm_thumb", "asm_rv32", "asm_xtensa")
ULAB = "ulab"
ASKING = {
    "fastest_form": "forms",
    "hardware": "hardware",
}  # functions that import what they are asked for


@dataclass(frozen=True)
class Module:
    """A module of the runtime, by dotted names.

    needs     of EMITTERS and ULAB, what the interpreter has to have
    now       modules that are imported with it       later       those that it may import then
    forms     names that it gives to `fastest_form`   hardware    and to `hardware`
    """

    needs: frozenset[str]
    now: frozenset[str]
    later: frozenset[str]
    forms: frozenset[str]
    hardware: frozenset[str]


def of(sources: Mapping[str, bytes]) -> dict[str, Module]:
    """Return the runtime's modules by their dotted names.

    sources    {path: bytes}; what is not in the package does not count
    """
    named = {dotted(path): source for path, source in sources.items() if is_module(path)}
    return {name: _module(name, source, frozenset(named)) for name, source in named.items()}


def is_module(path: str) -> bool:
    """Return whether a path on a board is a module of the runtime."""
    return path.startswith(f"{PACKAGE}/") and path.endswith((".py", ".mpy"))


def dotted(path: str) -> str:
    """Return the name of the module at a path, in whichever form."""
    return path.rpartition(".")[0].removesuffix("/__init__").replace("/", ".")


def parts_of(name: str, modules: Collection[str]) -> set[str]:
    """Return the modules of a package, without itself."""
    return {module for module in modules if module.startswith(f"{name}.")}


def is_form(name: str) -> bool:
    """Return whether a module is one of several forms, of which an interpreter takes the fastest."""
    stem, _, form = name.rpartition("_")
    return form in FORMS and stem.startswith((f"{LOOPS}.", f"{WIRE}."))


def loadable(modules: Mapping[str, Module], able: Callable[[str], bool]) -> set[str]:
    """Return the modules that can be imported.

    able    whether the interpreter has what a module of this name needs by itself
    """
    found = {name for name in modules if able(name)}
    while lacking := {name for name in found if not _at_once(name, modules) <= found}:
        found -= lacking
    return found


def _at_once(name: str, modules: Mapping[str, Module]) -> set[str]:
    """Return the modules that are imported with one, its package among them."""
    return {*modules[name].now, *({name.rpartition(".")[0]} & modules.keys())}


def reached(
    roots: Collection[str], modules: Mapping[str, Module], among: Callable[[str, str], set[str]]
) -> set[str]:
    """Return all modules that are imported in the end, with their packages.

    among    function of a module and of one that it may import later: what of that is needed
    """
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found or name not in modules:
            continue
        found.add(name)
        module = modules[name]
        waiting += [*module.now, name.rpartition(".")[0]]
        waiting += [needed for one in sorted(later(module)) for needed in among(name, one)]
    return found


def later(module: Module) -> set[str]:
    """Return what a module may import once it runs, in all forms."""
    forms = {f"{PACKAGE}.{name}_{form}" for name in module.forms for form in FORMS}
    kinds = {f"{HARDWARE}.{name}_{kind}" for name in module.hardware for kind in KINDS.values()}
    return {*module.later, *forms, *kinds}


@functools.cache
def _module(name: str, source: bytes, known: frozenset[str]) -> Module:
    sets: dict[str, set[str]] = {field.name: set() for field in fields(Module)}
    for node, within in _nodes(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=str(path)):
                sets["later" if within else "now"].update(_imported(path, node, known))
                if path == f"{PACKAGE}.compat" and "np" in {one.name for one in node.names}:
                    sets["needs"].add(ULAB)
            case ast.Attribute(value=ast.Name(id="micropython"), attr=emitter):
                sets["needs"].update({emitter} & set(EMITTERS))
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[ast.Constant(value=str(asked)), *_],
            ) if called in ASKING:
                sets[ASKING[called]].add(asked)
    sets["now"].discard(name)
    sets["later"] -= {*sets["now"], name}
    return Module(**{key: frozenset(found) for key, found in sets.items()})


def _nodes(tree: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Yield every node, and whether it is within a function."""
    waiting = [(tree, False)]
    while waiting:
        node, within = waiting.pop()
        yield node, within
        inner = within or isinstance(node, ast.FunctionDef | ast.Lambda)
        waiting += [(child, inner) for child in ast.iter_child_nodes(node)]


def _imported(path: str, node: ast.ImportFrom, known: Collection[str]) -> Iterator[str]:
    """Yield the modules that `from ... import ...` imports."""
    if path in known:
        yield path
    for one in node.names:
        if f"{path}.{one.name}" in known:
            yield f"{path}.{one.name}"
