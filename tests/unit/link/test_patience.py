"""Test that a link matches answers to turns, and that each wait ends whatever a board sends."""

import struct
import zlib

import pytest
from board_in_memory import BoardInMemory, Clock
from framing import encoded
from random_networks import random_inputs, random_network

from spikelet.errors import BoardGone, SpikeletError
from spikelet.link import board_text
from spikelet.link import link as link_module
from spikelet.link.board_info import parse_board_info
from spikelet.link.board_text import BoardText
from spikelet.link.frames import FrameReader
from spikelet.link.link import Link
from spikelet.link.patience import LONGEST_LOOK, UNFINISHED, Patience
from spikelet.link.turn import Collector, Status, most_frames
from spikelet.networks.lif_file import save_network
from spikert import wire

SEED = 3
# Seconds without progress.
LIMIT = 7.0


@pytest.fixture
def clock(monkeypatch):
    """Return the clock of the link."""
    replacement = Clock(limit=2000)
    monkeypatch.setattr(link_module, "time", replacement)
    return replacement


@pytest.fixture
def network():
    return random_network(SEED)


@pytest.fixture
def replayed(tmp_path, network):
    """Return a function of (first, count) that returns the frames of replayed turns."""
    save_network(network, tmp_path / "network.lif")
    (tmp_path / "samples.bin").write_bytes(random_inputs(network, 1, 7).tobytes())

    def frames(first, count):
        board = BoardInMemory(tmp_path / "network.lif", tmp_path / "samples.bin")
        hello = encoded(wire.HELLO, 0, bytes([wire.PROTOCOL]))
        payload = struct.pack(wire.TURN_FORMAT, first & 0xFFFF, count, wire.START)
        board.write(wire.shield(hello + encoded(wire.REPLAY, 1, payload)))
        reader, got = FrameReader(pytest.fail), []
        while data := board.read(4096):
            got += reader.feed(data)
        return [frame for frame in got if frame.kind not in (wire.ACK, wire.BOARD)]

    return frames


class Sending:
    """A board that answers HELLO, acknowledges all, and then sends what `make` returns, without end.

    Each read takes `seconds`.
    """

    def __init__(self, clock, make=lambda: b"", seconds=0.01):
        self.clock, self.make, self.seconds = clock, make, seconds
        self.waiting, self.turns = b"", False

    def write(self, data):
        kind, sequence, _ = wire.decode(bytearray(wire.unshield(bytes(data))[1:-1]))
        self.waiting += encoded(wire.ACK, 0, struct.pack("<H", sequence))
        if kind == wire.HELLO:
            self.waiting += encoded(wire.BOARD, 0, board_payload())
        self.turns = self.turns or kind == wire.TURN
        return len(data)

    def read(self, size):
        self.clock.now += self.seconds
        data, self.waiting = self.waiting, b""
        return data or (self.make() if self.turns else b"")


def board_payload(receive=128, lines=b"odd 1\nmachine\nplain\nplain\n\n"):
    return struct.pack(wire.BOARD_FORMAT, wire.PROTOCOL, receive, 0, 0, bytes(32)) + lines


def opened(board, network, log=lambda text: None):
    link = Link(board, "board", log, LIMIT)
    link.hello()
    return link


# Answers and their turns


@pytest.mark.parametrize("first", [16, 65530, 65536, 131064])
@pytest.mark.parametrize("late", [0, 1, 16])
def test_turns_after_late_answers_are_whole(network, replayed, first, late):
    link = Link(None, "board", pytest.fail)
    before = replayed(first - late, late)
    turns = list(link.turns(network, first, [*before, *replayed(first, 16)], 16))
    assert [turn.turn for turn in turns] == [(first + i) & 0xFFFF for i in range(16)]
    assert (link.lost_frames, link.late_frames) == (0, len(before))


def test_turns_skipped_answer_is_lost_and_the_rest_whole(network, replayed):
    frames = [
        frame for frame in replayed(65534, 5) if not Collector(network, 0).is_answered_by(frame)
    ]
    link = Link(None, "board", pytest.fail)
    turns = list(link.turns(network, 65534, frames, 16))
    assert [turn and turn.turn for turn in turns] == [65534, 65535, None, 1, 2]
    assert link.lost_frames == 1


def test_turn_with_unknown_class_is_refused(network, replayed):
    *parts, answer = replayed(0, 1)
    collector = Collector(network, 0)
    for frame in parts:
        collector.take(frame)
    network.classes = network.classes[: struct.unpack_from("<HH", answer.payload)[1]]
    assert collector.take(answer) is None


def test_turn_answer_without_its_frames_is_no_turn(network):
    """The ANSWER of a QUIET turn has a right digest, and no spikes."""
    fixed = struct.pack("<HHH", 0, 0, 0)
    answer = fixed + struct.pack("<I", zlib.crc32(b"given" + fixed))
    collector = Collector(network, 0, b"given")
    assert collector.is_answered_by(link_module.Frame(wire.ANSWER, 0, answer))
    assert collector.take(link_module.Frame(wire.ANSWER, 0, answer)) is None


@pytest.mark.parametrize(
    ("sent", "came"),
    [
        (wire.MEMBRANE, wire.SPIKES),
        (wire.MEMBRANE, wire.INPUT),
        (wire.SPIKES, wire.MEMBRANE),
        (wire.SPIKES, wire.INPUT),
        (wire.INPUT, wire.SPIKES),
    ],
)
def test_turn_with_frame_of_other_kind_is_no_turn(network, replayed, sent, came):
    """The digest covers the payloads, and not the kinds."""
    frames = replayed(0, 1)
    collectors = [Collector(network, 0) for _ in range(2)]
    changed = next(k for k, frame in enumerate(frames) if frame.kind == sent)
    turns = [collectors[0].take(frame) for frame in frames]
    frames[changed] = frames[changed]._replace(kind=came)
    assert turns[-1] is not None
    assert [collectors[1].take(frame) for frame in frames] == [None] * len(frames)


def test_turn_takes_no_more_frames_than_it_has(network):
    collector = Collector(network, 0, b"")
    part = struct.pack(wire.PART_FORMAT, 0, 0, 0, wire.ADDRESSES8, 0)
    for _ in range(10 * most_frames(network)):
        collector.take(link_module.Frame(wire.SPIKES, 0, part))
    assert collector.frames == most_frames(network)


def test_turn_of_real_board_stays_below_most_frames(network, replayed):
    _, *parts = reversed(replayed(0, 1))
    assert 0 < len(parts) <= most_frames(network) + 1


def test_link_host_paused_loses_no_answer(tmp_path, clock, network):
    """The answers that came during a pause of the host are read before its silence counts."""
    save_network(network, tmp_path / "network.lif")
    x = random_inputs(network, 1, 9)
    (tmp_path / "samples.bin").write_bytes(x.tobytes())
    board = BoardInMemory(tmp_path / "network.lif", tmp_path / "samples.bin", clock=clock)
    link = opened(board, network)
    turns = []
    for turn in link.replay(network, 0, 9):
        turns.append(turn)
        clock.now += 8.0
    assert [turn.turn for turn in turns] == list(range(9))
    assert (link.lost_frames, link.late_frames, link.missed) == (0, 0, 0)
    # The pause is no silence of the board, so later silences are noticed as soon as before.
    assert link._longest_silence <= LONGEST_LOOK


# Waits end


def part(number, kind=wire.SPIKES):
    return encoded(kind, 0, struct.pack(wire.PART_FORMAT, number, 0, 0, 1, 0) + bytes(200))


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: b"", r"not answered for 7 s; meanwhile it sent \d acknowledgements; reset"),
        (lambda: part(0), r"sent .*\d SPIKES frames"),
        (lambda: part(7), r"sent .*\d SPIKES frames"),
        (lambda: b"B" * 200, r"[0-9,]{6,} characters of text, such as 'B{80}\.\.\.'"),
        (lambda: encoded(wire.ACK, 0, b"\xff\xff"), "sent .* acknowledgements"),
        (lambda: encoded(wire.SENSOR, 0, bytes(22)), "sent .* reports of its sensor"),
        (lambda: bytes(range(1, 200)), "has not answered for 7 s"),
    ],
)
def test_link_run_ends_whatever_a_board_sends(clock, network, make, names):
    x = random_inputs(network, 0, 1)
    link = opened(Sending(clock, make), network)
    before = clock.now
    with pytest.raises(BoardGone, match=names):
        for number in range(1000):
            link.run(network, number, x[0])
    assert clock.now - before < 4 * LIMIT
    assert len(link._reader._rest) < 10_000


def test_link_bytes_that_trickle_do_not_renew_the_wait(clock):
    frame = encoded(wire.BOARD, 0, board_payload())

    class Trickle(Sending):
        def read(self, size):
            self.clock.now += 0.3
            if self.waiting:
                self.waiting = b""
                self.rest = iter(frame)
            return bytes([next(self.rest, 0)])

    link = Link(Trickle(clock), "board", lambda text: None, 3.0)
    with pytest.raises(SpikeletError, match="board (has not answered|does not identify itself)"):
        link.hello()
    assert clock.now < 60


def test_link_reset_in_the_middle_is_named(clock, network):
    banner = b"MPY: soft reboot\r\nMicroPython v1.25.0\r\n>>> \0"
    link = opened(Sending(clock, lambda: banner), network)
    with pytest.raises(BoardGone, match="was reset in the middle .*watchdog"):
        link.run(network, 0, random_inputs(network, 0, 1)[0])


def test_patience_counts_a_pause_of_the_host_little():
    patience = Patience(5.0)
    assert patience.look(3600) == LONGEST_LOOK
    assert not patience.is_over


def test_patience_parts_without_end_are_over():
    patience, looks = Patience(1.0), 0
    while not patience.is_over:
        patience.look(LONGEST_LOOK)
        patience.progress()
        looks += 1
        assert looks < 1000
    assert looks * LONGEST_LOOK == pytest.approx(UNFINISHED, rel=0.02)


# Text of a board


def test_board_text_flood_is_shown_in_part_and_counted(monkeypatch):
    monkeypatch.setattr(board_text, "time", Clock())
    log = []
    text = BoardText(log.append)
    for _ in range(1000):
        text("x" * 100)
    text.tell()
    shown = sum(map(len, log[:-1]))
    assert shown <= board_text.SHOWN + 100
    assert log[-1] == f"({100_000 - shown:,} characters of its text were left out)\n"
    assert text.characters == 100_000


def test_board_text_shows_later_text_again(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(board_text, "time", clock)
    log = []
    text = BoardText(log.append)
    text("x" * board_text.SHOWN)
    text("hidden")
    clock.sleep(1)
    text("seen")
    assert log[1:] == ["(6 characters of its text were left out)\n", "seen"]


# Frames that are out of range


@pytest.mark.parametrize("receive", [0, 5, 250, 65535])
def test_board_info_receive_out_of_range_is_error(receive):
    with pytest.raises(ValueError, match=rf"takes {receive} bytes at once, outside 6..249"):
        parse_board_info(board_payload(receive))


@pytest.mark.parametrize("size", [1, 42])
def test_board_info_too_short_is_error(size):
    with pytest.raises(ValueError, match=f"{size} bytes, below 43"):
        parse_board_info(board_payload()[:size])


def test_board_info_text_is_escaped():
    info = parse_board_info(board_payload(lines=b"a\n\x1b[31mred\nplain\nplain\n\nbad\x07"))
    assert (info.machine, info.problem) == (r"\x1b[31mred", r"bad\x07")


def test_link_hello_empty_description_is_error(clock):
    class Empty(Sending):
        def write(self, data):
            self.waiting += encoded(wire.BOARD, 0, b"")
            return len(data)

    with pytest.raises(SpikeletError, match="sent an empty description of itself"):
        Link(Empty(clock), "board", pytest.fail).hello()


def test_status_too_short_is_error():
    with pytest.raises(SpikeletError, match="report of its sensor with 21 bytes, below 22"):
        Status.of(bytes(21))


def test_status_trouble_is_escaped():
    assert Status.of(bytes(22) + b"\x1b]0;x").trouble == r"\x1b]0;x"
