"""Finds files of the user that hide a module which the runtime imports.

Python takes a file before most built-in modules of the same name. So a file array.py would be imported
instead of the module array, and the runtime would not start. Source: MicroPython's py/builtinimport.c.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from spikelet.errors import SpikeletError
from spikelet.flashing.inventory import Files
from spikelet.flashing.runtime import bytecode
from spikelet.flashing.runtime.modules import PACKAGE, dotted, is_module

# The folders from which a board imports; the empty one is the root.
FOLDERS = ("", "lib")
# Interpreters take these before files, or the user is asked to write them.
NEVER_HIDDEN = {"builtins", "gc", "micropython", "sys", "uctypes", PACKAGE, "app"}
# Bytes of a user's file that show whether it adds to the built-in module.
HEAD = 4096


def check(files: Files, board: str, new: Mapping[str, bytes]) -> None:
    """Raise SpikeletError if the user has a file that hides a module of the new files.

    Parameters
    ----------
    files : Files
    board : str
        Name of the board in the message.
    new : mapping of str to bytes
        {name: bytes}, as for `Layout.of_files`.
    """
    names = imported(new)
    for folder in FOLDERS:
        for path in sorted(files.list(folder, deep=False)):
            module = _module(path.rpartition("/")[2])
            if module in names and not _adds(files, path, module):
                raise SpikeletError(
                    f"{path} on {board} has the name of the module {module}, which Spikelet's runtime "
                    "imports, and would be imported instead; nothing was written: rename it, and "
                    "flash again"
                )


def imported(new: Collection[str]) -> frozenset[str]:
    """Return the modules outside the runtime that its modules among the new files import."""
    modules = {dotted(path) for path in new if is_module(path)}
    return frozenset(
        name for module, names in _imports().items() if module in modules for name in names
    )


@cache
def _imports() -> dict[str, frozenset[str]]:
    """Return {module of the runtime: the modules outside of it that it imports}."""
    return {
        dotted(path): frozenset(_imported_by(source.decode())) - NEVER_HIDDEN
        for path, source in bytecode.sources().items()
        if is_module(path)
    }


def _imported_by(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _module(name: str) -> str:
    """Return the module that an interpreter imports from a file or folder of this name."""
    stem, _, suffix = name.rpartition(".")
    return stem if stem and suffix.lower() in ("py", "mpy") else name


def _adds(files: Files, path: str, module: str) -> bool:
    """Return whether a file takes all of the built-in module first, as micropython-lib's do."""
    builtin = rf"^from u?{re.escape(module)} import \*".encode()
    for source in (path, f"{path}/__init__.py"):
        if re.search(builtin, files.read(source, HEAD) or b"", re.MULTILINE):
            return True
    return False
