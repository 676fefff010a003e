"""A watch of a board that goes away and comes back: each turn counts once."""

import itertools

import numpy as np
import pytest
from board_in_memory import Clock
from framing import encoded
from random_networks import random_inputs, random_network
from stream_networks import recordings, stream_network
from unplugged_board import Cable, NamedPort

from spikelet.errors import SpikeletError
from spikelet.link import link as link_module
from spikelet.link.link import Link
from spikelet.link.turn import Status, Turn
from spikelet.link.verify import LiveCheck
from spikelet.monitoring import watch as watching
from spikelet.monitoring.watch import Gone, Reconnected, Started, Watch
from spikelet.networks.lif_file import save_network
from spikert import wire

# Turns of the recording on the board.
RECORDED = 9


@pytest.fixture
def clock(monkeypatch):
    """Return the clock by which link and watch wait."""
    replacement = Clock()
    monkeypatch.setattr(link_module, "time", replacement)
    monkeypatch.setattr(watching, "time", replacement)
    return replacement


@pytest.fixture
def network():
    return random_network(3)


@pytest.fixture
def watched(tmp_path, clock, network):
    """Return a function that returns (watch, cable) of a board that is unplugged after `lives`."""

    def create(lives, of=network, x=None, log=lambda text: None, **options):
        save_network(of, tmp_path / "network.lif")
        x = random_inputs(of, 1, RECORDED) if x is None else x
        (tmp_path / "samples.bin").write_bytes(x.tobytes())
        cable = Cable(tmp_path / "network.lif", tmp_path / "samples.bin", clock, lives, **options)
        return Watch(
            NamedPort(), cable.connect, watching.replayed(of), stream=bool(of.stream), log=log
        ), cable

    return create


def kinds(events):
    return [type(event).__name__ for event in events]


def turns(events):
    return [event.turn for event in events if isinstance(event, Turn)]


def test_watch_board_that_stays_yields_all_turns(watched, network):
    watch, cable = watched([])
    events = list(watch.events(40))
    assert kinds(events) == ["Started", *["Turn"] * 40]
    assert turns(events) == list(range(40))
    assert (watch.turns, watch.answers, watch.lost_frames, watch.reconnections) == (40, 40, 0, 0)
    assert cable.opened == 1


@pytest.mark.parametrize("answers", [1, 5, 15, 16, 17, 31])
@pytest.mark.parametrize("absent", [0, 1, 40])
def test_watch_after_unplug_continues_with_next_turn(watched, answers, absent):
    watch, cable = watched([answers], absent=absent)
    events = list(watch.events(50))
    assert turns(events) == list(range(50))
    assert [type(event) for event in events if not isinstance(event, Turn)] == [
        Started,
        Gone,
        Reconnected,
        Started,
    ]
    assert (watch.turns, watch.lost_frames, watch.reconnections) == (50, 0, 1)
    assert cable.opened == 2
    back = next(event for event in events if isinstance(event, Reconnected))
    assert (back.name, back.count) == ("board", 1)
    assert back.seconds >= absent * watching.FIRST_PAUSE


def test_watch_counts_many_unplugs(watched):
    watch, _ = watched([3] * 30)
    events = list(watch.events(100))
    assert turns(events) == list(range(100))
    assert watch.reconnections == 30
    assert [event.count for event in events if isinstance(event, Reconnected)] == [*range(1, 31)]


def test_watch_stream_after_gap_restarts_state_and_check(watched):
    network = stream_network(3)
    watch, _ = watched([5, 20, 1], of=network, x=recordings(network, 1, 1))
    check = LiveCheck(network)
    for event in watch.events(60):
        if isinstance(event, Started):
            check.restart()
        elif isinstance(event, Turn):
            check.check(event)
    assert (check.found.samples, check.found.differences) == (60, 0)
    assert watch.reconnections == 3


class Reset:
    """A source that resets the board when a turn begins, like its button."""

    def __init__(self, network, at):
        self.replay = watching.replayed(network)
        self.at = at

    def __call__(self, link, first, count, start):
        for turn in range(first, first + count):
            if turn == self.at:
                self.at = None
                board = link.stream.board
                board.session.network = None
                link.lost_frames += first + count - turn
                yield from [None] * (first + count - turn)
                return
            yield from self.replay(link, turn, 1, start and turn == first)


@pytest.mark.parametrize("at", [0, 7, 15, 16, 33, 39])
def test_watch_reset_loses_no_turn(watched, network, at):
    watch, cable = watched([])
    watch._source = Reset(network, at)
    events = list(watch.events(40))
    assert turns(events) == list(range(40))
    assert None not in events
    assert (watch.turns, watch.answers, watch.lost_frames) == (40, 40, 0)
    assert [event.reason for event in events if isinstance(event, Gone)] == ["board was reset"]
    assert cable.opened == 2


def test_watch_reset_banner_reopens_at_once(watched, network):
    log = []
    watch, cable = watched([], log=log.append)
    requests = []

    def source(link, first, count, start):
        requests.append(first)
        if len(requests) == 1:
            link._hear("MicroPython v1.25.0 on 2025-04-15; Raspberry Pi Pico with RP2040\r\n")
            return iter([None] * count)
        return watching.replayed(network)(link, first, count, start)

    watch._source = source
    events = list(watch.events(20))
    assert turns(events) == list(range(20))
    assert requests == [0, 0, 16]
    assert cable.opened == 2
    assert log == ["MicroPython v1.25.0 on 2025-04-15; Raspberry Pi Pico with RP2040\r\n"]


@pytest.mark.parametrize("lost", [{4}, {15}, {13, 14, 15}, {39}, {36, 37, 38, 39}, set(range(40))])
def test_watch_lost_turns_are_yielded_and_counted_once(watched, network, lost):
    watch, cable = watched([])
    number = itertools.count()

    def outgoing(kind, data):
        if kind != wire.ANSWER:
            return data, 0.0
        return b"" if next(number) in lost else data, 0.0

    cable.options["outgoing"] = outgoing
    events = list(watch.events(40))
    assert kinds(events).count("NoneType") == len(lost)
    assert (watch.turns, watch.answers) == (40, 40 - len(lost))
    assert watch.lost_frames >= len(lost)
    assert watch.reconnections == 0
    order = [event.turn if event else None for event in events if not isinstance(event, Started)]
    assert order == [None if turn in lost else turn for turn in range(40)]


@pytest.mark.parametrize("lost", [0, 3, 15, 20])
def test_watch_stream_after_lost_turn_starts_anew(watched, lost):
    network = stream_network(3)
    watch, cable = watched([], of=network, x=recordings(network, 1, 1))
    number = itertools.count()
    cable.options["outgoing"] = lambda kind, data: (
        b"" if kind == wire.ANSWER and next(number) == lost else data,
        0.0,
    )
    events = kinds(watch.events(48))
    # The first turn of the next batch.
    anew = watching.BATCH * (lost // watching.BATCH + 1)
    expected = ["NoneType" if turn == lost else "Turn" for turn in range(48)]
    expected.insert(anew, "Started")
    assert events == (["Started", *expected] if lost else expected)


def test_watch_status_passes_and_is_no_turn(watched, network):
    watch, _ = watched([])
    status = Status(samples=5, late=1, failed=2, trouble="the sensor is silent", rate=100.0)

    def source(link, first, count, start):
        for observation in watching.replayed(network)(link, first, count, start):
            yield status
            yield observation

    watch._source = source
    events = list(watch.events(10))
    assert events.count(status) == 10
    assert turns(events) == list(range(10))


def test_watch_board_resetting_in_a_loop_gives_up(watched):
    watch, cable = watched([0] * 100)
    # Each time the board goes away before its first answer. The error quotes its last line.
    watch._hear("brownout detector was triggered\r\n")
    events = []
    with pytest.raises(SpikeletError, match=r"resets in a loop.*said last: 'brownout") as error:
        events.extend(watch.events(10))
    assert "\n" not in str(error.value)
    assert cable.opened == watching.WATCH_ATTEMPTS


def test_watch_board_that_answers_now_and_then_goes_on(watched):
    watch, _ = watched([0, 0, 0, 0, 1] * 4)
    events = list(watch.events(30))
    assert turns(events) == list(range(30))
    assert watch.reconnections == 20


def test_watch_port_without_repl_gives_up(watched):
    reason = SpikeletError("board has no MicroPython or CircuitPython REPL that answers")
    watch, cable = watched([3], faults=[reason] * 100)
    with pytest.raises(SpikeletError, match=r"there again, but was of no use 5 times: .*no Micro"):
        list(watch.events(10))
    assert len(cable.faults) == 100 - watching.WATCH_ATTEMPTS
    assert watch.answers == 3


def test_watch_board_without_repl_for_a_while_reconnects(watched):
    reason = SpikeletError("board has no MicroPython or CircuitPython REPL that answers")
    watch, _ = watched([3], faults=[reason] * (watching.WATCH_ATTEMPTS - 1))
    assert turns(watch.events(10)) == list(range(10))


def test_watch_board_without_recording_ends_with_error(watched, tmp_path):
    watch, cable = watched([])
    (tmp_path / "samples.bin").unlink()
    with pytest.raises(SpikeletError, match="holds no recording; spikelet flash --recording"):
        list(watch.events(10))
    assert cable.opened == 1


def test_watch_with_limited_turns_gives_up_an_absent_board(watched, clock):
    watch, _ = watched([5], absent=1000)
    with pytest.raises(SpikeletError, match=r"board has been away for 10\d s; .*--timeout"):
        list(watch.events(40))
    assert clock.now < 150


def test_watch_interrupted_counts_the_missing_turns(watched, network):
    """Turns that did not arrive are missing, also if the watch ends before it asked for others."""
    watch, _ = watched([])
    replay = watching.replayed(network)

    def source(link, first, count, start):
        if first:
            raise KeyboardInterrupt
        for number, turn in enumerate(replay(link, first, count, start=start)):
            lost = number in (3, 14, 15)
            link.lost_frames += lost
            yield None if lost else turn

    watch._source = source
    with pytest.raises(KeyboardInterrupt):
        list(watch.events())
    assert (watch.answers, watch.missing, watch.lost_frames) == (13, 3, 3)


class Flood:
    """A stream of endless text, after any command."""

    def __init__(self, clock):
        self.clock = clock

    def write(self, data):
        return len(data)

    def read(self, size):
        self.clock.now += 0.01
        return (b"temperature 21.5\r\n" * size)[:size]


def test_link_endless_text_is_no_answer(clock):
    log = []
    link = Link(Flood(clock), "board", log.append)
    with pytest.raises(SpikeletError, match="board has not answered"):
        link.hello()
    assert clock.now < 100
    assert log


def test_link_text_during_long_turn_delays_no_answer(clock):
    """Once a command is acknowledged, a board may print as long as it likes."""
    network = random_network(3)

    class Talkative:
        def __init__(self):
            self.out = [encoded(wire.ACK, 0, b"\0\0"), *[b"busy\r\n"] * 500]
            self.out.append(encoded(wire.PROBLEM, 1, b"at last"))

        def write(self, data):
            return len(data)

        def read(self, size):
            clock.now += 0.03
            return self.out.pop(0) if self.out else b""

    with pytest.raises(SpikeletError, match="at last"):
        link = Link(Talkative(), "board", lambda text: None)
        link.run(network, 0, np.zeros(network.turn, np.uint8))
