"""What all tests share: a cache of their own, networks trained once, boards or a reason to skip."""

import gc
import os
from pathlib import Path

import pytest

from spikelet import installation
from spikelet.flashing.runtime import inline_constants

SCRIPTS = Path(__file__).parent / "interpreters"


def pytest_collection_finish():
    _exempt_from_garbage()


@pytest.fixture(scope="module", autouse=True)
def little_garbage():
    """Let the runtime collect as a board does, without a search through all of pytest's objects."""
    _exempt_from_garbage()


def _exempt_from_garbage():
    gc.collect()
    gc.freeze()


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
def made_once(tmp_path_factory):
    """Return a function that makes a network once per run, although several processes test.

    Their own folders stand in one that lasts as long as the run.
    """
    import filelock

    from spikelet.networks import lif_file

    worker = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if worker else base) / "made-once"
    folder.mkdir(exist_ok=True)

    def get(name: str, make):
        path = folder / f"{name}.lif"
        with filelock.FileLock(folder / f"{name}.lock"):
            if not path.exists():
                lif_file.save_network(make(), path)
        return lif_file.load_network(path)

    return get


@pytest.fixture(scope="session")
def trained(made_once):
    """Return a function that trains and converts a digits network once per run of the tests."""
    from spikelet.conversion import convert
    from spikelet.inputs import dataset
    from spikelet.training import train

    def make(encoder, steps):
        options = train.TrainingOptions(encoder=encoder, steps=steps, epochs=30)
        part = dataset.split(dataset.load_digits())[0]
        return convert.convert(train.train(part, options).network)[0]

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
