"""What all tests share: a cache of their own, networks trained once, boards or a reason to skip."""

import pytest

from spikelet import installation


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
def digits():
    """Return the fixed test part of the digits."""
    from spikelet.inputs import dataset

    return dataset.split(dataset.load_digits())[1]


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Return a function that trains and converts a digits network once per run of the tests."""
    from spikelet.conversion import convert
    from spikelet.inputs import dataset
    from spikelet.training import train

    made = {}

    def network(encoder: str = "direct", steps: int = 4):
        if (encoder, steps) not in made:
            options = train.TrainingOptions(encoder=encoder, steps=steps, epochs=30)
            part = dataset.split(dataset.load_digits())[0]
            made[encoder, steps] = convert.convert(train.train(part, options).network)[0]
        return made[encoder, steps]

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
