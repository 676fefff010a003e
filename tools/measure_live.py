"""Measure the turns per second of each part of `spikelet monitor`: view, journal and check.

python tools/measure_live.py [TURNS]
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from rich.console import Console

from spikelet.link.turn import Turn
from spikelet.link.verify import LiveCheck
from spikelet.monitoring import live_picture
from spikelet.monitoring.journal.writer import JournalWriter
from spikelet.monitoring.live_view import LiveView
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.protocol import StreamWindow
from spikelet.output import Output

# Columns and rows of the terminal.
SIZE = 120, 40
CHANNELS, HIDDEN, CLASSES, HOP = 3, 64, 5, 10


def a_network() -> Network:
    """Return a network of a stream, like that of the exercises, whose neurons fire often."""
    rng = np.random.default_rng(0)
    layers = [
        Layer(rng.integers(-60, 100, (CHANNELS, HIDDEN)).astype(np.int8), theta=90, rho=90, d=16),
        Layer(rng.integers(-60, 100, (HIDDEN, CLASSES)).astype(np.int8), theta=200, rho=200, d=16),
    ]
    classes = tuple(f"class {j}" for j in range(CLASSES))
    return Network("rate", 1, "count", classes, layers, stream=StreamWindow(4 * HOP, HOP))


def turns(network: Network, count: int) -> list[Turn]:
    """Return the turns that a board would send, without mistakes."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (1, count * HOP, CHANNELS)).astype(np.uint8)
    trace = network.simulate(x).turns()
    return [
        Turn(
            number & 0xFFFF,
            x[0, number * HOP : (number + 1) * HOP],
            tuple(spikes[number] for spikes in trace.spikes),
            tuple(membranes[number] for membranes in trace.membranes),
            int(trace.answers[number]),
        )
        for number in range(count)
    ]


def view_of(network: Network) -> LiveView:
    """Return a view on a terminal that discards its text."""
    output = Output()
    output.people = Console(
        file=open(os.devnull, "w", encoding="utf-8"),  # noqa: SIM115
        force_terminal=True,
        width=SIZE[0],
        height=SIZE[1],
    )
    return LiveView(network, output, "measured")


def main(count: int) -> None:
    """Print the turns a second of each part."""
    network = a_network()
    sent = turns(network, count)
    watch = SimpleNamespace(turns=0, lost_frames=0, missed=0, reconnections=0)
    with view_of(network) as view:
        start = time.perf_counter()
        for turn in sent:
            view.show(turn, watch)
        took = time.perf_counter() - start
    print(
        f"shown     {count / took:>9,.0f} turns/s, drawn {live_refresh(view)} times a second at most"
    )
    start = time.perf_counter()
    for _ in range(20):
        live_picture.picture(view.seen, *SIZE, time.monotonic())
    print(f"a picture {(time.perf_counter() - start) / 20 * 1e3:>9.1f} ms")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.journal")
        with JournalWriter(path, network, {}) as journal:
            start = time.perf_counter()
            for turn in sent:
                journal.take(turn)
            took = time.perf_counter() - start
        size = path.stat().st_size / count
    print(f"kept      {count / took:>9,.0f} turns/s, {size:.0f} bytes each")
    check = LiveCheck(network)
    start = time.perf_counter()
    for turn in sent[: count // 10]:
        check.check(turn)
    took = time.perf_counter() - start
    print(
        f"checked   {count // 10 / took:>9,.0f} turns/s, {check.found.differences} differences; "
        f"a turn is {HOP} samples of {CHANNELS}-{HIDDEN}-{CLASSES}"
    )


def live_refresh(view: LiveView) -> float:
    """Return how often a second the view's thread draws."""
    return view._live.refresh_per_second


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
