"""Test runtimes with only the needed modules: equal spikes, list of the rest."""

import json
from dataclasses import replace

import flash_image
import numpy as np
import pytest
from boards_under_test import BOARDS, blank
from memory_networks import NETWORKS
from random_networks import random_inputs, random_network
from thorough import quick

from spikelet.boards import interpreter, resolve
from spikelet.flashing import flash, stage
from spikelet.flashing.runtime import bytecode, file_systems
from spikelet.flashing.runtime.needs import Task
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.networks import lif_file
from spikelet.networks.lif_file import save_network

# Seeds for boards that take long to flash.
SEEDS = {"pico": (1,)}
MORE_SEEDS = range(4)


@pytest.fixture
def lif(tmp_path):
    """Return the files of two networks with equal encoders and kinds of layers."""
    made = []
    for name in ("digits", "wide"):
        made.append(tmp_path / f"{name}.lif")
        save_network(NETWORKS[name], made[-1])
    return made


@pytest.fixture
def few(tmp_path):
    """Return the file of a few samples for these networks."""
    x = random_inputs(NETWORKS["digits"], 1, 3)
    np.savez(tmp_path / "few.npz", x=x, y=np.zeros(3, int))
    return tmp_path / "few.npz"


@pytest.fixture
def room_for(monkeypatch):
    """Return a function that sets the size and the free bytes of boards' file systems."""
    ask = interpreter.survey_port

    def give(size: int, free: int) -> None:
        small = {"flash_size": size, "flash_free": free, "flash_block": file_systems.SECTOR}
        monkeypatch.setattr(flash, "survey_port", lambda port: replace(ask(port), **small))

    return give


def left_out(out: str) -> str:
    (line,) = (line for line in out.splitlines() if line.startswith("left out: "))
    return line


def test_every_board_fires_the_same_with_no_more_than_it_needs(port):
    parts = RuntimeParts.for_interpreter(interpreter.survey_port(port))
    for seed in SEEDS.get(port.name, MORE_SEEDS):
        network = random_network(seed)
        files = parts.needed(Task(network))
        assert len(files) < 0.7 * len(parts.files)
        flash_image.put(port, {**files, "network.lif": lif_file.to_bytes(network)})
        with port.session() as stream:
            link = Link(stream, port.name, lambda text: None)
            info = link.hello()
            assert info.kernels == parts.kernels[:1] == BOARDS[port.name][:1]
            verify.check_identity(network, info, port.name)
            found = verify.verify(link, network, random_inputs(network, seed, 2))
            link.close()
        assert found.passed
        assert (found.samples, found.differences, found.lost_frames) == (2, 0, 0)


@pytest.mark.emulated
@pytest.mark.slow
@pytest.mark.parametrize("small", quick((False, True), (True,)))
def test_files_take_as_much_flash_as_was_computed(small, own_cache):
    port, network = blank("pico"), NETWORKS["digits"]
    before = interpreter.survey_port(port)
    parts = RuntimeParts.for_interpreter(before)
    runtime = parts.needed(Task(network)) if small else parts.files
    files = {**runtime, "network.lif": lif_file.to_bytes(network)}
    list(stage.install_payload(port, files))
    taken = before.flash_free - interpreter.survey_port(port).flash_free
    assert file_systems.filed_size(files, before.flash_block) == pytest.approx(taken, rel=0.05)


def test_flash_small_reports_left_out_modules(spikelet, virtual, lif, few):
    status, out, _ = spikelet("flash", lif[0], "--small", "--dry-run")
    assert status == 0
    assert "files that it cannot run (kernels" in left_out(out)
    assert left_out(out).endswith("as --small asks")
    assert not list(virtual.rglob("*.lif"))
    status, out, _ = spikelet("flash", lif[0], "--small", "--json")
    said = json.loads(out)["left_out"]
    assert "spikert/kernels/viper/__init__.py" in said["cannot_run"]
    assert {
        "spikert/bench/__init__.py",
        "spikert/kernels/plain.py",
        "spikert/encoders/delta.py",
    } <= set(said["not_needed"])
    assert said["why"] == "as --small asks"
    assert not list(virtual.rglob("bench/__init__.py"))
    assert spikelet("verify", lif[0], "--samples", few)[0] == 0
    status, _, err = spikelet("verify", lif[0], "--kernel", "plain")
    assert (status, err.count("\n")) == (2, 1)
    assert "has no kernel 'plain'; it has ulab" in err
    status, _, err = spikelet("bench", lif[0])
    assert (status, err.count("\n")) == (1, 1)
    assert "run spikelet flash without --small" in err
    status, out, _ = spikelet("flash", lif[0])
    assert status == 0
    assert "need" not in left_out(out)
    assert len(list(virtual.rglob("bench/__init__.py"))) == 1


def test_flash_of_similar_network_sends_only_network(spikelet, virtual, lif):
    assert spikelet("flash", lif[0], "--small")[0] == 0
    status, out, _ = spikelet("flash", lif[1], "--small", "--json")
    assert status == 0
    assert json.loads(out)["sent"] == lif[1].stat().st_size


def test_flash_replaces_modules_that_board_cannot_run(spikelet, virtual, lif, few):
    port = resolve.resolve("virtual")
    network = NETWORKS["digits"]
    list(
        stage.install_payload(
            port, {**bytecode.sources(), "network.lif": lif_file.to_bytes(network)}
        )
    )
    assert len(list(virtual.rglob("thumb/build.py"))) == 1
    status, out, _ = spikelet("flash", lif[0], "--json")
    assert status == 0
    assert json.loads(out)["left_out"]["not_needed"] == []
    assert not list(virtual.rglob("thumb/build.py"))
    assert len(list((virtual / "spikelet").glob("r*"))) == 1
    assert spikelet("verify", lif[0], "--samples", few)[0] == 0


def test_flash_to_full_board_sends_only_needed_modules(spikelet, virtual, lif, few, room_for):
    room_for(97_280, 97_280)
    status, out, _ = spikelet("flash", lif[0])
    assert status == 0
    assert "because all would take 1" in left_out(out)
    assert left_out(out).endswith("97,280 are free")
    assert not list(virtual.rglob("bench/__init__.py"))
    assert spikelet("verify", lif[0], "--samples", few)[0] == 0
    room_for(40_000, 40_000)
    status, _, err = spikelet("flash", lif[1])
    assert (status, err.count("\n")) == (4, 1)
    assert "virtual has 40,000 bytes of flash for files, below the" in err
    assert "put the mpy-cross of its interpreter on PATH" in err


def test_flash_counts_no_space_for_files_on_board(spikelet, virtual, lif, room_for):
    assert spikelet("flash", lif[0])[0] == 0
    room_for(400_000, 150_000)
    status, out, _ = spikelet("flash", lif[1], "--json")
    found = json.loads(out)
    assert status == 0
    assert found["left_out"]["why"] == ""
    assert found["sent"] == lif[1].stat().st_size
