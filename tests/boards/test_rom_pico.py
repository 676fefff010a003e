"""Test a Pico with runtime and network in ROM: read in place, and safe to cut."""

import json
import random
import shutil

import pytest
from boards_under_test import blank
from power_up import started
from random_networks import random_network
from thorough import thorough

from spikelet import installation
from spikelet.boards import start_code
from spikelet.networks import lif_file
from spikelet.networks.lif_file import save_network

# The Pico is flashed or started many times.
pytestmark = [pytest.mark.emulated, pytest.mark.slow, pytest.mark.timeout(1800)]

OLD, NEW = random_network(4), random_network(3)
MOMENTS = 8


@pytest.fixture(scope="module")
def pico(own_cache):
    return blank("pico:RPI_PICO_ROM.uf2")


@pytest.fixture(scope="module")
def lif(tmp_path_factory):
    """Return the files of the old network and of the new one."""
    paths = []
    for name, made in (("old", OLD), ("new", NEW)):
        paths.append(tmp_path_factory.mktemp("rom") / f"{name}.lif")
        save_network(made, paths[-1])
    return paths


def flash(spikelet, pico, path, cut=None):
    """Flash a small runtime to a Pico's ROM; return the number of operations on the flash."""
    with pico.powered() as board:
        if cut is not None:
            board.cut(cut)
        status, _, err = spikelet("flash", path, "--rom", "--small", "--port", board.device)
        assert (status == 0) == (cut is None), err
        assert "Traceback" not in err
        return board.stats()["written"] if cut is None else cut


@pytest.fixture(scope="module")
def old_image(pico, lif, tmp_path_factory):
    """Return a copy of the flash of a Pico whose ROM was flashed with the old network."""
    from spikelet.cli import main

    with pico.powered() as board:
        assert main(["flash", str(lif[0]), "--rom", "--port", board.device]) == 0
    image = installation.cache_folder(pico.storage) / "flash.bin"
    return shutil.copy(image, tmp_path_factory.mktemp("flash") / "flash.bin")


def in_use(pico):
    """Return {name: path} of the active files, and the files in Spikelet's folder."""
    with pico.connect() as repl:
        repl.exec("import os, sys\n" + pico.prelude)
        return repl.eval("_paths"), repl.eval("os.listdir('spikelet')")


@pytest.mark.usefixtures("old_image")
def test_rom_files_are_read_in_place(spikelet, pico, lif):
    assert started(pico, OLD, NEW) is OLD
    paths, files = in_use(pico)
    assert paths == start_code.in_rom(["network.lif"])
    assert files == ["active", "manifest"]
    status, out, _ = spikelet("verify", lif[0], "--port", pico.name, "--json")
    verified = json.loads(out)
    assert (status, verified["differences"], verified["lost_frames"]) == (0, 0, 0)
    with pico.connect() as repl:
        repl.exec("import gc, sys\n" + pico.prelude)
        repl.exec("from spikert.network import tables\ngc.collect()\nbefore = gc.mem_alloc()")
        repl.exec("data = tables.load(_paths['network.lif']).data\ngc.collect()")
        assert repl.eval("gc.mem_alloc() - before") < len(lif_file.to_bytes(OLD))


@pytest.mark.parametrize(
    "chosen", [(0, 7), pytest.param(range(MOMENTS), marks=thorough)], ids=["some", "all"]
)
def test_no_moment_of_writing_the_rom_makes_a_brick(spikelet, pico, lif, old_image, chosen):
    image = installation.cache_folder(pico.storage) / "flash.bin"
    shutil.copy(old_image, image)
    operations = flash(spikelet, pico, lif[1])
    assert started(pico, OLD, NEW) is NEW
    found = []
    moments = sorted(random.Random(2).sample(range(operations), MOMENTS))
    for number in chosen:
        shutil.copy(old_image, image)
        flash(spikelet, pico, lif[1], cut=moments[number])
        found.append(started(pico, OLD, NEW))
    changes = [earlier is not later for earlier, later in zip(found, found[1:], strict=False)]
    assert (found[0], found[-1], sum(changes)) == (OLD, NEW, 1)
    flash(spikelet, pico, lif[0])
    assert started(pico, OLD, NEW) is OLD
    assert in_use(pico)[1] == ["active", "manifest"]
