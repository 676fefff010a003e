"""What all tests share: a cache of their own, networks trained once, boards or a reason to skip."""

import gc
import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings

from spikelet import installation
from spikelet.flashing.runtime import inline_constants

LONG = 1800  # seconds for a thorough test, on a busy machine
ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "tests/interpreters"
KEPT = installation.cache_folder("trained-for-tests")  # before the tests get a cache of their own
KEPT_FOR = 7 * 86_400  # seconds


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Share tests among processes as tests/support/scheduling.py says."""
    from scheduling import Scheduling

    return Scheduling(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(items):
    """Give long tests more time than the limit in pyproject.toml."""
    for item in items:
        if item.get_closest_marker("thorough"):
            item.add_marker(pytest.mark.timeout(LONG))


def pytest_collection_finish():
    _exempt_from_garbage()


@pytest.fixture(scope="module", autouse=True)
def little_garbage():
    """Let the runtime collect as a board does, without a search through all of pytest's objects."""
    _exempt_from_garbage()


def _exempt_from_garbage():
    gc.collect()
    gc.freeze()


# The same examples in each run, and no limit that a busy computer could miss.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Keep the tests' boards apart from the user's, and use the firmware that was built."""
    built = installation.cache_folder("emulated")
    folder = tmp_path_factory.mktemp("cache")
    (folder / "emulated").symlink_to(built)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKELET_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def firmware(tmp_path_factory):
    """Return a folder with the firmware as boards get it, and the scripts that use it there."""
    folder = tmp_path_factory.mktemp("firmware")
    paths = installation.runtime_files().items()
    sources = {path: data.decode() for path, data in paths if path.startswith("spikert/")}
    for name in ("layers.py", "runtime.py", "sensors.py"):
        sources[name] = (SCRIPTS / name).read_text()
    for path, source in inline_constants.inlined(sources).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source)
    return folder


@pytest.fixture(scope="session")
def digits():
    """Return the fixed test part of the digits."""
    from spikelet.inputs import dataset

    return dataset.split(dataset.load_digits())[1]


@pytest.fixture(scope="session")
def made_once():
    """Return a function that makes a network unless the same sources have made it before.

    Several processes test, and training takes a minute of each run. A change of any source, of Python
    or of numpy trains anew.
    """
    import filelock

    from spikelet.networks import lif_file

    folder = KEPT / _digest_of_sources()
    folder.mkdir(exist_ok=True)
    os.utime(folder)
    for other in KEPT.iterdir():
        if time.time() - other.stat().st_mtime > KEPT_FOR:
            shutil.rmtree(other, ignore_errors=True)

    def get(name: str, make):
        path = folder / f"{name}.lif"
        with filelock.FileLock(folder / f"{name}.lock"):
            if not path.exists():
                lif_file.save_network(make(), path)
        return lif_file.load_network(path)

    return get


def _digest_of_sources() -> str:
    import numpy as np

    digest = hashlib.sha256(f"{sys.version} {np.__version__}".encode())
    for folder in ("host", "firmware", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.fixture(scope="session")
def trained(made_once):
    """Return a function that trains and converts a digits network, once for the same sources."""
    from spikelet.conversion import convert
    from spikelet.inputs import dataset
    from spikelet.training import train

    def make(encoder, steps):
        options = train.TrainingOptions(encoder=encoder, steps=steps, epochs=30)
        part = dataset.split(dataset.load_digits())[0]
        return convert.convert_network(train.train_network(part, options).network)[0]

    def network(encoder: str = "direct", steps: int = 4):
        return made_once(f"digits-{encoder}-{steps}", lambda: make(encoder, steps))

    return network


@pytest.fixture
def spikelet(capsys):
    """Return a function that runs the command here and gives (status, stdout, stderr)."""
    from spikelet.cli import main

    def run(*arguments: object):
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code
        return (status, *capsys.readouterr())

    return run
