"""A small share of the cases of `make fuzz`."""

import mutations
import pytest
from mutation_targets import TARGETS

CASES = 400


@pytest.mark.parametrize("name", TARGETS)
def test_readers_survive_mutations(name):
    module = mutations.target(name)
    assert len({mutations.case(module, 0, number) for number in range(CASES)}) > CASES / 2
    assert list(mutations.faults(name, 0, range(CASES))) == []
