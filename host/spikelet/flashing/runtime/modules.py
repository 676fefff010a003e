"""Parses the modules of the runtime for their imports and the interpreter features they need.

A feature is an emitter, if the module uses its decorator, or ulab, if the module imports its numpy. An
import at the top of a module is needed at once, an import in a function later. `fastest_form` of
emitters and `hardware` of compat import the modules that their arguments name.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields

PACKAGE = "spikert"
LOOPS, HARDWARE, WIRE = f"{PACKAGE}.loops", f"{PACKAGE}.hardware", f"{PACKAGE}.wire"
# Forms of a module, in the order in which the board tries them.
FORMS = ("thumb", "viper", "plain")
KINDS = {"micropython": "machine", "circuitpython": "circuit", "cpython": "circuit"}
EMITTERS = ("viper", "native", "asm_thumb", "asm_rv32", "asm_xtensa")
ULAB = "ulab"
# {function that imports the module in its argument: attribute of RuntimeModule}.
ASKING = {
    "fastest_form": "forms",
    "hardware": "hardware",
}


@dataclass(frozen=True)
class RuntimeModule:
    """The needs and imports of a module of the runtime.

    Attributes
    ----------
    needs : frozenset of str
        The features that the interpreter must have, from EMITTERS and ULAB.
    now : frozenset of str
        Dotted names of the modules that are imported with it.
    later : frozenset of str
        Dotted names of the modules that its functions may import.
    forms : frozenset of str
        Arguments of its calls to `fastest_form`.
    hardware : frozenset of str
        Arguments of its calls to `hardware`.
    """

    needs: frozenset[str]
    now: frozenset[str]
    later: frozenset[str]
    forms: frozenset[str]
    hardware: frozenset[str]


def parse_modules(sources: Mapping[str, bytes]) -> dict[str, RuntimeModule]:
    """Return the modules of the runtime.

    Parameters
    ----------
    sources : mapping of str to bytes
        {path: source}; paths outside the package are ignored.

    Returns
    -------
    dict of str to RuntimeModule
        {dotted name: module}.
    """
    named = {dotted(path): source for path, source in sources.items() if is_module(path)}
    return {name: _module(name, source, frozenset(named)) for name, source in named.items()}


def is_module(path: str) -> bool:
    """Return whether a path on a board is a module of the runtime."""
    return path.startswith(f"{PACKAGE}/") and path.endswith((".py", ".mpy"))


def dotted(path: str) -> str:
    """Return the dotted name of the module at a path, .py or .mpy."""
    return path.rpartition(".")[0].removesuffix("/__init__").replace("/", ".")


def parts_of(name: str, modules: Collection[str]) -> set[str]:
    """Return the modules of a package, without the package itself."""
    return {module for module in modules if module.startswith(f"{name}.")}


def is_form(name: str) -> bool:
    """Return whether a module is one of several forms; an interpreter takes the fastest."""
    stem, _, form = name.rpartition("_")
    return form in FORMS and stem.startswith((f"{LOOPS}.", f"{WIRE}."))


def loadable_modules(modules: Mapping[str, RuntimeModule], able: Callable[[str], bool]) -> set[str]:
    """Return the names of the modules that an interpreter can import.

    Parameters
    ----------
    modules : mapping of str to RuntimeModule
    able : callable
        Returns whether the interpreter has the features that the module of a name needs itself.
    """
    loadable = {name for name in modules if able(name)}
    while lacking := {name for name in loadable if not _at_once(name, modules) <= loadable}:
        loadable -= lacking
    return loadable


def _at_once(name: str, modules: Mapping[str, RuntimeModule]) -> set[str]:
    """Return the modules that are imported with a module, including its package."""
    return {*modules[name].now, *({name.rpartition(".")[0]} & modules.keys())}


def reached(
    roots: Collection[str],
    modules: Mapping[str, RuntimeModule],
    among: Callable[[str, str], set[str]],
) -> set[str]:
    """Return the roots, all modules that they import at once or later, and their packages.

    Parameters
    ----------
    roots : collection of str
    modules : mapping of str to RuntimeModule
    among : callable
        Called with a module and a module that it may import later; returns the needed ones.
    """
    names: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in names or name not in modules:
            continue
        names.add(name)
        module = modules[name]
        waiting += [*module.now, name.rpartition(".")[0]]
        waiting += [needed for other in sorted(later(module)) for needed in among(name, other)]
    return names


def later(module: RuntimeModule) -> set[str]:
    """Return the names of the modules that a module may import when it runs, in all forms."""
    forms = {f"{PACKAGE}.{name}_{form}" for name in module.forms for form in FORMS}
    kinds = {f"{HARDWARE}.{name}_{kind}" for name in module.hardware for kind in KINDS.values()}
    return {*module.later, *forms, *kinds}


@functools.cache
def _module(name: str, source: bytes, known: frozenset[str]) -> RuntimeModule:
    sets: dict[str, set[str]] = {field.name: set() for field in fields(RuntimeModule)}
    for node, within in _nodes(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=str(path)):
                sets["later" if within else "now"].update(_imported(path, node, known))
                if path == f"{PACKAGE}.compat" and "np" in {alias.name for alias in node.names}:
                    sets["needs"].add(ULAB)
            case ast.Attribute(value=ast.Name(id="micropython"), attr=emitter):
                sets["needs"].update({emitter} & set(EMITTERS))
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[ast.Constant(value=str(argument)), *_],
            ) if called in ASKING:
                sets[ASKING[called]].add(argument)
    sets["now"].discard(name)
    sets["later"] -= {*sets["now"], name}
    return RuntimeModule(**{key: frozenset(names) for key, names in sets.items()})


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
    for alias in node.names:
        if f"{path}.{alias.name}" in known:
            yield f"{path}.{alias.name}"
