"""The first reading of a board's sensor, before its network is activated."""

import pytest
from origins import stream_network

from spikelet.errors import BoardGone, RefusedInput, SpikeletError
from spikelet.flashing import sensor_trial
from spikelet.link import sensor
from spikelet.link.turn import Status


@pytest.fixture
def board(monkeypatch):
    """Return a function that lets the board report this number of channels, or fail."""

    def reports(channels=3, error=None):
        def readings(_):
            if error:
                raise error
            yield Status(1, 0, 0, "", 20, channels=channels)

        monkeypatch.setattr(sensor, "readings", readings)

    return reports


def test_trial_refuses_channels_that_the_network_does_not_take(board):
    board(channels=2)
    with pytest.raises(RefusedInput, match="3 values, and the sensor gives 2"):
        sensor_trial.read_once(None, stream_network())
    assert sensor_trial.read_once(None, stream_network(), force=True).channels == 2


def test_trial_reports_pins_that_only_a_pretended_board_lacks(board):
    board(error=SpikeletError("this board has no pin 5"))
    with pytest.raises(SpikeletError, match="no pin 5"):
        sensor_trial.read_once(None, stream_network())
    status = sensor_trial.read_once(None, stream_network(), pretended=True)
    assert status.trouble == "this board has no pin 5"


def test_trial_of_a_board_that_is_gone_fails(board):
    board(error=BoardGone("unplugged"))
    with pytest.raises(BoardGone):
        sensor_trial.read_once(None, stream_network(), pretended=True)
