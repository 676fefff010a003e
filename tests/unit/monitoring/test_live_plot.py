"""The live plot of readings: its lines, its size, and its silence in a pipe."""

import io

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from spikelet.monitoring.live_plot import HEIGHT, LivePlot
from spikelet.output import Output


@pytest.fixture
def on():
    """Return a function that returns (plot, written) of a plot on a terminal or in a pipe."""

    def create(terminal, size=(60, 20), json=False):
        output, written = Output(json=json), io.StringIO()
        output.people = Console(
            file=written, force_terminal=terminal, width=size[0], height=size[1], quiet=json
        )
        return LivePlot(["ax", "ay"], output), written

    return create


def test_live_plot_on_terminal_draws_title_and_curves(on):
    plot, _ = on(terminal=True)
    with plot:
        for k in range(300):
            plot.add(np.array([k, -k]), f"wave: {k} samples")
        lines = plot._picture().plain.split("\n")
    assert lines[0] == "wave: 299 samples"
    assert len(lines) == 1 + 8
    assert lines[1].split()[:2] == ["ax", "100..299"]
    assert lines[5].split()[:2] == ["ay", "-299..-100"]


@pytest.mark.parametrize("size", [(1, 1), (4, 2), (30, 3), (200, 90)])
def test_live_plot_fits_any_terminal(on, size):
    plot, _ = on(terminal=True, size=size)
    with plot:
        plot.add(np.zeros((50, 2), np.int16), "a title that is longer than most terminals are wide")
        lines = plot._picture().plain.split("\n")
    assert len(lines) <= max(2, min(size[1], HEIGHT + 1))
    assert max(map(cell_len, lines)) <= size[0]


@pytest.mark.parametrize(("terminal", "json"), [(False, False), (True, True)])
def test_live_plot_in_pipe_or_json_prints_nothing(on, terminal, json):
    plot, written = on(terminal=terminal, json=json)
    with plot:
        plot.add(np.zeros((5, 2)), "title")
    assert written.getvalue() == ""
