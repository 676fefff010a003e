"""The firmware's constants, written into its modules in the place of their names.

MicroPython's compiler does so by itself within a module, and drops what begins with an underscore. A
constant that others import is an attribute of its module instead: its name and its place take some
thirty bytes on the board, and to look it up takes longer than to use it. So before the runtime is
compiled here, other modules' constants become numbers, and those that nobody asks for any more get
their underscore.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass
class Module:
    """A module of the firmware.

    source      text
    constants   its own, by name
    modules     what it calls other modules of the firmware: {name here: dotted name}
    imported    what it calls others' constants: {name here: number}
    """

    source: str
    tree: ast.Module
    constants: dict[str, int] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    imported: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """Text to be replaced: from (line, column in bytes) to another, counted from 1 and from 0."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


def inlined(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the sources of modules, by their path such as spikert/wire.py, without shared constants."""
    modules = {_dotted(path): _parsed(source) for path, source in sources.items()}
    for module in modules.values():
        _resolve(module, modules)
    asked = {name for module in modules.values() for name in _asked(module, modules)}
    return {path: _rewritten(modules[_dotted(path)], modules, asked) for path in sources}


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _parsed(source: str) -> Module:
    module = Module(source, ast.parse(source))
    for node in module.tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=constant)],
                value=ast.Call(func=ast.Name(id="const"), args=[ast.Constant(value=int(number))]),
            ) if CONSTANT.fullmatch(constant):
                module.constants[constant] = number
    return module


def _resolve(module: Module, modules: Mapping[str, Module]) -> None:
    """Find what the module calls others, and their constants."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        for alias in node.names:
            here, path = alias.asname or alias.name, f"{node.module}.{alias.name}"
            if path in modules:
                module.modules[here] = path
            elif (owner := modules.get(node.module)) and alias.name in owner.constants:
                module.imported[here] = owner.constants[alias.name]


def _asked(module: Module, modules: Mapping[str, Module]) -> Iterator[str]:
    """Yield the names that some module may ask another for when it runs, whichever that is."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(attr=name) if _number(node, module, modules) is None:
                yield name
            case ast.Constant(value=str(name)):
                yield name


def _number(node: ast.AST, module: Module, modules: Mapping[str, Module]) -> int | None:
    """Return the number that a node stands for, if it is another module's constant."""
    match node:
        case ast.Attribute(value=ast.Name(id=here), attr=name):
            owner = modules.get(module.modules.get(here, ""))
            return owner.constants.get(name) if owner else None
        case ast.Name(id=here):
            return module.imported.get(here)
    return None


def _rewritten(module: Module, modules: Mapping[str, Module], asked: set[str]) -> str:
    changes = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            changes += _import(node, module)
        elif (number := _number(node, module, modules)) is not None:
            changes.append(_replace(node, str(number)))
        elif isinstance(node, ast.Name) and node.id in module.constants and node.id not in asked:
            changes.append(_replace(node, f"_{node.id}"))
    return _changed(module.source, changes)


def _import(node: ast.ImportFrom, module: Module) -> list[Change]:
    """Leave constants out of an import."""
    kept = [alias for alias in node.names if (alias.asname or alias.name) not in module.imported]
    if len(kept) == len(node.names):
        return []
    names = ", ".join(a.name + (f" as {a.asname}" if a.asname else "") for a in kept)
    return [_replace(node, f"from {node.module} import {names}" if kept else "pass")]


def _replace(node: ast.AST, text: str) -> Change:
    start = node.lineno, node.col_offset  # type: ignore[attr-defined]
    return Change(start, (node.end_lineno, node.end_col_offset), text)  # type: ignore[attr-defined]


def _changed(source: str, changes: list[Change]) -> str:
    lines = source.encode().splitlines(keepends=True)
    for change in sorted(changes, key=lambda one: one.start, reverse=True):
        (first, begin), (last, end) = change.start, change.end
        behind = lines[last - 1][end:]
        lines[first - 1 : last] = [lines[first - 1][:begin] + change.text.encode() + behind]
    return b"".join(lines).decode()
