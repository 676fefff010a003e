"""Load digits for other frameworks, and mark tests of this folder `frameworks`."""

from pathlib import Path

import pytest

from spikelet.inputs import dataset


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.frameworks)


@pytest.fixture(scope="session")
def parts():
    """Return the training and the test part of the digits."""
    return dataset.split(dataset.load_digits())
