"""What the runtime's modules need of an interpreter and of each other, as their sources say it.

Needs are the decorators of MicroPython's emitters, and ulab where its numpy is imported. A module needs
another at once where it imports it at its top, later where it does so in a function; `pick` of loops
and `hardware` of compat name what they import.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

PACKAGE = "spikert"
LOOPS, HARDWARE = f"{PACKAGE}.loops", f"{PACKAGE}.hardware"
FORMS = ("thumb", "viper", "plain")  # of loops, in the order in which they are tried
KINDS = {"micropython": "machine", "circuitpython": "circuit", "cpython": "circuit"}
EMITTERS = ("viper", "native", "asm_thumb", "asm_rv32", "asm_xtensa")
ULAB = "ulab"


@dataclass(frozen=True)
class Module:
    """A module of the runtime, by dotted names.

    needs     of EMITTERS and ULAB, what the interpreter has to have
    now       modules that are imported with it       later       those that it may import then
    loops     names that it gives to `pick`           hardware    and to `hardware`
    """

    needs: frozenset[str]
    now: frozenset[str]
    later: frozenset[str]
    loops: frozenset[str]
    hardware: frozenset[str]


def of(sources: Mapping[str, bytes]) -> dict[str, Module]:
    """Return the runtime's modules by their dotted names.

    sources    {path: bytes}; what is not in the package does not count
    """
    trees = {dotted(path): ast.parse(source) for path, source in sources.items() if is_module(path)}
    return {name: _module(name, tree, trees) for name, tree in trees.items()}


def is_module(path: str) -> bool:
    """Return whether a path on a board is a module of the runtime."""
    return path.startswith(f"{PACKAGE}/") and path.endswith((".py", ".mpy"))


def dotted(path: str) -> str:
    """Return the name of the module at a path, in whichever form."""
    return path.rpartition(".")[0].removesuffix("/__init__").replace("/", ".")


def parts_of(name: str, modules: Collection[str]) -> set[str]:
    """Return the modules of a package, without itself."""
    return {module for module in modules if module.startswith(f"{name}.")}


def loadable(modules: Mapping[str, Module], able: Callable[[str], bool]) -> set[str]:
    """Return the modules that can be imported.

    able    whether the interpreter has what a module of this name needs by itself
    """
    found = {name for name in modules if able(name)}
    while lacking := {name for name in found if not modules[name].now <= found}:
        found -= lacking
    return found


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
    loops = {f"{LOOPS}.{name}_{form}" for name in module.loops for form in FORMS}
    kinds = {f"{HARDWARE}.{name}_{kind}" for name in module.hardware for kind in KINDS.values()}
    return {*module.later, *loops, *kinds}


def _module(name: str, tree: ast.Module, known: Collection[str]) -> Module:
    inside = {id(node) for function in _functions(tree) for node in ast.walk(function)}
    now: set[str] = set()
    later: set[str] = set()
    needs = set(_emitters(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            (later if id(node) in inside else now).update(_imported(node, known))
            if node.module == f"{PACKAGE}.compat" and "np" in {one.name for one in node.names}:
                needs.add(ULAB)
    return Module(
        frozenset(needs),
        frozenset(now - {name}),
        frozenset(later - now - {name}),
        frozenset(_asked("pick", tree)),
        frozenset(_asked("hardware", tree)),
    )


def _functions(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            yield node


def _imported(node: ast.ImportFrom, known: Collection[str]) -> Iterator[str]:
    """Yield the modules that `from ... import ...` imports."""
    if node.module in known:
        yield str(node.module)
    for one in node.names:
        if f"{node.module}.{one.name}" in known:
            yield f"{node.module}.{one.name}"


def _emitters(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="micropython"), attr=name) if name in EMITTERS:
                yield name


def _asked(function: str, tree: ast.Module) -> Iterator[str]:
    """Yield the names that are given to a function, a constant each."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[ast.Constant(value=str(name)), *_],
            ) if called == function:
                yield name
