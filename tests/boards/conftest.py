"""Fixtures of tests on boards: all boards that run without hardware."""

import functools
from dataclasses import replace
from pathlib import Path

import pytest
from boards_under_test import BOARDS, absent, marks

from spikelet import installation
from spikelet.boards import interpreter, resolve, serial_port
from spikelet.errors import SpikeletError
from spikelet.flashing import stage
from spikelet.flashing.runtime import parts
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.networks import lif_file


def pytest_addoption(parser):
    parser.addoption("--port", help="a board to test as well, spelled as the command's --port")


def pytest_generate_tests(metafunc):
    if "port" in metafunc.fixturenames:
        names = [pytest.param(name, marks=marks(name)) for name in BOARDS]
        if given := metafunc.config.getoption("--port", default=None):
            names.append(given)
        metafunc.parametrize("port", names, indirect=True)


@pytest.fixture
def port(request):
    """Return each board in turn."""
    try:
        return resolve.resolve(request.param)
    except SpikeletError as error:
        if request.param.startswith("unix:"):
            pytest.skip(str(error))
        absent(str(error))


@pytest.fixture
def virtual(tmp_path, monkeypatch, own_cache):
    """Return the folder of a virtual board of this test's own."""
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(serial_port.list_ports, "comports", list)
    return Path(installation.cache_folder("virtual")) / "files"


@functools.cache
def asked(name: str) -> interpreter.Interpreter:
    """Return the survey of a board's interpreter, made once."""
    return interpreter.survey_port(resolve.resolve(name))


@functools.cache
def sources(name: str) -> parts.RuntimeParts:
    """Return the runtime's parts that a board can run, all as sources."""
    return RuntimeParts.for_interpreter(replace(asked(name), bytecode=(0, 0)))


@pytest.fixture
def on_board():
    """Return a function that flashes a network and verifies it with every kernel of a board."""

    def check(port, network, x):
        files = {**sources(port.name).files, "network.lif": lif_file.to_bytes(network)}
        list(stage.install_payload(port, files))
        found = {}
        with port.session() as stream:
            link = Link(stream, port.name, lambda text: None)
            for kernel in link.hello().kernels:
                info = link.hello(kernel)
                verify.check_identity(network, info, port.name)
                found[kernel] = verify.verify(link, network, x)
            link.close()
        return found

    return check
