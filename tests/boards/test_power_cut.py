"""Cut the power while a Pico is flashed: it starts with the old or new network, a user's files stay."""

import random
import shutil

import flash_image
import numpy as np
import pytest
from boards_under_test import blank
from power_up import started
from random_networks import random_network
from thorough import thorough

from spikelet import installation
from spikelet.boards import interpreter, serial_port
from spikelet.errors import SpikeletError
from spikelet.flashing import stage
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.networks import lif_file

# The Pico is flashed or started many times.
pytestmark = [pytest.mark.emulated, pytest.mark.slow, pytest.mark.timeout(1800)]

OLD, NEW = random_network(4), random_network(3)
QUICK, THOROUGH = {"network": 3}, {"network": 30, "runtime": 12}
# After every tenth moment, a flash without a cut follows.
AGAIN = 10
# Parts of the runtime that are left out to save time.
LEFT_OUT = ("thumb", "viper", "bench")
USERS = {
    "log.csv": bytes(range(256)) * 20,
    "main.py.new": b"mine",
    "network.lif": b"mine",
    "spikelet/my_recording.csv": b"1,2,3\n" * 1000,
    "spikelet/notes/active": b"",
}


@pytest.fixture(scope="module")
def pico(own_cache):
    return blank("pico")


@pytest.fixture(scope="module")
def runtime(pico):
    """Return the runtime as a Pico gets it, with the kernel `plain` alone."""
    files = RuntimeParts.for_interpreter(interpreter.survey_port(pico)).files
    return {path: data for path, data in files.items() if not any(n in path for n in LEFT_OUT)}


@pytest.fixture(scope="module")
def image(pico, runtime, tmp_path_factory):
    """Return a copy of the flash of a Pico with the old network."""
    flash_image.put(pico, {**runtime, "network.lif": lif_file.to_bytes(OLD)}, USERS)
    kept = tmp_path_factory.mktemp("flash") / "flash.bin"
    shutil.copy(installation.cache_folder(pico.storage) / "flash.bin", kept)
    return kept


def restore(pico, image):
    shutil.copy(image, installation.cache_folder(pico.storage) / "flash.bin")


def flash(pico, files, cut=None):
    """Flash a Pico and cut its power after `cut` operations; return the number of operations."""
    with pico.powered() as board:
        if cut is not None:
            board.cut(cut)
        list(stage.install_payload(serial_port.SerialPort(board.device), files))
        return board.stats()["written"]


@pytest.mark.parametrize(
    ("changed", "cuts"),
    [*QUICK.items(), *(pytest.param(*one, marks=thorough) for one in THOROUGH.items())],
)
def test_no_moment_of_a_flash_makes_a_brick(pico, runtime, image, changed, cuts):
    files = {**runtime, "network.lif": lif_file.to_bytes(NEW)}
    if changed == "runtime":
        files["spikert/other.py"] = b"# so that it is another"
    restore(pico, image)
    assert started(pico, OLD, NEW) is OLD
    operations = flash(pico, files)
    assert started(pico, OLD, NEW) is NEW
    moments = random.Random(1).sample(range(operations), cuts)
    found = []
    for number, moment in enumerate(moments):
        restore(pico, image)
        with pytest.raises(SpikeletError, match="pico|socket"):
            flash(pico, files, cut=moment)
        found.append((moment, started(pico, OLD, NEW)))
        assert flash_image.read(pico, USERS) == USERS
        if number % AGAIN == 0:
            flash(pico, files)
            assert started(pico, OLD, NEW) is NEW
            assert flash_image.read(pico, USERS) == USERS
    assert len(found) == cuts
    first_new = min((moment for moment, network in found if network is NEW), default=operations)
    assert all(network is NEW for moment, network in found if moment >= first_new)
    assert {id(network) for _, network in found} >= {id(OLD)}
    print(f"{changed}: {operations} operations, the new network from {first_new} on")
    assert np.mean([network is OLD for _, network in found]) > 0.1
