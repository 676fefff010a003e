"""Replaces the firmware's constants by numbers in its modules.

MicroPython's compiler does so only within a module: its assembler and viper inline only constants of the
same module. An imported constant would also take thirty bytes of memory on a board for its name and its
slot, and a look-up each time. So the host replaces the name of every constant by its number before it
compiles or sends a module. A definition stays only if some module may look up the name at run time. Each
statement stays on its line, so tracebacks name the right one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


@dataclass
class ParsedModule:
    """A module of the firmware and its constants.

    Attributes
    ----------
    source : str
    tree : ast.Module
    constants : dict of str to int
        {name: number} of its own constants.
    modules : dict of str to str
        {name here: dotted name} of the modules that it imports.
    imported : dict of str to int
        {name here: number} of the constants that it imports.
    dropped : set of str
        Its own constants that no module looks up at run time.
    """

    source: str
    tree: ast.Module
    constants: dict[str, int] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    imported: dict[str, int] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Change:
    """A replacement of text from start to end: (line from 1, column in bytes from 0)."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


def inlined(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the modules with numbers instead of constants.

    Parameters
    ----------
    sources : mapping of str to str
        {path: text} of all modules of the firmware, with paths such as spikert/wire.py.
    """
    modules = {_dotted(path): _parsed(source) for path, source in sources.items()}
    for module in modules.values():
        _resolve(module, modules)
    names = {name for module in modules.values() for name in _asked(module, modules)}
    for module in modules.values():
        module.dropped = module.constants.keys() - names
    return {path: _rewritten(modules[_dotted(path)], modules) for path in sources}


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _parsed(source: str) -> ParsedModule:
    module = ParsedModule(source, ast.parse(source))
    for node in module.tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Name(id="const"), args=[ast.Constant(value=int(number))]),
            ) if CONSTANT.fullmatch(name):
                module.constants[name] = number
    return module


def _resolve(module: ParsedModule, modules: Mapping[str, ParsedModule]) -> None:
    """Set the names under which the module imports other modules and their constants."""
    called: dict[str, set[str]] = {}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        for alias in node.names:
            here, path = alias.asname or alias.name, f"{node.module}.{alias.name}"
            if path in modules:
                called.setdefault(here, set()).add(path)
            elif (owner := modules.get(node.module)) and alias.name in owner.constants:
                module.imported[here] = owner.constants[alias.name]
    # A name of several modules is resolved while the module runs.
    module.modules = {here: paths.pop() for here, paths in called.items() if len(paths) == 1}


def _asked(module: ParsedModule, modules: Mapping[str, ParsedModule]) -> Iterator[str]:
    """Yield the names that the module may look up in any other module at run time."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(attr=name) if _number(node, module, modules) is None:
                yield name
            case ast.Constant(value=str(name)):
                yield name


def _number(node: ast.AST, module: ParsedModule, modules: Mapping[str, ParsedModule]) -> int | None:
    """Return the number that replaces a node, or None."""
    match node:
        case ast.Attribute(value=ast.Name(id=here), attr=name):
            owner = modules.get(module.modules.get(here, ""))
            return owner.constants.get(name) if owner else None
        case ast.Name(id=here, ctx=ast.Load()):
            own = module.constants if here in module.dropped else module.imported
            return own.get(here)
    return None


def _rewritten(module: ParsedModule, modules: Mapping[str, ParsedModule]) -> str:
    changes, definitions = [], set()
    for statement in module.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) if name in module.dropped:
                definitions |= {id(part) for part in ast.walk(statement)}
                changes.append(_replace(statement, ""))
    nodes = [node for node in ast.walk(module.tree) if id(node) not in definitions]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    unused = {"const"} - names
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            # Within a try, as in compat.py, others import it from here.
            alone = node in module.tree.body
            changes += _import(node, module.imported.keys() | (unused if alone else set()), alone)
        elif (number := _number(node, module, modules)) is not None:
            changes.append(_replace(node, str(number)))
    return _changed(module.source, changes)


def _import(node: ast.ImportFrom, gone: Collection[str], alone: bool) -> list[Change]:
    """Return the changes that remove names from an import.

    Parameters
    ----------
    node : ast.ImportFrom
    gone : collection of str
        The names to remove.
    alone : bool
        Whether an import without other names can be empty; else it becomes `pass`.
    """
    remaining = [alias for alias in node.names if (alias.asname or alias.name) not in gone]
    if len(remaining) == len(node.names):
        return []
    names = ", ".join(a.name + (f" as {a.asname}" if a.asname else "") for a in remaining)
    instead = "" if alone else "pass"
    return [_replace(node, f"from {node.module} import {names}" if remaining else instead)]


def _replace(node: ast.AST, text: str) -> Change:
    start = node.lineno, node.col_offset  # type: ignore[attr-defined]
    return Change(start, (node.end_lineno, node.end_col_offset), text)  # type: ignore[attr-defined]


def _changed(source: str, changes: list[Change]) -> str:
    lines = source.encode().splitlines(keepends=True)
    for change in sorted(changes, key=lambda change: change.start, reverse=True):
        (first, begin), (last, end) = change.start, change.end
        behind = lines[last - 1][end:]
        line = lines[first - 1][:begin] + change.text.encode() + behind
        lines[first - 1 : last] = [line] + [b"\n"] * (last - first)
    return b"".join(lines).decode()
