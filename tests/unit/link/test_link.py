"""Test host and board on one cable: data arrive right or are reported as lost, without hanging."""

import contextlib
import socket
import struct
import threading

import numpy as np
import pytest
from board_in_memory import BoardInMemory, Clock
from framing import encoded
from random_networks import random_inputs, random_network

from spikelet.boards.data_port import DataPort
from spikelet.errors import BoardGone, SpikeletError
from spikelet.link import link as link_module
from spikelet.link import verify
from spikelet.link.frames import FrameReader
from spikelet.link.link import Link
from spikelet.link.session import open_session
from spikelet.networks import lif_file
from spikelet.networks.layer import Layer
from spikelet.networks.lif_file import save_network
from spikelet.networks.network import Network
from spikert import wire
from spikert.session import Session, boot

# A seed of a network that takes its inputs in several parts.
WIDE = 4
SMALL = 3


@pytest.fixture
def clock(monkeypatch):
    """Return the clock of the link."""
    clock = Clock()
    monkeypatch.setattr(link_module, "time", clock)
    return clock


@pytest.fixture
def connect(tmp_path, clock):
    """Return a function that writes a network to a board and returns (link, board)."""

    def connected(network, x=None, **faults):
        save_network(network, tmp_path / "network.lif")
        if x is not None:
            (tmp_path / "samples.bin").write_bytes(x.tobytes())
        recording = tmp_path / "samples.bin"
        board = BoardInMemory(tmp_path / "network.lif", recording, clock=clock, **faults)
        return Link(board, "board", lambda text: None), board

    return connected


def command(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    """Return a frame from the host."""
    return wire.shield(encoded(kind, sequence, payload))


def answers(board: BoardInMemory) -> list:
    """Return all frames that the board has sent so far."""
    reader, frames = FrameReader(pytest.fail), []
    while data := board.read(4096):
        frames += reader.feed(data)
    return frames


def assert_equal(observation, expected, sample: int) -> None:
    """Compare an observation with the same sample of the reference."""
    assert observation.answer == expected.answers[sample]
    for k, spikes in enumerate(expected.spikes):
        assert np.array_equal(observation.spikes[k], spikes[sample])
        assert np.array_equal(observation.membranes[k], expected.membranes[k][sample])


@pytest.mark.parametrize("seed", [0, 1, WIDE, 9, 14])
def test_link_run_without_faults_needs_no_repeat(connect, seed):
    network = random_network(seed)
    x = random_inputs(network, seed, 5)
    link, _ = connect(network)
    info = link.hello()
    verify.check_identity(network, info, "board")
    expected = network.simulate(x)
    for sample, values in enumerate(x):
        assert_equal(link.run(network, sample, values), expected, sample)
    assert (link.repeated, link.lost_frames, link.missed) == (0, 0, 0)


@pytest.mark.parametrize(
    ("begin", "turns"), [(0xFFFF - 9, 24), pytest.param(0, 66_000, marks=pytest.mark.thorough)]
)
def test_link_sequence_and_turn_numbers_wrap(connect, begin, turns):
    """Commands, frames of the board and turns are numbered modulo 65,536."""
    layer = Layer(weights=np.array([[40, -20], [30, 60]], np.int8), theta=50, rho=50)
    network = Network("rate", 1, "count", ("a", "b"), [layer])
    x = np.random.default_rng(5).integers(0, 256, (64, 2)).astype(np.uint8)
    link, board = connect(network)
    link.hello()
    link._sequence = board.session.sender.sequence = begin
    link._reader._expected = begin
    expected = network.simulate(x)
    for number in range(begin, begin + turns):
        turn = link.run(network, number, x[number % 64])
        assert turn.turn == number & 0xFFFF
        assert_equal(turn, expected, number % 64)
    assert begin + turns > 0x10000
    assert link._sequence == (begin + turns) & 0xFFFF
    assert (link.repeated, link.lost_frames, link.late_frames, link.missed) == (0, 0, 0, 0)


def test_link_run_layers_wider_than_frame(connect):
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
def test_link_run_with_faults_is_right_or_lost(connect, seed, samples, rate, arrive, late):
    network = random_network(seed)
    x = random_inputs(network, seed, samples)
    expected = network.simulate(x)
    delays = np.random.default_rng(seed)

    def sometimes_late(kind, data):
        return data, 1.5 if late and delays.random() < 0.003 else 0.0

    link, board = connect(network, seed=seed, to_host=rate, to_board=rate, outgoing=sometimes_late)
    verify.check_identity(network, link.hello(), "board")
    turns = [link.run(network, sample, values) for sample, values in enumerate(x)]
    for sample, observation in enumerate(turns):
        if observation is not None:
            assert_equal(observation, expected, sample)
    lost = turns.count(None)
    assert (link.lost_frames > 0) == (lost > 0)
    assert link.lost_frames >= lost
    assert link.repeated > 0
    assert board.to_host.count > 10
    assert board.to_board.count > 0
    assert samples - lost >= arrive


def test_link_run_with_many_faults_is_right_or_lost(connect):
    network = random_network(SMALL)
    x = random_inputs(network, 0, 40)
    expected = network.simulate(x)
    link, _ = connect(network, to_host=0.01, to_board=0.01)
    link.hello()
    arrived = 0
    for sample, values in enumerate(x):
        # The link may give up with an error.
        with contextlib.suppress(SpikeletError):
            if observation := link.run(network, sample, values):
                assert_equal(observation, expected, sample)
                arrived += 1
    assert 0 < arrived < 40


def test_link_run_without_answers_counts_lost_frames(connect):
    network = random_network(SMALL)
    x = random_inputs(network, 0, 2)
    link, board = connect(network)
    link.hello()
    board.outgoing = lambda kind, data: (b"" if kind == wire.ANSWER else data, 0.0)
    assert link.run(network, 0, x[1]) is None
    assert link.repeated == link_module.REQUEST_ATTEMPTS - 1
    assert link.lost_frames == 1
    board.outgoing = lambda kind, data: (data, 0.0)
    assert_equal(link.run(network, 1, x[1]), network.simulate(x), 1)


def test_verify_lost_frames_do_not_pass(connect):
    network = random_network(SMALL)
    x = random_inputs(network, 0, 3)
    link, board = connect(network)
    link.hello()
    assert verify.verify(link, network, x).passed
    board.outgoing = lambda kind, data: (b"" if kind == wire.MEMBRANE else data, 0.0)
    verification = verify.verify(link, network, x)
    assert (verification.passed, verification.samples, verification.differences) == (False, 0, 0)
    assert verification.lost_frames >= 3
    assert verification.answers.tolist() == [-1, -1, -1]


def test_link_damaged_command_is_repeated_at_once(connect, clock):
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


def test_link_lost_ack_needs_no_repeat(connect):
    network = random_network(WIDE)
    x = random_inputs(network, 0, 3)
    link, board = connect(network)
    link.hello()
    acks = iter([b""])
    board.outgoing = lambda kind, data: (next(acks, data) if kind == wire.ACK else data, 0.0)
    assert_equal(link.run(network, 2, x[2]), network.simulate(x), 2)
    assert link.repeated == 0


def test_link_late_frames_do_not_acknowledge(connect, clock):
    network = random_network(WIDE)
    x = random_inputs(network, 0, 3)
    link, board = connect(network)
    link.hello()
    # The board is silent for long after its first frame of spikes.
    stalls = iter([0.0, 1.5 * link_module.FIRST_TIMEOUT_S])
    # The first ACK of the next attempt is lost.
    acks = iter([False] * -(-network.channels // 124) + [True])

    def outgoing(kind, data):
        if kind == wire.ACK and next(acks, False):
            return b"", 0.0
        return data, next(stalls, 0.0) if kind == wire.SPIKES else 0.0

    board.outgoing = outgoing
    assert_equal(link.run(network, 2, x[2]), network.simulate(x), 2)


def test_link_prints_of_board_go_to_log(tmp_path, clock):
    network = random_network(SMALL)
    save_network(network, tmp_path / "network.lif")
    log = []
    board = BoardInMemory(tmp_path / "network.lif", clock=clock)
    board.outgoing = lambda kind, data: (b"battery low\r\n" + data, 0.0)
    link = Link(board, "board", log.append)
    link.hello()
    assert link.run(network, 0, random_inputs(network, 0, 1)[0]) is not None
    assert set(log) == {"battery low\r\n"}
    assert len(log) == len(board.sent)
    assert (link.repeated, link.missed) == (0, 0)


# The recording on the board


def test_link_replay_returns_readings_and_spikes(connect):
    network = random_network(WIDE)
    x = random_inputs(network, 1, 5)
    link, _ = connect(network, x)
    link.hello()
    expected = network.simulate(x)
    turns = list(link.replay(network, 3, 7))
    assert [observation.turn for observation in turns] == [3, 4, 5, 6, 7, 8, 9]
    for observation in turns:
        assert np.array_equal(observation.readings, x[observation.turn % 5])
        assert_equal(observation, expected, observation.turn % 5)


@pytest.mark.parametrize("seed", range(4))
def test_link_replay_with_faults_is_right_or_lost(connect, seed):
    network = random_network(SMALL)
    x = random_inputs(network, 1, 16)
    link, _ = connect(network, x, seed=seed, to_host=5e-4, to_board=5e-4)
    link.hello()
    expected = network.simulate(x)
    for first in range(0, 80, 16):
        turns = list(link.replay(network, first, 16))
        assert len(turns) == 16
        for sample, observation in enumerate(turns):
            if observation is not None:
                assert observation.turn == first + sample
                assert_equal(observation, expected, sample)
        assert link.lost_frames >= turns.count(None)
        assert any(turns)


@pytest.mark.parametrize("lost", [0, 5, 9])
def test_link_replay_lost_answer_loses_one_sample(connect, lost):
    network = random_network(SMALL)
    link, board = connect(network, random_inputs(network, 1, 10))
    link.hello()
    number = iter(range(10))

    def outgoing(kind, data):
        return b"" if kind == wire.ANSWER and next(number) == lost else data, 0.0

    board.outgoing = outgoing
    turns = list(link.replay(network, 0, 10))
    assert [sample for sample, observation in enumerate(turns) if observation is None] == [lost]
    assert len(turns) == 10
    assert link.lost_frames > 0


def test_link_replay_without_recording_is_error(connect):
    network = random_network(SMALL)
    link, _ = connect(network)
    link.hello()
    with pytest.raises(SpikeletError, match=r"board: .*no recording; spikelet flash --recording"):
        list(link.replay(network, 0, 1))


# Faulty boards


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
    """A board that accepts all input and never answers."""

    def write(self, data: bytes) -> int:
        return len(data)

    def read(self, size: int) -> bytes:
        return b""


def test_link_hello_silent_board_is_error(clock):
    with pytest.raises(SpikeletError, match="board has not answered for 20 s; reset it"):
        Link(Silent(), "board", pytest.fail).hello()
    assert clock.now < 100


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            boot.STOPPED + "Ctrl-D starts it again",
            "was stopped, as by Ctrl-C on its console; Ctrl-D",
        ),
        (boot.REFUSED + "the button at GP3 is held", "did not start: the button at GP3 is held"),
    ],
)
def test_link_reports_end_of_program_at_once(clock, line, words):
    log, ended = [], Silent()
    pieces = [f"\0{line}\r\n\0".encode()]
    ended.read = lambda size: pieces.pop() if pieces else b""
    with pytest.raises(BoardGone, match=words):
        Link(ended, "board", log.append).hello()
    assert log == [line + "\r\n"]
    assert clock.now < 1


def test_session_at_silent_data_port_names_reasons(clock, monkeypatch):
    silent = contextlib.nullcontext(Silent())
    monkeypatch.setattr(DataPort, "session", lambda self, paths: silent)
    with (
        pytest.raises(BoardGone, match="data:X has not answered .* was stopped by Ctrl-C"),
        open_session(DataPort("X")),
    ):
        pass
    assert clock.now < 20


def test_link_hello_printing_board_is_error(clock):
    log = []
    printer = Silent()
    printer.read = lambda size: b"lalala\r\n" * 8 if len(log) < 2 else b""
    with pytest.raises(SpikeletError, match="has not answered"):
        Link(printer, "board", log.append).hello()
    assert "lalala" in log[0]


def test_link_hello_without_board_frame_is_error(clock):
    with pytest.raises(SpikeletError, match="does not identify itself; run spikelet flash"):
        Link(Scripted(wire.INPUT, bytes(8)), "board", pytest.fail).hello()


@pytest.mark.parametrize("size", [1, wire.BOARD_SIZE, wire.BOARD_SIZE + 30])
def test_link_hello_other_protocol_is_error(clock, size):
    payload = bytes([9]) + bytes(size - 1)
    sentence = f"board speaks protocol 9, this host {wire.PROTOCOL}; run spikelet flash"
    with pytest.raises(SpikeletError, match=sentence):
        Link(Scripted(wire.BOARD, payload), "board", pytest.fail).hello()


def test_session_hello_other_protocol_loads_no_network(connect):
    _, board = connect(random_network(SMALL))
    board.write(command(wire.HELLO, 0, bytes([wire.PROTOCOL + 1])))
    ack, answer = answers(board)
    assert (ack.kind, answer.kind, answer.payload[0]) == (wire.ACK, wire.BOARD, wire.PROTOCOL)
    assert struct.unpack_from(wire.BOARD_FORMAT, answer.payload)[3:] == (0, bytes(32))


def test_link_hello_missing_kernel_is_error(connect):
    link, _ = connect(random_network(SMALL))
    with pytest.raises(SpikeletError, match="board has no kernel 'viper'; it has plain"):
        link.hello("viper")
    assert link.hello("plain").kernel == "plain"


def test_check_identity_damaged_network_is_error(connect, tmp_path):
    network = random_network(SMALL)
    link, _ = connect(network)
    (tmp_path / "network.lif").write_bytes(lif_file.to_bytes(network)[:-1] + b"\xff")
    info = link.hello()
    assert info.problem == "TableError: damaged: its CRC-32 is wrong"
    with pytest.raises(SpikeletError, match=r"could not load its network \(TableError: damaged"):
        verify.check_identity(network, info, "board")
    with pytest.raises(SpikeletError, match="board: ValueError: no network is loaded"):
        link.run(network, 0, random_inputs(network, 0, 1)[0])


def test_check_identity_missing_network_is_error(connect, tmp_path):
    network = random_network(SMALL)
    link, _ = connect(network)
    (tmp_path / "network.lif").unlink()
    with pytest.raises(SpikeletError, match="could not load its network .*; run spikelet flash"):
        verify.check_identity(network, link.hello(), "board")


@pytest.mark.parametrize("field", ["bias", "source"])
def test_check_identity_other_network_is_error(connect, field):
    network = random_network(SMALL)
    link, _ = connect(network)
    if field == "bias":
        network.layers[0].bias ^= 1
    else:
        network.source_sha256 = bytes(32)
    with pytest.raises(SpikeletError, match=r"holds another network \(CRC .* run spikelet flash"):
        verify.check_identity(network, link.hello(), "board")


@pytest.mark.parametrize("method", ["read", "write"])
def test_link_unplugged_board_is_error(clock, method):
    def gone(_):
        raise OSError("device reports readiness to read but returned no data")

    unplugged = Silent()
    setattr(unplugged, method, gone)
    with pytest.raises(SpikeletError, match=r"board went away \(device .*\); plug it in"):
        Link(unplugged, "board", pytest.fail).hello()


# The board's side of the session


def test_session_unknown_command_is_problem(connect):
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
def test_session_invalid_command_is_problem(connect, kind, payload):
    link, board = connect(random_network(SMALL))
    link.hello()
    board.write(command(kind, 9, payload))
    assert [frame.kind for frame in answers(board)][:2] == [wire.ACK, wire.PROBLEM]
    assert link.hello().problem == ""


def test_session_repeated_command_runs_once(connect):
    network = random_network(SMALL)
    link, board = connect(network)
    link.hello()
    twice = 2 * command(
        wire.TURN, 5, struct.pack(wire.TURN_FORMAT, 0, 0, 0) + bytes(network.channels)
    )
    board.write(twice)
    kinds = [frame.kind for frame in answers(board)]
    assert (kinds.count(wire.ACK), kinds.count(wire.ANSWER)) == (2, 1)


def test_session_damaged_command_is_requested_again(connect):
    link, board = connect(random_network(SMALL))
    link.hello()
    board.write(command(wire.TURN, 5, b"damaged")[:-3] + b"\x55\0")
    assert [frame.kind for frame in answers(board)] == [wire.AGAIN]


def test_session_survives_flood_of_input(connect):
    link, board = connect(random_network(SMALL))
    board.write(b"\x55" * 5000 + b"\0")
    assert [frame.kind for frame in answers(board)] == [wire.AGAIN]
    assert link.hello().problem == ""


@pytest.mark.parametrize("end", [wire.CTRL_C, command(wire.BYE, 0)])
def test_session_ends_at_ctrl_c_and_bye(connect, end):
    link, board = connect(random_network(SMALL))
    link.hello()
    assert not board.ended
    board.write(end)
    assert board.ended


def test_link_commands_contain_no_ctrl_c(connect):
    network = random_network(WIDE)
    link, board = connect(network)
    link.hello()
    x = np.full((1, network.channels), 3, np.uint8)
    x[0, ::2] = 27
    assert_equal(link.run(network, 3, x[0]), network.simulate(x), 0)
    assert not board.ended
    link.close()
    assert board.ended


# A real stream, with the board in a thread


class Socket:
    """The host's end of a socket, with the methods of a serial port with a timeout of 0."""

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
    """Return a function that starts a board in a thread and returns (link, thread, socket)."""
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


def test_verify_over_socket_passes(threaded):
    network = random_network(WIDE)
    x = random_inputs(network, 0, 10)
    link, thread, _ = threaded(network)
    link.hello()
    assert verify.verify(link, network, x).passed
    link.close()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("unplugged", [False, True])
def test_session_over_socket_ends_at_ctrl_c_or_close(threaded, unplugged):
    link, thread, host = threaded(random_network(SMALL))
    link.hello()
    if unplugged:
        host.shutdown(socket.SHUT_WR)
    else:
        host.sendall(wire.CTRL_C)
    thread.join(10)
    assert not thread.is_alive()
