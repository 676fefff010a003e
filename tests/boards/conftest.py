"""Fixtures of tests on boards: all boards that run without hardware."""

from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import flash_image
import pytest
from boards_under_test import BOARDS, marks, opened
from kept_pico import KeptPico
from thorough import thorough

from spikelet import installation
from spikelet.boards import serial_port
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.networks import lif_file

HERE = Path(__file__).parent
WITH_BOARD = ("port", "board", "name", "micropython")  # the parameters that name a board
# The parameters that choose an example, and those that the quick run takes on the Pico.
EXAMPLES = {
    "seed": (0, 5, 21),
    "encoder": ("direct", "latency", "phase"),
    "kind": ("four bits",),
    "storage": ("4 bits", "8 bits", "pairs"),
}
BY_TURNS = ("qemu:m3", "qemu:m0", "qemu:rv32")


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
    """Leave examples to the thorough run.

    The quick run tries few on the emulated Pico, which takes ten times as long as other boards. Those
    on QEMU take turns: each example runs on one of three, besides virtual and unix.
    """
    taking_turns = defaultdict(list)
    for item in items:
        chosen = EXAMPLES.keys() & _parameters(item).keys()
        if not item.path.is_relative_to(HERE) or not chosen:
            continue
        board, parameters = _board(item), _parameters(item)
        if board == "pico" and any(parameters[name] not in EXAMPLES[name] for name in chosen):
            item.add_marker(thorough)
        elif board in BY_TURNS and _may_be_left(item):
            taking_turns[item.nodeid.partition("[")[0], board].append(item)
    for (_, board), examples in taking_turns.items():
        turns = min(len(BY_TURNS), len(examples))
        for number, item in enumerate(examples):
            if number % turns != BY_TURNS.index(board) % turns:
                item.add_marker(thorough)


def _may_be_left(item) -> bool:
    """Return whether a test is still in the quick run; test_thumb.py chooses its examples itself."""
    return item.get_closest_marker("thorough") is None and "name" not in _parameters(item)


def _parameters(item):
    return item.callspec.params if hasattr(item, "callspec") else {}


def _board(item):
    parameters = _parameters(item)
    return next((parameters[name] for name in WITH_BOARD if name in parameters), None)


@pytest.fixture
def port(request):
    """Return one board after the other."""
    return opened(request.param)


@pytest.fixture
def virtual(tmp_path, monkeypatch, own_cache):
    """Return the folder of a virtual board of this test's own."""
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(serial_port.list_ports, "comports", list)
    return Path(installation.cache_folder("virtual")) / "files"


@pytest.fixture(scope="session")
def kept_pico(own_cache):
    """Return a Pico that stays switched on between tests."""
    pico = KeptPico()
    yield pico
    pico.close()


@pytest.fixture
def running(kept_pico):
    """Return a function that puts a network on a board and runs it there; it gives the stream."""

    @contextmanager
    def session(port, network, *, compiled=False):
        if port.name == "pico":
            with kept_pico.session(lif_file.to_bytes(network)) as stream:
                yield stream
            return
        files = flash_image.runtime(port, compiled=compiled)
        flash_image.put(port, {**files, "network.lif": lif_file.to_bytes(network)})
        with port.session() as stream:
            yield stream

    return session


@pytest.fixture
def on_board(running):
    """Return a function that verifies a network with every kernel of a board."""

    def check(port, network, x, *, compiled=False):
        found = {}
        with running(port, network, compiled=compiled) as stream:
            link = Link(stream, port.name, lambda text: None)
            for kernel in link.hello().kernels:
                info = link.hello(kernel)
                verify.check_identity(network, info, port.name)
                found[kernel] = verify.verify(link, network, x)
            link.close()
        return found

    return check
