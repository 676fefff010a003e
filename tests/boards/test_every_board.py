"""Test every board and kernel for the reference's spikes: digits and random ones."""

import pytest
from boards_under_test import BOARDS
from random_networks import QUICK_SEEDS, SEEDS, random_inputs, random_network
from thorough import quick


def assert_all_agree(port, found, samples):
    assert tuple(found) == BOARDS.get(port.name, tuple(found))
    for kernel, verification in found.items():
        assert verification.first is None, f"{port.name}, {kernel}: {verification.first}"
        assert verification.passed
        assert verification.samples == samples
        assert verification.lost_frames == 0


@pytest.mark.slow
@pytest.mark.parametrize("samples", quick((20, 360), (20,)))
@pytest.mark.parametrize(("encoder", "steps"), [("direct", 4), ("rate", 8)])
def test_digits(port, on_board, trained, digits, encoder, steps, samples):
    network = trained(encoder, steps)
    found = on_board(port, network, digits.x[-samples:])
    assert_all_agree(port, found, samples)
    for verification in found.values():
        assert (verification.answers == digits.y[-samples:]).mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("seed", quick(SEEDS, QUICK_SEEDS))
def test_random_networks(port, on_board, seed):
    network = random_network(seed)
    x = random_inputs(network, seed, 6)
    # Every fourth comes as sources, which the board compiles.
    assert_all_agree(port, on_board(port, network, x, compiled=seed % 4 != 0), 6)
