"""An mpy-cross serves its own interpreter only, with the right options; a script replaces it."""

import subprocess

import pytest

from spikelet import installation
from spikelet.boards.interpreter import Interpreter
from spikelet.flashing.runtime import bytecode

MPY_CROSS = """#!/bin/sh
[ "$1" != --version ] || { echo "%s v1 on 2026-01-01; mpy-cross emitting mpy v%s"; exit; }
for argument; do
    [ "$last" != -o ] || made=$argument
    last=$argument
done
! grep -q "asm_thumb" "$last" || exit 1
echo "$*" | sed "s| -o .*||" >"$made"
"""

BOARD = Interpreter("micropython", (6, 3), "armv6m")
SOURCES = {
    "spikert/session.py": b"pass",
    "spikert/kernels/thumb.py": b"@micropython.asm_thumb\ndef code():\n    nop()\n",
    "main.py": b"main",
}


@pytest.fixture
def only(tmp_path, monkeypatch):
    """Return a function that installs a script as the only mpy-cross."""

    def install(interpreter: str, version: str, name: str = "mpy-cross") -> None:
        program = tmp_path / name
        program.write_text(MPY_CROSS % (interpreter, version))
        program.chmod(0o755)
        monkeypatch.setattr(bytecode, "_packaged", lambda: None)
        monkeypatch.setattr(installation, "cache_folder", lambda *parts: tmp_path / "none")
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        monkeypatch.setattr(installation, "runtime_files", lambda: SOURCES)
        bytecode._asked.cache_clear()

    yield install
    bytecode._asked.cache_clear()


def test_bytecode_modules_compiled_for_board_architecture(only):
    only("MicroPython", "6.3")
    files = bytecode.runtime_files(BOARD)
    assert files == {
        "spikert/session.mpy": b"-O3 -march=armv6m -s spikert/session.py\n",
        "spikert/kernels/thumb.py": SOURCES["spikert/kernels/thumb.py"].replace(b"    ", b" "),
        "main.py": b"main",
    }


def test_bytecode_without_native_code_has_no_architecture(only):
    only("MicroPython", "6.3")
    files = bytecode.runtime_files(Interpreter("micropython", (6, 3)))
    assert files["spikert/session.mpy"] == b"-O3 -s spikert/session.py\n"


@pytest.mark.parametrize(
    ("interpreter", "version", "serves"),
    [
        ("MicroPython", "6.3", True),
        ("MicroPython", "6.2", False),
        ("MicroPython", "6", False),
        ("CircuitPython", "6.3", False),
        ("Something", "6.3", False),
    ],
)
def test_compiler_serves_only_its_interpreter_and_version(only, interpreter, version, serves):
    only(interpreter, version)
    assert (bytecode.compiler_for(BOARD) is not None) == serves
    assert ("spikert/session.mpy" in bytecode.runtime_files(BOARD)) == serves


def test_compiler_for_circuitpython_serves_it(only):
    only("CircuitPython", "6.3")
    compiler = bytecode.compiler_for(Interpreter("circuitpython", (6, 3)))
    assert compiler is not None
    assert compiler.interpreter == "circuitpython"


@pytest.mark.parametrize("name", ["bin/mpy-cross", "mpy-cross-linux-amd64-10.0.0.static"])
def test_compiler_for_circuitpython_is_found_beside_micropythons(only, tmp_path, monkeypatch, name):
    only("MicroPython", "6.3")
    (tmp_path / "bin").mkdir()
    only("CircuitPython", "6.3", name)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    compiler = bytecode.compiler_for(Interpreter("circuitpython", (6, 3)))
    assert compiler is not None
    assert compiler.path == str(tmp_path / name)
    assert bytecode.compiler_for(BOARD).path == str(tmp_path / "mpy-cross")


def test_compilers_skip_program_that_does_not_run(only, monkeypatch):
    only("MicroPython", "6.3")

    def refused(*arguments, **options):
        raise PermissionError

    monkeypatch.setattr(subprocess, "run", refused)
    assert bytecode.compilers() == []


def test_other_form_swaps_py_and_mpy():
    assert bytecode.other_form("spikert/kernels/plain.py") == "spikert/kernels/plain.mpy"
    assert bytecode.other_form("spikert/kernels/plain.mpy") == "spikert/kernels/plain.py"
