"""The live view: it shows the events, fits its terminal, and never delays a board."""

import io
from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from spikelet.link.turn import Status, Turn
from spikelet.link.verify import Verification
from spikelet.monitoring import live_picture, live_view
from spikelet.monitoring.live_picture import Counts, Seen, picture
from spikelet.monitoring.live_view import LiveView
from spikelet.monitoring.watch import Gone, Reconnected, Started
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.output import Output

CLASSES = ("rest", "wave", "漢字")
TROUBLE = Status(samples=1234, late=5, failed=6, trouble="mpu6886 gave no answer", rate=100.0)


def a_network(neurons=(8, 3), steps=2):
    sizes = [4, *neurons]
    layers = [
        Layer(np.ones((m, n), np.int8), theta=10, rho=10, d=16)
        for m, n in zip(sizes, sizes[1:], strict=False)
    ]
    return Network("rate", steps, "count", CLASSES, layers)


def turn(network, number, answer, spikes=None):
    rng = np.random.default_rng(number)
    shapes = [(network.turn_steps, layer.neurons) for layer in network.layers]
    spikes = spikes or [rng.integers(0, 2, shape).astype(np.uint8) for shape in shapes]
    membranes = [np.zeros(layer.neurons, np.int16) for layer in network.layers]
    readings = rng.integers(0, 256, network.turn).astype(np.uint8)
    return Turn(number, readings, tuple(spikes), tuple(membranes), answer)


class Watched:
    """The counts of a watch."""

    def __init__(self, **counts):
        self.turns = self.lost_frames = self.missed = self.reconnections = 0
        vars(self).update(counts)


def busy_view(network):
    recent = Seen(network, "virtual", Counts(300, 2, 3, 1, differences=4), status=TROUBLE)
    for number in range(300):
        recent.take(turn(network, number, number // 7 % 3), number * 0.01)
    recent.log.extend(["battery low", "x" * 500, "漢字" * 100, "last line"])
    return recent


def lines_of(recent, width=100, height=40, now=3.0):
    return picture(recent, width, height, now).plain.split("\n")


@pytest.mark.parametrize("width", [1, 2, 10, 37, 80, 81, 300])
@pytest.mark.parametrize("height", [1, 2, 3, 5, 6, 9, 14, 24, 60, 200])
@pytest.mark.parametrize("neurons", [(8, 3), (1, 3), (300, 70, 3, 3, 3, 3, 3)])
def test_picture_fits_any_terminal(width, height, neurons):
    network = a_network(neurons)
    for recent in (Seen(network, "virtual"), busy_view(network)):
        lines = lines_of(recent, width, height)
        assert len(lines) <= height
        assert max(map(cell_len, lines)) <= width


def test_picture_shows_class_counts_trouble_and_answers():
    lines = lines_of(busy_view(a_network()), 200)
    assert lines[0] == f"{CLASSES[299 // 7 % 3]}  virtual"
    assert lines[1] == (
        "300 samples, 100.0 samples/s, 5.00 ms/step, 4 differences, 2 lost frames, 3 missed, "
        "sensor: 1,234 samples, 5 late, 6 failed reads, 1 reconnections"
    )
    assert lines[2] == "sensor: mpu6886 gave no answer"
    assert lines[3].startswith("answers: rest x6 < 漢字 x7 < wave x7 < rest x7 < ")


def test_picture_on_narrow_terminal_wraps_counts():
    lines = lines_of(busy_view(a_network()), 40)
    assert "300 samples, 100.0 samples/s" in lines[1]
    assert any("1,234 samples" in line for line in lines)
    assert "4 differences" in " ".join(lines[1:4])


def test_picture_without_checks_shows_no_differences():
    recent = Seen(a_network(), "virtual")
    recent.take(turn(a_network(), 0, 1), 0.0)
    assert "differences" not in picture(recent, 100, 40, 1.0).plain


def test_raster_shows_each_spike_at_its_step():
    network = a_network((2, 3), steps=1)
    recent = Seen(network, "virtual")
    # Turns at which each of the two neurons spikes.
    fired = [(0, 3, 4), (1, 4)]
    for number in range(6):
        spikes = np.array([[number in fired[0], number in fired[1]]], np.uint8)
        recent.take(turn(network, number, 0, [spikes, np.ones((1, 3), np.uint8)]), number)
    lines = lines_of(recent)
    at = lines.index("layer 0: 2 neurons, 41.7% of them a step")
    assert lines[at + 1] == "█  ██ "
    assert lines[at + 2] == " █  █ "
    assert lines[at + 3] == "layer 1: 3 neurons, 100.0% of them a step"
    assert lines[at + 4 : at + 7] == ["██████"] * 3


def test_raster_of_many_neurons_groups_rows_and_keeps_last_steps():
    network = a_network((64, 3), steps=1)
    recent = Seen(network, "virtual")
    for number in range(500):
        spikes = np.zeros((1, 64), np.uint8)
        # Half of the four neurons in the first row.
        spikes[0, :2] = number % 2
        recent.take(turn(network, number, 0, [spikes, np.zeros((1, 3), np.uint8)]), number)
    lines = lines_of(recent, width=10, height=60)
    at = next(k for k, line in enumerate(lines) if line.startswith("layer 0"))
    rows = lines[at + 1 : at + 1 + live_picture.ROWS]
    assert rows[0] == " ▒ ▒ ▒ ▒ ▒"
    assert set(rows[1:]) == {" " * 10}
    assert lines[at + 1 + live_picture.ROWS].startswith("layer 1")
    assert len(recent.layers[0]) == live_picture.HISTORY


def test_layers_that_do_not_fit_are_counted():
    lines = lines_of(busy_view(a_network((8, 8, 8, 8, 3))), height=12)
    assert any(line == "and 4 layers without room" for line in lines)


def test_picture_plots_readings_by_channel_but_not_images():
    lines = lines_of(busy_view(a_network()))
    assert [line[:9] for line in lines if line.startswith("channel")] == [
        f"channel {k}" for k in range(4)
    ]
    wide = Network(
        "rate", 2, "count", CLASSES, [Layer(np.ones((64, 3), np.int8), theta=10, rho=10)]
    )
    recent = Seen(wide, "virtual")
    recent.take(turn(wide, 0, 0), 0.0)
    assert "channel" not in picture(recent, 100, 40, 1.0).plain


def test_headline_of_absent_board_shows_reason_and_seconds():
    recent = busy_view(a_network())
    recent.gone = ("virtual went away", 100.0)
    assert lines_of(recent, now=117.4)[0] == "waiting for the board, 17 s: virtual went away"


def test_picture_ends_with_last_lines_of_the_log():
    lines = lines_of(busy_view(a_network()))
    assert lines[-1] == "board: last line"
    assert [line.startswith("board: ") for line in lines[-4:]] == [False, True, True, True]


def test_pace_averages_the_last_seconds():
    recent = Seen(a_network(), "virtual")
    recent.arrivals = deque([0.0, 1.0, 100.0, 100.5, 101.0])
    assert recent.pace(101.0) == pytest.approx(2.0)
    assert Seen(a_network(), "virtual").pace(5.0) == 0.0


# On a terminal and in a pipe


@pytest.fixture
def on(monkeypatch):
    """Return a function that returns (view, written) of a view on a terminal or in a pipe."""

    def create(terminal, json=False, size=(80, 24)):
        output, written = Output(json=json), io.StringIO()
        options = {"file": written, "highlight": False, "soft_wrap": True, "quiet": json}
        output.people = Console(**options, force_terminal=terminal, width=size[0], height=size[1])
        output.errors = Console(**options, force_terminal=False, width=200)
        return LiveView(a_network(), output, "virtual"), written

    return create


def test_view_in_pipe_prints_a_line_per_event(on):
    view, written = on(terminal=False)
    with view:
        view.show(Started(), Watched())
        view.show(turn(view.network, 7, 1), Watched(turns=1), Verification(differences=3))
        view.show(None, Watched(turns=2, lost_frames=1))
        view.show(Gone("it went away"), Watched())
        view.show(Reconnected("virtual", 1, 2.25), Watched())
        for status in (
            TROUBLE,
            TROUBLE,
            replace(TROUBLE, trouble=""),
            replace(TROUBLE, trouble=""),
        ):
            view.show(status, Watched())
        view.log("battery low\r\n>\x04")
    lines = written.getvalue().splitlines()
    assert lines[0].startswith("sample 7: wave, spike rate ")
    assert lines[0].endswith("%, 3 differences, 0 lost frames")
    assert lines[1:] == [
        "sample 1: lost",
        "the board is gone, waiting for it: it went away",
        "virtual: back after 2.2 s",
        "sensor: mpu6886 gave no answer",
        "sensor: works again",
        "board: battery low",
    ]
    assert view.samples == 1


def test_view_show_never_draws(on, monkeypatch):
    view, _ = on(terminal=True)
    drawn = []
    monkeypatch.setattr(
        live_view, "picture", lambda *arguments: drawn.append(1) or picture(*arguments)
    )
    assert view._live.refresh_per_second == 10
    # The test calls for each picture itself, without the thread that draws.
    view._live.auto_refresh = False
    with view:
        before = len(drawn)
        for number in range(1000):
            view.show(turn(view.network, number % 9, 1), Watched(turns=number))
        assert len(drawn) == before
        view._live.refresh()
        assert len(drawn) == before + 1
    assert view.samples == 1000


def test_view_on_terminal_erases_picture_and_prints_log(on):
    view, written = on(terminal=True)
    with view:
        for number in range(30):
            view.show(turn(view.network, number, 1), Watched(turns=number + 1))
        view.log("\x1b[2Jline one\r\n" + "more\n" * 40)
        view._live.refresh()
        assert "30 samples" in written.getvalue()
        assert "layer 0: 8 neurons" in written.getvalue()
        assert "\x1b[2Jline" not in written.getvalue()
    ending = written.getvalue().splitlines()[-live_view.KEPT_LOG - 1 :]
    assert ending[0].endswith("the board said 41 lines, the last of them:")
    assert ending[1:] == ["board: more"] * live_view.KEPT_LOG


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (20, 5)])
def test_view_on_tiny_terminal_counts_samples(on, size):
    view, _ = on(terminal=True, size=size)
    with view:
        for number in range(5):
            view.show(turn(view.network, number, 1), Watched(turns=1))
        view._live.refresh()
    assert view.samples == 5


def test_view_with_json_prints_nothing(on):
    view, written = on(terminal=True, json=True)
    with view:
        view.show(turn(view.network, 0, 1), Watched())
    assert written.getvalue() == ""
