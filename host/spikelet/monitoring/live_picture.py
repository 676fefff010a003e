"""What the live view shows, as lines that fit a terminal of any size."""

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

HISTORY = 240  # steps that are kept of each layer, readings of each channel, and answers
ROWS = 16  # of characters for a layer; each stands for a group of its neurons
SHADES = " ░▒▓█"
MOST_CHANNELS = 12  # of a signal that is plotted; more are no signal but an image
PACE = 5.0  # seconds over which turns a second are counted
MOST_ARRIVALS = 4096
LOG_LINES = 3


@dataclass
class Counts:
    """What has been counted; differences are None where nothing is checked."""

    turns: int = 0
    lost_frames: int = 0
    missed: int = 0
    reconnections: int = 0
    differences: int | None = None


@dataclass
class Seen:
    """What came lately.

    about     a line about the board
    gone      why the board is gone, and since when; None while it is there
    status    the last one
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
            if layer.theta is not None  # the others stay silent for ever
        }
        channels = self.network.channels
        names = [f"channel {k}" for k in range(channels)] if channels <= MOST_CHANNELS else []
        self.signals = Signals(names, HISTORY)

    def take(self, turn: Turn, now: float) -> None:
        """Take in a turn."""
        self.arrivals.append(now)
        self.answers.append(turn.answer)
        for number, steps in self.layers.items():
            steps.extend(turn.spikes[number])
        if self.signals.names and turn.readings is not None:
            self.signals.add(turn.readings)

    def pace(self, now: float) -> float:
        """Return turns a second, lately."""
        while self.arrivals and self.arrivals[0] < now - PACE:
            self.arrivals.popleft()
        if len(self.arrivals) < 2:
            return 0.0
        return (len(self.arrivals) - 1) / max(self.arrivals[-1] - self.arrivals[0], 1e-9)


def picture(seen: Seen, width: int, height: int, now: float) -> Text:
    """Return what came as at most `height` lines of at most `width` cells."""
    lines = [_headline(seen, now), *_packed(_counts(seen, now), width, most=max(1, height // 5))]
    if trouble := seen.status and seen.status.trouble:
        lines.append(Text(f"sensor: {trouble}", "red"))
    if seen.answers:
        lines.append(_recent(seen, width))
    room = height - len(lines)
    said = list(seen.log)[-(room // 6) :] if room >= 6 else []
    log = [Text(f"board: {line}", "dim") for line in said]
    signals = _signals(seen, width, (room - len(log)) // 3)
    lines += _layers(seen, width, room - len(log) - len(signals)) + signals + log
    for line in lines:
        line.no_wrap, line.overflow = True, "crop"
        line.truncate(max(width, 1))
    return Text("\n", no_wrap=True, overflow="crop").join(lines[:height])


def _headline(seen: Seen, now: float) -> Text:
    if seen.gone is not None:
        reason, since = seen.gone
        return Text(f"waiting for the board, {now - since:.0f} s: {reason}", "yellow")
    if not seen.answers:
        return Text(f"{seen.about}: nothing yet")
    answer = seen.network.classes[seen.answers[-1]]
    return Text.assemble((answer, "bold"), f"  {seen.about}")


def _counts(seen: Seen, now: float) -> list[str]:
    """Return what is counted, the most telling first."""
    counts, status, pace = seen.counts, seen.status, seen.pace(now)
    hop = seen.network.stream.hop if seen.network.stream else 1
    items = [f"{counts.turns:,} turns" if hop > 1 else f"{counts.turns:,} samples"]
    if pace:
        items += [
            f"{pace * hop:.1f} samples/s",
            f"{1e3 / pace / seen.network.turn_steps:.2f} ms/step",
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
    """Return items side by side on as many lines as they take, at most `most`."""
    lines = [""]
    for item in items:
        longer = f"{lines[-1]}, {item}" if lines[-1] else item
        if len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(item)
    return [Text(line) for line in lines[:most]]


def _recent(seen: Seen, width: int) -> Text:
    """Return the last answers, the latest to the left, those that are alike counted."""
    parts: list[str] = []
    length = len("answers: ")
    for answer, group in itertools.groupby(reversed(seen.answers)):
        times = sum(1 for _ in group)
        part = seen.network.classes[answer] + (f" x{times}" if times > 1 else "")
        length += len(part) + 3
        if parts and length > width:
            break
        parts.append(part)
    return Text("answers: " + " < ".join(parts))


def _layers(seen: Seen, width: int, height: int) -> list[Text]:
    """Return for each layer a line with its rate, and a raster below."""
    layers = {number: steps for number, steps in seen.layers.items() if steps}
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
    """Yield steps, uint8[T, neurons], as rows of characters, time to the right."""
    for group in np.array_split(spikes, rows, axis=1):
        shares = np.ceil(group.mean(axis=1) * (len(SHADES) - 1)).astype(int)
        yield Text("".join(SHADES[share] for share in shares))


def _signals(seen: Seen, width: int, height: int) -> list[Text]:
    if not len(seen.signals) or height < 1:
        return []
    return [Text(line, "green") for line in seen.signals.picture(width, height).plain.split("\n")]
