"""Streams: lasting state, an answer every hop, and boards that lose frames."""

from dataclasses import replace

import numpy as np
import pytest
from board_in_memory import BoardInMemory, Clock
from stream_networks import SEEDS, TURNS, recordings, stream_network

from spikelet.errors import SpikeletError
from spikelet.link import link as link_module
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.link.verify import LiveCheck
from spikelet.networks import lif_file
from spikelet.networks.lif_file import from_bytes, save_network
from spikelet.networks.protocol import StreamWindow
from spikelet.networks.reference import Simulation
from spikert import wire


@pytest.fixture
def connect(tmp_path, monkeypatch):
    """Return a function that loads a network and a recording on a board: (link, board)."""
    clock = Clock()
    monkeypatch.setattr(link_module, "time", clock)

    def connected(network, readings, **faults):
        save_network(network, tmp_path / "network.lif")
        (tmp_path / "samples.bin").write_bytes(network.turn_bytes(readings))
        board = BoardInMemory(
            tmp_path / "network.lif", tmp_path / "samples.bin", clock=clock, **faults
        )
        link = Link(board, "board", lambda text: None)
        verify.check_identity(network, link.hello(), "board")
        return link, board

    return connected


@pytest.mark.parametrize("seed", SEEDS)
def test_simulation_stream_in_parts_equals_whole(seed):
    network = stream_network(seed)
    x = recordings(network, seed, 3)
    whole, simulation = network.simulate(x), Simulation(network)
    hop = network.stream.hop
    parts = [simulation.run(x[:, : 2 * hop]), simulation.run(x[:, 2 * hop : 3 * hop])]
    parts.append(simulation.run(x[:, 3 * hop :]))
    for name in ("spikes", "membranes"):
        for layer, expected in enumerate(getattr(whole, name)):
            joined = np.concatenate([getattr(part, name)[layer] for part in parts], axis=1)
            assert np.array_equal(joined, expected)
    answers = np.concatenate([part.answers for part in parts], axis=1)
    assert np.array_equal(answers, whole.answers)
    assert answers.shape == (3, TURNS)
    assert 0 < whole.spikes[0].mean() < 1


@pytest.mark.parametrize("seed", SEEDS)
def test_stream_answers_use_the_window_before_them(seed):
    network = stream_network(seed)
    x = recordings(network, seed, 2)
    trace = network.simulate(x)
    steps, hop = network.steps, network.stream.hop
    every_step = replace(network, stream=StreamWindow(1, 1)) if steps == 1 else None
    for turn in range(TURNS):
        end, start = (turn + 1) * hop * steps, ((turn + 1) * hop - network.stream.window) * steps
        window = slice(max(0, start), end)
        if network.readout == "count":
            scores = trace.spikes[-1][:, window].sum(axis=1, dtype=int)
        elif every_step is None:
            # A trace has membranes between answers only if each step has an answer.
            continue
        else:
            membranes = every_step.simulate(x).membranes[-1][:, window]
            scores = membranes.max(axis=1) if network.readout == "max" else membranes[:, -1]
        assert np.array_equal(trace.answers[:, turn], scores.argmax(axis=1))


def test_delta_follows_each_channel_in_steps():
    network = replace(stream_network(5), steps=1, encoder_parameter=10, stream=StreamWindow(1, 1))
    assert network.encoder == "delta"
    x = np.array([[100, 0, 0], [109, 0, 0], [110, 0, 9], [135, 0, 10], [135, 0, 0]], np.uint8)
    weights = np.zeros_like(network.layers[0].weights)
    weights[:, :6] = np.eye(6, dtype=np.int8)
    echo = replace(network.layers[0], weights=weights, theta=1, rho=1, d=0)
    network.layers[0] = echo
    spikes = network.simulate(x[None]).spikes[0][0, :, :6]
    assert spikes.tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 1, 0],
        [1, 0, 0, 0, 0, 1],
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_lif_round_trip_of_stream_network(seed):
    network = stream_network(seed)
    again = from_bytes(lif_file.to_bytes(network))
    assert again.stream == network.stream
    assert lif_file.to_bytes(again) == lif_file.to_bytes(network)
    x = recordings(network, seed, 2)
    assert np.array_equal(again.simulate(x).spikes[0], network.simulate(x).spikes[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_verify_stream_board_agrees(connect, seed):
    network = stream_network(seed)
    x = recordings(network, seed, 2)
    link, _ = connect(network, x)
    result = verify.verify(link, network, x)
    assert result.first is None
    assert result.passed
    assert (result.samples, result.repeated, result.lost_frames) == (2 * TURNS, 0, 0)


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_verify_stream_repeats_lost_turns_from_start(connect, seed):
    network = stream_network(seed)
    x = recordings(network, seed, 12)
    link, board = connect(network, x, seed=seed, to_host=5e-4, to_board=5e-4)
    result = verify.verify(link, network, x)
    assert board.to_host.count + board.to_board.count > 10
    assert result.repeated > 0
    assert (result.differences, result.first) == (0, None)
    assert result.passed or result.lost_frames > 0


def test_verify_stream_wrong_state_is_a_difference(connect):
    network = stream_network(0)
    x = recordings(network, 0, 1)
    link, board = connect(network, x)
    expected = network.simulate(x).turns()
    turns = x[0].reshape(TURNS, *network.turn)
    for number in range(TURNS):
        if number == 3:
            board.session.network.layers[0].v[2] += 60
        received = link.run(network, number, turns[number], turns[:number])
        result = verify.Verification(answers=np.zeros(1, np.int64))
        verify.count_differences(result, number, received, expected, number)
        if number <= 3:
            assert (result.differences > 0) == (number == 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_live_check_of_replayed_recording(connect, seed):
    network = stream_network(seed)
    x = recordings(network, seed, 1)
    link, _ = connect(network, x)
    live = LiveCheck(network)
    for first in (0, 4):
        for received in link.replay(network, first, 4, start=first == 0):
            live.check(received)
            turn = x[0].reshape(TURNS, *network.turn)[received.turn % TURNS]
            assert np.array_equal(received.readings, turn)
    assert (live.found.samples, live.found.differences, live.found.first) == (8, 0, None)


def test_live_check_restart_of_stream(connect):
    network = stream_network(0)
    link, _ = connect(network, recordings(network, 0, 1))
    live = LiveCheck(network)
    for received in link.replay(network, 0, 3, start=True):
        live.check(received)
    live.restart()
    for received in link.replay(network, 3, 3, start=True):
        live.check(received)
    assert (live.found.samples, live.found.differences) == (6, 0)


def test_rewind_runs_turns_without_spikes(connect):
    network = stream_network(0)
    x = recordings(network, 0, 1)
    link, board = connect(network, x)
    link.run(network, 0, x[0, : network.stream.hop])
    board.sent.clear()
    link._rewind(network, x[0].reshape(TURNS, *network.turn)[:2])
    assert set(board.sent) == {wire.ACK, wire.ANSWER}


@pytest.mark.parametrize(("window", "hop"), [(0, 0), (10, 0), (10, 3), (3, 10), (70_000, 10_000)])
def test_stream_window_no_multiple_of_hop_is_refused(window, hop):
    with pytest.raises(SpikeletError, match=rf"hop is {hop} samples in a window of {window}"):
        StreamWindow(window, hop)


def test_stream_recordings_of_wrong_shape_are_refused():
    network = stream_network(2)
    x = recordings(network, 2, 1)
    with pytest.raises(SpikeletError, match=r"of shape \(\d+, 3\); this network takes uint8"):
        network.simulate(x[0])
    with pytest.raises(SpikeletError, match="so give it a multiple of that"):
        replace(network, stream=StreamWindow(4, 4)).simulate(x[:, :6])


def test_delta_without_a_stream_is_refused():
    with pytest.raises(SpikeletError, match="it needs a stream"):
        replace(stream_network(5), stream=None)


def test_turn_bytes_wrong_readings_are_refused():
    network = stream_network(1)
    assert network.scaling is not None
    with pytest.raises(SpikeletError, match="takes int16 for this network, and scales them itself"):
        network.turn_bytes(np.zeros((1, 3), np.uint8))
    with pytest.raises(SpikeletError, match="takes int16"):
        network.turn_bytes(np.full((1, 3), 40_000))
