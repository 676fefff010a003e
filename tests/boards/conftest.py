"""Boards in the loop: every one that can be had without hardware."""

import functools
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from boards_under_test import BOARDS, absent, marks
from kept_pico import KeptPico

from spikelet import installation
from spikelet.boards import interpreter, resolve, serial_port
from spikelet.errors import SpikeletError
from spikelet.flashing import stage
from spikelet.flashing.runtime import parts
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.networks import lif_file

WITH_BOARD = ("port", "board", "name", "micropython")  # the parameters that name a board


def pytest_addoption(parser):
    parser.addoption("--port", help="a board to test as well, spelled as the command's --port")


def pytest_generate_tests(metafunc):
    if "port" in metafunc.fixturenames:
        names = [pytest.param(name, marks=marks(name)) for name in BOARDS]
        if given := metafunc.config.getoption("--port", default=None):
            names.append(given)
        metafunc.parametrize("port", names, indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Let one process test the kept Pico, and one each module whose tests share a board."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            parameters = item.callspec.params if hasattr(item, "callspec") else {}
            board = next((parameters[name] for name in WITH_BOARD if name in parameters), None)
            if board == "pico":
                item.add_marker(pytest.mark.xdist_group("pico"))
            elif board is None:
                item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture
def port(request):
    """Return one board after the other."""
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
    """Return what a board's interpreter says, once."""
    return interpreter.ask(resolve.resolve(name))


@functools.cache
def sources(name: str) -> parts.Parts:
    """Return the runtime's parts that a board can run, all as sources."""
    return parts.of(replace(asked(name), bytecode=(0, 0)))


@pytest.fixture(scope="session")
def kept_pico(own_cache):
    """Return a Pico that runs its runtime from sources, and stays switched on between tests."""
    pico = KeptPico(lambda: sources("pico").files)
    yield pico
    pico.close()


@pytest.fixture
def running(kept_pico):
    """Return a function that puts a network on a board and runs it there; it gives the stream."""

    @contextmanager
    def session(port, network):
        if port.name == "pico":
            with kept_pico.session(lif_file.to_bytes(network)) as stream:
                yield stream
            return
        files = {**sources(port.name).files, "network.lif": lif_file.to_bytes(network)}
        list(stage.install(port, files))
        with port.session() as stream:
            yield stream

    return session


@pytest.fixture
def on_board(running):
    """Return a function that verifies a network with every kernel of a board."""

    def check(port, network, x):
        found = {}
        with running(port, network) as stream:
            link = Link(stream, port.name, lambda text: None)
            for kernel in link.hello().kernels:
                info = link.hello(kernel)
                verify.check_identity(network, info, port.name)
                found[kernel] = verify.verify(link, network, x)
            link.close()
        return found

    return check
