"""Draws the live view as lines that fit a terminal of any size."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from spikelet.link.turn import Status, Turn
from spikelet.monitoring.braille_plot import Signals
from spikelet.networks.network import Network
from spikelet.printable import printable

# Steps of each layer, readings of each channel, and answers that the view keeps.
HISTORY = 240
# Rows of characters for a layer; each shows a group of its neurons.
ROWS = 16
SHADES = " ░▒▓█"
# Channels of a signal that the view plots; more channels are an image.
MOST_CHANNELS = 12
# Seconds over which the view averages turns per second.
PACE = 5.0
MOST_ARRIVALS = 4096
LOG_LINES = 3


@dataclass
class Counts:
    """Counts of a watch; the differences are None without checks."""

    turns: int = 0
    lost_frames: int = 0
    missed: int = 0
    reconnections: int = 0
    differences: int | None = None


@dataclass
class Seen:
    """Recent events of a board, as many as the view shows.

    Attributes
    ----------
    network : Network
    about : str
        A line about the board.
    counts : Counts
    gone : tuple of (str, float) or None
        The reason why the board is gone, and the time since; None while it is there.
    status : Status or None
        The last status of the sensor.
    log : deque of str
        The last lines that the board printed.
    answers : deque of int
        Index of the class, of the last turns.
    arrivals : deque of float
        Times of arrival in seconds, of the last turns.
    layers : dict of int to deque of uint8[neurons]
        The last steps of each layer that can spike.
    signals : Signals
        The last readings; without channels if there are more than `MOST_CHANNELS`.
    """

    network: Network
    about: str
    counts: Counts = field(default_factory=Counts)
    gone: tuple[str, float] | None = None
    status: Status | None = None
    log: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    answers: deque[int] = field(default_factory=lambda: deque(maxlen=HISTORY))
    arrivals: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_ARRIVALS))

    def __post_init__(self) -> None:
        self.layers: dict[int, deque[NDArray[np.uint8]]] = {
            number: deque(maxlen=HISTORY)
            for number, layer in enumerate(self.network.layers)
            # A layer without a threshold never spikes.
            if layer.theta is not None
        }
        channels = self.network.channels
        names = [f"channel {k}" for k in range(channels)] if channels <= MOST_CHANNELS else []
        self.signals = Signals(names, HISTORY)

    def take(self, turn: Turn, now: float) -> None:
        """Add a turn that arrived at the time `now`, in seconds."""
        self.arrivals.append(now)
        self.answers.append(turn.answer)
        for number, steps in self.layers.items():
            steps.extend(turn.spikes[number])
        if self.signals.names and turn.readings is not None:
            self.signals.add(turn.readings)

    def pace(self, now: float) -> float:
        """Return the turns per second over the last `PACE` seconds."""
        while self.arrivals and self.arrivals[0] < now - PACE:
            self.arrivals.popleft()
        if len(self.arrivals) < 2:
            return 0.0
        return (len(self.arrivals) - 1) / max(self.arrivals[-1] - self.arrivals[0], 1e-9)


def picture(recent: Seen, width: int, height: int, now: float) -> Text:
    """Return the recent events as at most `height` lines of at most `width` cells."""
    lines = [
        _headline(recent, now),
        *_packed(_counts(recent, now), width, most=max(1, height // 5)),
    ]
    if trouble := recent.status and recent.status.trouble:
        lines.append(Text(f"sensor: {trouble}", "red"))
    if recent.answers:
        lines.append(_recent(recent, width))
    room = height - len(lines)
    last = list(recent.log)[-(room // 6) :] if room >= 6 else []
    log = [Text(f"board: {line}", "dim") for line in last]
    signals = _signals(recent, width, (room - len(log)) // 3)
    lines += _layers(recent, width, room - len(log) - len(signals)) + signals + log
    for line in lines:
        line.no_wrap, line.overflow = True, "crop"
        line.truncate(max(width, 1))
    return Text("\n", no_wrap=True, overflow="crop").join(lines[:height])


def _headline(recent: Seen, now: float) -> Text:
    if recent.gone is not None:
        reason, since = recent.gone
        return Text(f"waiting for the board, {now - since:.0f} s: {reason}", "yellow")
    if not recent.answers:
        return Text(f"{printable(recent.about)}: nothing yet")
    answer = printable(recent.network.classes[recent.answers[-1]])
    return Text.assemble((answer, "bold"), f"  {printable(recent.about)}")


def _counts(recent: Seen, now: float) -> list[str]:
    """Return the counts, the most important first."""
    counts, status, pace = recent.counts, recent.status, recent.pace(now)
    hop = recent.network.stream.hop if recent.network.stream else 1
    items = [f"{counts.turns:,} turns" if hop > 1 else f"{counts.turns:,} samples"]
    if pace:
        items += [
            f"{pace * hop:.1f} samples/s",
            f"{1e3 / pace / recent.network.turn_steps:.2f} ms/step",
        ]
    if counts.differences is not None:
        items.append(f"{counts.differences:,} differences")
    items += [f"{counts.lost_frames:,} lost frames", f"{counts.missed:,} missed"]
    if status is not None:
        items += [f"sensor: {status.samples:,} samples", f"{status.late:,} late"]
        items += [f"{status.failed:,} failed reads"]
    if counts.reconnections:
        items.append(f"{counts.reconnections:,} reconnections")
    return items


def _packed(items: Sequence[str], width: int, most: int) -> list[Text]:
    """Return the items side by side, on at most `most` lines."""
    lines = [""]
    for item in items:
        longer = f"{lines[-1]}, {item}" if lines[-1] else item
        if len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(item)
    return [Text(line) for line in lines[:most]]


def _recent(recent: Seen, width: int) -> Text:
    """Return the last answers, the latest to the left; a run of equal ones has its length."""
    parts: list[str] = []
    length = len("answers: ")
    for answer, group in itertools.groupby(reversed(recent.answers)):
        times = sum(1 for _ in group)
        part = printable(recent.network.classes[answer]) + (f" x{times}" if times > 1 else "")
        length += len(part) + 3
        if parts and length > width:
            break
        parts.append(part)
    return Text("answers: " + " < ".join(parts))


def _layers(recent: Seen, width: int, height: int) -> list[Text]:
    """Return for each layer a line with its rate, and a raster below it."""
    layers = {number: steps for number, steps in recent.layers.items() if steps}
    shown = len(layers) if height >= 2 * len(layers) else max(0, (height - 1) // 2)
    lines: list[Text] = []
    rows = (height - (shown < len(layers))) // max(shown, 1) - 1
    for number, steps in itertools.islice(layers.items(), shown):
        spikes = np.array(tuple(steps)[-max(width, 1) :])
        neurons = spikes.shape[1]
        name = f"layer {number}: {neurons} neurons, {spikes.mean():.1%} of them a step"
        lines += [Text(name, "cyan"), *_raster(spikes, min(ROWS, rows, neurons))]
    if shown < len(layers) and height > 0:
        lines.append(Text(f"and {len(layers) - shown} layers without room", "cyan"))
    return lines


def _raster(spikes: NDArray[np.uint8], rows: int) -> Iterable[Text]:
    """Yield spikes uint8[T, neurons] as rows of characters, time to the right."""
    for group in np.array_split(spikes, rows, axis=1):
        shares = np.ceil(group.mean(axis=1) * (len(SHADES) - 1)).astype(int)
        yield Text("".join(SHADES[share] for share in shares))


def _signals(recent: Seen, width: int, height: int) -> list[Text]:
    if not len(recent.signals) or height < 1:
        return []
    return [Text(line, "green") for line in recent.signals.picture(width, height).plain.split("\n")]
