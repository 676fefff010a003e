"""Host and board on one wire: what arrives is right, what is lost is said, and nothing hangs."""

import contextlib
import socket
import struct
import threading

import numpy as np
import pytest
from board_in_memory import BoardInMemory, Clock
from framing import encoded
from random_networks import random_inputs, random_network

from spikelet.errors import SpikeletError
from spikelet.link import link as link_module
from spikelet.link import verify
from spikelet.link.frames import FrameReader
from spikelet.link.link import Link
from spikelet.networks import lif_file
from spikelet.networks.layer import Layer
from spikelet.networks.lif_file import save_network
from spikelet.networks.network import Network
from spikert import wire
from spikert.session import Session

WIDE = 4  # a seed whose network takes its inputs in several parts
SMALL = 3


@pytest.fixture
def clock(monkeypatch):
    """Return the clock by which the link waits."""
    made = Clock()
    monkeypatch.setattr(link_module, "time", made)
    return made


@pytest.fixture
def connect(tmp_path, clock):
    """Return a function that puts a network on a board and gives (link, board)."""

    def connected(network, x=None, **faults):
        save_network(network, tmp_path / "network.lif")
        if x is not None:
            (tmp_path / "samples.bin").write_bytes(x.tobytes())
        recording = tmp_path / "samples.bin"
        board = BoardInMemory(tmp_path / "network.lif", recording, clock=clock, **faults)
        return Link(board, "board", lambda text: None), board

    return connected


def command(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    """Return a frame as the host sends it."""
    return wire.shield(encoded(kind, sequence, payload))


def answers(board: BoardInMemory) -> list:
    """Return all frames that the board has sent by now."""
    reader, frames = FrameReader(pytest.fail), []
    while data := board.read(4096):
        frames += reader.feed(data)
    return frames


def assert_equal(observation, expected, sample: int) -> None:
    """Check an observation against the same sample of the reference."""
    assert observation.answer == expected.answers[sample]
    for k, spikes in enumerate(expected.spikes):
        assert np.array_equal(observation.spikes[k], spikes[sample])
        assert np.array_equal(observation.membranes[k], expected.membranes[k][sample])


@pytest.mark.parametrize("seed", [0, 1, WIDE, 9, 14])
def test_without_faults_each_sample_arrives_at_the_first_try(connect, seed):
    network = random_network(seed)
    x = random_inputs(network, seed, 5)
    link, _ = connect(network)
    info = link.hello()
    verify.check_identity(network, info, "board")
    expected = network.simulate(x)
    for sample, values in enumerate(x):
        assert_equal(link.run(network, sample, values), expected, sample)
    assert (link.repeated, link.lost_frames, link.missed) == (0, 0, 0)


def test_layers_wider_than_a_frame(connect):
    weights = np.ones((2, 2500), np.int8)
    weights[0, ::3] = -1
    first = Layer(weights=weights, theta=2, rho=1, v_start=np.arange(2500) % 2)
    second = Layer(weights=np.ones((2500, 3), np.int8), theta=9, rho=[100, 200, 300])
    network = Network("rate", 2, "count", ("a", "b", "c"), [first, second])
    x = np.array([[0, 0], [255, 255], [0, 255], [255, 0]], np.uint8)
    link, _ = connect(network)
    link.hello()
    expected = network.simulate(x)
    assert 0 < expected.spikes[0].mean() < 1
    for sample, values in enumerate(x):
        assert_equal(link.run(network, sample, values), expected, sample)


@pytest.mark.parametrize(
    ("seed", "samples", "rate", "arrive"),
    [(SMALL, 120, 1e-3, 120), (WIDE, 80, 1e-3, 40), (7, 40, 1e-3, 20)],
)
@pytest.mark.parametrize("late", [False, True])
def test_faults_never_yield_a_wrong_result(connect, seed, samples, rate, arrive, late):
    network = random_network(seed)
    x = random_inputs(network, seed, samples)
    expected = network.simulate(x)
    delays = np.random.default_rng(seed)

    def sometimes_late(kind, data):
        return data, 1.5 if late and delays.random() < 0.003 else 0.0

    link, board = connect(network, seed=seed, to_host=rate, to_board=rate, outgoing=sometimes_late)
    verify.check_identity(network, link.hello(), "board")
    seen = [link.run(network, sample, values) for sample, values in enumerate(x)]
    for sample, observation in enumerate(seen):
        if observation is not None:
            assert_equal(observation, expected, sample)
    lost = seen.count(None)
    assert (link.lost_frames > 0) == (lost > 0)
    assert link.lost_frames >= lost
    assert link.repeated > 0
    assert board.to_host.count > 10
    assert board.to_board.count > 0
    assert samples - lost >= arrive


def test_a_link_worse_than_any_yields_nothing_wrong_either(connect):
    network = random_network(SMALL)
    x = random_inputs(network, 0, 40)
    expected = network.simulate(x)
    link, _ = connect(network, to_host=0.01, to_board=0.01)
    link.hello()
    arrived = 0
    for sample, values in enumerate(x):
        with contextlib.suppress(SpikeletError):  # it may give up, and says so
            if observation := link.run(network, sample, values):
                assert_equal(observation, expected, sample)
                arrived += 1
    assert 0 < arrived < 40


def test_a_link_without_answers_loses_samples_and_says_so(connect):
    network = random_network(SMALL)
    x = random_inputs(network, 0, 2)
    link, board = connect(network)
    link.hello()
    board.outgoing = lambda kind, data: (b"" if kind == wire.ANSWER else data, 0.0)
    assert link.run(network, 0, x[1]) is None
    assert link.repeated == link_module.TRIES - 1
    assert link.lost_frames == 1
    board.outgoing = lambda kind, data: (data, 0.0)
    assert_equal(link.run(network, 1, x[1]), network.simulate(x), 1)


def test_verification_counts_what_was_lost_and_does_not_pass(connect):
    network = random_network(SMALL)
    x = random_inputs(network, 0, 3)
    link, board = connect(network)
    link.hello()
    assert verify.verify(link, network, x).passed
    board.outgoing = lambda kind, data: (b"" if kind == wire.MEMBRANE else data, 0.0)
    found = verify.verify(link, network, x)
    assert (found.passed, found.samples, found.differences) == (False, 0, 0)
    assert found.lost_frames >= 3
    assert found.answers.tolist() == [-1, -1, -1]


def test_a_damaged_command_is_asked_for_again_without_waiting(connect, clock):
    network = random_network(SMALL)
    x = random_inputs(network, 0, 1)
    link, board = connect(network)
    link.hello()
    grown = iter([b"\x77"])
    board.to_board.damage = lambda data: data[:9] + next(grown, b"") + data[9:]
    before = clock.now
    assert link.run(network, 0, x[0]) is not None
    assert wire.AGAIN in board.sent
    assert clock.now - before < 0.1


def test_an_acknowledgement_that_was_lost_does_not_cost_the_sample(connect):
    network = random_network(WIDE)
    x = random_inputs(network, 0, 3)
    link, board = connect(network)
    link.hello()
    acks = iter([b""])
    board.outgoing = lambda kind, data: (next(acks, data) if kind == wire.ACK else data, 0.0)
    assert_equal(link.run(network, 2, x[2]), network.simulate(x), 2)
    assert link.repeated == 0


def test_frames_of_an_earlier_try_that_come_late_are_no_acknowledgement(connect, clock):
    network = random_network(WIDE)
    x = random_inputs(network, 0, 3)
    link, board = connect(network)
    link.hello()
    stalls = iter(
        [0.0, 1.5 * link_module.FIRST_PATIENCE]
    )  # after its first frame of spikes the board is silent for long
    acks = iter([False] * -(-network.channels // 124) + [True])  # the next try's first is lost

    def outgoing(kind, data):
        if kind == wire.ACK and next(acks, False):
            return b"", 0.0
        return data, next(stalls, 0.0) if kind == wire.SPIKES else 0.0

    board.outgoing = outgoing
    assert_equal(link.run(network, 2, x[2]), network.simulate(x), 2)


def test_a_boards_prints_are_its_log(tmp_path, clock):
    network = random_network(SMALL)
    save_network(network, tmp_path / "network.lif")
    said = []
    board = BoardInMemory(tmp_path / "network.lif", clock=clock)
    board.outgoing = lambda kind, data: (b"battery low\r\n" + data, 0.0)
    link = Link(board, "board", said.append)
    link.hello()
    assert link.run(network, 0, random_inputs(network, 0, 1)[0]) is not None
    assert set(said) == {"battery low\r\n"}
    assert len(said) == len(board.sent)
    assert (link.repeated, link.missed) == (0, 0)


# What the board itself holds


def test_replay_gives_each_sample_with_its_input(connect):
    network = random_network(WIDE)
    x = random_inputs(network, 1, 5)
    link, _ = connect(network, x)
    link.hello()
    expected = network.simulate(x)
    seen = list(link.replay(network, 3, 7))
    assert [observation.turn for observation in seen] == [3, 4, 5, 6, 7, 8, 9]
    for observation in seen:
        assert np.array_equal(observation.readings, x[observation.turn % 5])
        assert_equal(observation, expected, observation.turn % 5)


@pytest.mark.parametrize("seed", range(4))
def test_replay_under_faults_gives_each_sample_right_or_counts_it_as_lost(connect, seed):
    network = random_network(SMALL)
    x = random_inputs(network, 1, 16)
    link, _ = connect(network, x, seed=seed, to_host=5e-4, to_board=5e-4)
    link.hello()
    expected = network.simulate(x)
    for first in range(0, 80, 16):
        seen = list(link.replay(network, first, 16))
        assert len(seen) == 16
        for sample, observation in enumerate(seen):
            if observation is not None:
                assert observation.turn == first + sample
                assert_equal(observation, expected, sample)
        assert link.lost_frames >= seen.count(None)
        assert any(seen)


@pytest.mark.parametrize("lost", [0, 5, 9])
def test_replay_without_one_answer_loses_one_sample(connect, lost):
    network = random_network(SMALL)
    link, board = connect(network, random_inputs(network, 1, 10))
    link.hello()
    number = iter(range(10))

    def outgoing(kind, data):
        return b"" if kind == wire.ANSWER and next(number) == lost else data, 0.0

    board.outgoing = outgoing
    seen = list(link.replay(network, 0, 10))
    assert [sample for sample, observation in enumerate(seen) if observation is None] == [lost]
    assert len(seen) == 10
    assert link.lost_frames > 0


def test_replay_without_a_recording_says_how_to_make_one(connect):
    network = random_network(SMALL)
    link, _ = connect(network)
    link.hello()
    with pytest.raises(SpikeletError, match=r"board: .*no recording; spikelet flash --recording"):
        list(link.replay(network, 0, 1))


# Boards that are not as they should be


class Scripted:
    """A board that answers each HELLO with the same frame."""

    def __init__(self, kind: int = wire.BOARD, payload: bytes = b"") -> None:
        self.frame = encoded(kind, 0, payload)
        self.waiting = b""

    def write(self, data: bytes) -> int:
        self.waiting += encoded(wire.ACK, 0, b"\0\0") + self.frame
        return len(data)

    def read(self, size: int) -> bytes:
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data


class Silent:
    """A board that takes everything and says nothing."""

    def write(self, data: bytes) -> int:
        return len(data)

    def read(self, size: int) -> bytes:
        return b""


def test_a_board_that_never_answers(clock):
    with pytest.raises(
        SpikeletError, match="board has not answered for [0-9.]+ s, 8 times; reset it"
    ):
        Link(Silent(), "board", pytest.fail).hello()
    assert clock.now < 100


def test_a_board_that_only_prints(clock):
    said = []
    printer = Silent()
    printer.read = lambda size: b"lalala\r\n" * 8 if len(said) < 5 else b""
    with pytest.raises(SpikeletError, match="has not answered"):
        Link(printer, "board", said.append).hello()
    assert "lalala" in said[0]


def test_a_board_that_answers_but_does_not_say_what_it_is(clock):
    with pytest.raises(SpikeletError, match="does not say what it is; run spikelet flash"):
        Link(Scripted(wire.INPUT, bytes(8)), "board", pytest.fail).hello()


@pytest.mark.parametrize("size", [1, wire.BOARD_SIZE, wire.BOARD_SIZE + 30])
def test_a_board_of_another_protocol(clock, size):
    payload = bytes([9]) + bytes(size - 1)
    sentence = f"board speaks protocol 9, this host {wire.PROTOCOL}; run spikelet flash"
    with pytest.raises(SpikeletError, match=sentence):
        Link(Scripted(wire.BOARD, payload), "board", pytest.fail).hello()


def test_a_host_of_another_protocol_is_answered_without_loading_anything(connect):
    _, board = connect(random_network(SMALL))
    board.write(command(wire.HELLO, 0, bytes([wire.PROTOCOL + 1])))
    ack, told = answers(board)
    assert (ack.kind, told.kind, told.payload[0]) == (wire.ACK, wire.BOARD, wire.PROTOCOL)
    assert struct.unpack_from(wire.BOARD_FORMAT, told.payload)[3:] == (0, bytes(32))


def test_a_kernel_that_the_board_lacks(connect):
    link, _ = connect(random_network(SMALL))
    with pytest.raises(SpikeletError, match="board has no kernel 'viper'; it has plain"):
        link.hello("viper")
    assert link.hello("plain").kernel == "plain"


def test_a_damaged_network_on_the_board(connect, tmp_path):
    network = random_network(SMALL)
    link, _ = connect(network)
    (tmp_path / "network.lif").write_bytes(lif_file.to_bytes(network)[:-1] + b"\xff")
    info = link.hello()
    assert info.problem == "TableError: damaged: its CRC-32 is wrong"
    with pytest.raises(SpikeletError, match=r"could not load its network \(TableError: damaged"):
        verify.check_identity(network, info, "board")
    with pytest.raises(SpikeletError, match="board: ValueError: no network is loaded"):
        link.run(network, 0, random_inputs(network, 0, 1)[0])


def test_no_network_on_the_board(connect, tmp_path):
    network = random_network(SMALL)
    link, _ = connect(network)
    (tmp_path / "network.lif").unlink()
    with pytest.raises(SpikeletError, match="could not load its network .*; run spikelet flash"):
        verify.check_identity(network, link.hello(), "board")


@pytest.mark.parametrize("field", ["bias", "source"])
def test_another_network_on_the_board(connect, field):
    network = random_network(SMALL)
    link, _ = connect(network)
    if field == "bias":
        network.layers[0].bias ^= 1
    else:
        network.source_sha256 = bytes(32)
    with pytest.raises(SpikeletError, match=r"holds another network \(CRC .* run spikelet flash"):
        verify.check_identity(network, link.hello(), "board")


@pytest.mark.parametrize("method", ["read", "write"])
def test_a_board_that_goes_away(clock, method):
    def gone(_):
        raise OSError("device reports readiness to read but returned no data")

    unplugged = Silent()
    setattr(unplugged, method, gone)
    with pytest.raises(SpikeletError, match=r"board went away \(device .*\); plug it in"):
        Link(unplugged, "board", pytest.fail).hello()


# The board's own manners


def test_an_unknown_command_is_a_problem_and_not_the_end(connect):
    _, board = connect(random_network(SMALL))
    board.write(command(0x3F, 7))
    ack, problem = answers(board)
    assert (ack.kind, ack.payload) == (wire.ACK, b"\x07\0")
    assert (problem.kind, problem.payload) == (
        wire.PROBLEM,
        b"ValueError: this runtime knows no command 63",
    )
    board.write(command(wire.HELLO, 8, bytes([wire.PROTOCOL])))
    assert answers(board)[-1].kind == wire.BOARD


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (wire.TURN, b""),
        (wire.TURN, b"\0\0\0"),
        (wire.TURN, struct.pack(wire.TURN_FORMAT, 0, 1, 0) + b"x"),
        (wire.TURN, struct.pack(wire.TURN_FORMAT, 0, 0, 0) + bytes(244)),
        (wire.REPLAY, b"\0"),
        (wire.HELLO, b""),
        (wire.HELLO, bytes([wire.PROTOCOL]) + b"\xff"),
    ],
)
def test_a_command_that_makes_no_sense_is_a_problem_and_not_the_end(connect, kind, payload):
    link, board = connect(random_network(SMALL))
    link.hello()
    board.write(command(kind, 9, payload))
    assert [frame.kind for frame in answers(board)][:2] == [wire.ACK, wire.PROBLEM]
    assert link.hello().problem == ""


def test_a_command_that_comes_twice_is_acknowledged_twice_and_carried_out_once(connect):
    network = random_network(SMALL)
    link, board = connect(network)
    link.hello()
    twice = 2 * command(
        wire.TURN, 5, struct.pack(wire.TURN_FORMAT, 0, 0, 0) + bytes(network.channels)
    )
    board.write(twice)
    kinds = [frame.kind for frame in answers(board)]
    assert (kinds.count(wire.ACK), kinds.count(wire.ANSWER)) == (2, 1)


def test_a_damaged_command_is_not_carried_out(connect):
    link, board = connect(random_network(SMALL))
    link.hello()
    board.write(command(wire.TURN, 5, b"damaged")[:-3] + b"\x55\0")
    assert [frame.kind for frame in answers(board)] == [wire.AGAIN]


def test_a_flood_without_an_end_is_survived(connect):
    link, board = connect(random_network(SMALL))
    board.write(b"\x55" * 5000 + b"\0")
    assert [frame.kind for frame in answers(board)] == [wire.AGAIN]
    assert link.hello().problem == ""


@pytest.mark.parametrize("end", [wire.CTRL_C, command(wire.BYE, 0)])
def test_ctrl_c_and_goodbye_end_the_session(connect, end):
    link, board = connect(random_network(SMALL))
    link.hello()
    assert not board.ended
    board.write(end)
    assert board.ended


def test_no_command_looks_like_ctrl_c(connect):
    network = random_network(WIDE)
    link, board = connect(network)
    link.hello()
    x = np.full((1, network.channels), 3, np.uint8)
    x[0, ::2] = 27
    assert_equal(link.run(network, 3, x[0]), network.simulate(x), 0)
    assert not board.ended
    link.close()
    assert board.ended


# On a real stream, with the board in a thread


class Socket:
    """A host's end of a socket, as a serial port with a timeout of 0."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    def write(self, data: bytes) -> int:
        self.end.sendall(data)
        return len(data)

    def read(self, size: int) -> bytes:
        try:
            return self.end.recv(size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""


@pytest.fixture
def threaded(tmp_path):
    """Return a function that gives (link, thread, socket) of a board that runs in a thread."""
    opened = []

    def start(network):
        save_network(network, tmp_path / "network.lif")
        host, device = socket.socketpair()
        stream = device.makefile("rwb", buffering=0)
        session = Session(stream, stream, str(tmp_path / "network.lif"))
        thread = threading.Thread(target=session.serve, daemon=True)
        thread.start()
        opened.extend([host, device, stream])
        return Link(Socket(host), "board", pytest.fail), thread, host

    yield start
    for stream in opened:
        stream.close()


def test_a_session_on_a_real_stream(threaded):
    network = random_network(WIDE)
    x = random_inputs(network, 0, 10)
    link, thread, _ = threaded(network)
    link.hello()
    assert verify.verify(link, network, x).passed
    link.close()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("unplugged", [False, True])
def test_ctrl_c_or_the_end_of_the_stream_ends_the_session(threaded, unplugged):
    link, thread, host = threaded(random_network(SMALL))
    link.hello()
    if unplugged:
        host.shutdown(socket.SHUT_WR)
    else:
        host.sendall(wire.CTRL_C)
    thread.join(10)
    assert not thread.is_alive()
