"""Test streams on every board and kernel: encoders, lasting state, scaling."""

import pytest
from boards_under_test import BOARDS
from stream_networks import QUICK_SEEDS, SEEDS, TURNS, recordings, stream_network
from thorough import quick


@pytest.mark.slow
@pytest.mark.parametrize("seed", quick(SEEDS, QUICK_SEEDS))
def test_streams(port, on_board, seed):
    network = stream_network(seed)
    found = on_board(port, network, recordings(network, seed, 2), compiled=seed % 4 != 0)
    assert tuple(found) == BOARDS.get(port.name, tuple(found))
    for kernel, verification in found.items():
        assert verification.first is None, f"{port.name}, {kernel}: {verification.first}"
        assert verification.passed
        assert (verification.samples, verification.lost_frames) == (2 * TURNS, 0)
