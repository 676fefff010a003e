"""The spikes of a journal as events in time, from which other frameworks' forms are made.

Time is counted in steps from the journal's first turn: a turn takes as many steps as the network makes
in it, whether it arrived or was lost. Seconds are steps divided by steps a second, where the sampling
rate is known: from the board's sensor, or from who exports.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.link.turn import Status, Turn
from spikelet.monitoring.journal.reader import Journal
from spikelet.networks.network import Network


@dataclass(frozen=True, eq=False)
class Events:
    """All that a journal holds of the network.

    about       as in Journal
    turns       int64[n], numbers of the turns that arrived
    arrivals    float64[n], seconds of the host's clock at which they did
    answers     int64[n], index of the class
    lost        int64[m], numbers of the turns that were lost
    steps       of each layer int64[spikes], the step of each, never falling
    neurons     of each layer int64[spikes], the neuron of each
    membranes   of each layer int16[n, neurons], at the turns' ends
    readings    uint8 or int16[n, *Network.turn]; None if the board did not send them
    rate        samples a second, or None
    """

    network: Network
    about: dict[str, Any]
    turns: NDArray[np.int64]
    arrivals: NDArray[np.float64]
    answers: NDArray[np.int64]
    lost: NDArray[np.int64]
    steps: tuple[NDArray[np.int64], ...]
    neurons: tuple[NDArray[np.int64], ...]
    membranes: tuple[NDArray[np.int16], ...]
    readings: NDArray[Any] | None
    rate: float | None

    @property
    def length(self) -> int:
        """Number of steps from the first turn to the last, those that were lost among them."""
        last = max(self.turns.max(initial=-1), self.lost.max(initial=-1))
        return (int(last) + 1) * self.network.turn_steps

    @property
    def step_seconds(self) -> float | None:
        """Seconds a step takes; None where the rate is not known."""
        return step_seconds(self.network, self.rate)

    @property
    def ends(self) -> NDArray[np.int64]:
        """int64[n], the last step of each turn."""
        return (self.turns + 1) * self.network.turn_steps - 1


def step_seconds(network: Network, rate: float | None) -> float | None:
    """Return how long a step takes, of which a sample has `Network.steps`."""
    return None if rate is None else 1 / (rate * network.steps)


def times(steps: NDArray[np.int64], step: float) -> NDArray[np.float64]:
    """Return the time at which each step begins, such that dividing by `step` gives it back.

    Rounding may else put a spike into the step before.
    """
    begins = steps.astype(np.float64) * step
    early = np.floor(begins / step) < steps
    begins[early] = np.nextafter(begins[early], np.inf)
    return begins


def known_rate(journal: Journal, rate: float | None) -> float | None:
    """Return the rate that was given, or else the sensor's as the board said last; None if it did not.

    Raises SpikeletError if the one given is not possible.
    """
    if rate is not None:
        if not (math.isfinite(rate) and rate > 0):
            raise SpikeletError(f"rate is {rate} samples a second; it must be above 0")
        return rate
    said = None
    for entry in journal.entries():
        if isinstance(entry.event, Status) and entry.event.rate > 0:
            said = float(entry.event.rate)
    return said


def gather(journal: Journal, rate: float | None = None) -> Events:
    """Return the events of a journal.

    rate    samples a second, if it is known better than from the journal
    Raises SpikeletError if it holds no turn, or cannot be read.
    """
    rate = known_rate(journal, rate)
    layers = range(len(journal.network.layers))
    turns: list[int] = []
    arrivals: list[float] = []
    answers: list[int] = []
    lost: list[int] = []
    readings: list[NDArray[Any]] = []
    steps: list[list[NDArray[np.int64]]] = [[] for _ in layers]
    neurons: list[list[NDArray[np.int64]]] = [[] for _ in layers]
    membranes: list[list[NDArray[np.int16]]] = [[] for _ in layers]
    for time, number, seen in _numbered(journal):
        if seen is None:
            lost.append(number)
            continue
        turns.append(number)
        arrivals.append(time)
        answers.append(seen.answer)
        readings += [] if seen.readings is None else [seen.readings]
        for layer in layers:
            step, neuron = np.nonzero(seen.spikes[layer])
            steps[layer].append(step + number * journal.network.turn_steps)
            neurons[layer].append(neuron)
            membranes[layer].append(seen.membranes[layer])
    if not turns:
        raise SpikeletError(f"{journal.path} holds no turn; there is nothing to export")
    return Events(
        network=journal.network,
        about=journal.about,
        turns=np.array(turns, np.int64),
        arrivals=np.array(arrivals, np.float64),
        answers=np.array(answers, np.int64),
        lost=np.array(lost, np.int64),
        steps=tuple(map(np.concatenate, steps)),
        neurons=tuple(map(np.concatenate, neurons)),
        membranes=tuple(map(np.stack, membranes)),
        readings=np.stack(readings) if len(readings) == len(turns) else None,
        rate=rate,
    )


def _numbered(journal: Journal) -> Iterator[tuple[float, int, Turn | None]]:
    """Yield time, number and observation of each turn, None of one that was lost."""
    for entry in journal.entries():
        if entry.event is None or isinstance(entry.event, Turn):
            yield entry.time, entry.number, entry.event
