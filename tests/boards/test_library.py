"""Test the library with a board: flash, verify, run and monitor in a few lines."""

import numpy as np
import pytest
from boards_under_test import opened

import spikelet


@pytest.fixture(params=["virtual", pytest.param("qemu:m3", marks=pytest.mark.emulated)])
def name(request):
    """Return the port of a board that is there."""
    opened(request.param)
    return request.param


def test_train_convert_flash_verify_monitor(name, digits):
    x, y = digits.x[:20], digits.y[:20]
    net = spikelet.train(digits, hidden=16, epochs=3, seed=0)
    table, report = spikelet.convert(net)
    assert report.reach[1] <= 0x7FFF
    with spikelet.Board(name) as board:
        done = board.flash(table, recording=digits.take(np.arange(20)))
        assert done.sent > 0
        assert board.network == table
        found = board.verify(table, x, y)
        assert found.passed
        assert (found.differences, found.lost_frames) == (0, 0)
        turns = list(board.monitor(turns=5, check=True))
        ran = list(board.run(table, x[:5]))
    expected = spikelet.simulate(table, x)
    assert [turn.answer for turn in turns] == expected.answers[:5].tolist()
    assert [turn.answer for turn in ran] == expected.answers[:5].tolist()
    assert found.accuracy == (expected.answers == y).mean()


def test_verify_of_another_network_is_refused():
    digits = spikelet.train("digits", hidden=4, epochs=1)
    other = spikelet.train("digits", hidden=5, epochs=1)
    with spikelet.Board("virtual") as board:
        board.flash(spikelet.convert(digits)[0])
        with pytest.raises(spikelet.SpikeletError, match="holds another network"):
            board.verify(spikelet.convert(other)[0])
