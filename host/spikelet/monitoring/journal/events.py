"""Collects the spikes of a journal as events in time, for the exports.

Time is in steps from the first turn of the journal. Each turn takes `Network.turn_steps` steps, whether
it arrived or was lost. Seconds are steps divided by steps per second. They need the sampling rate,
which the sensor of the board reports or the user gives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput, UsageError
from spikelet.link.turn import Status, Turn
from spikelet.monitoring.journal.reader import Journal
from spikelet.networks.network import Network


@dataclass(frozen=True, eq=False)
class Events:
    """Everything that a journal contains about the network.

    Attributes
    ----------
    network : Network
    about : dict
        As in `Journal`.
    turns : int64[n]
        Numbers of the turns that arrived.
    arrivals : float64[n]
        Times of arrival in seconds, by the clock of the host.
    answers : int64[n]
        Index of the class.
    lost : int64[m]
        Numbers of the turns that were lost.
    steps : tuple of int64[spikes]
        For each layer the step of each spike, in ascending order.
    neurons : tuple of int64[spikes]
        For each layer the neuron of each spike.
    membranes : tuple of int16[n, neurons]
        For each layer the membranes at the end of each turn.
    readings : uint8[n, *Network.turn], int16[n, *Network.turn] or None
        None if the board did not send them.
    rate : float or None
        Samples per second.
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
        """Number of steps from the first turn to the last, including lost ones."""
        last = max(self.turns.max(initial=-1), self.lost.max(initial=-1))
        return (int(last) + 1) * self.network.turn_steps

    @property
    def step_seconds(self) -> float | None:
        """Duration of a step in seconds; None if the rate is unknown."""
        return step_seconds(self.network, self.rate)

    @property
    def ends(self) -> NDArray[np.int64]:
        """The last step of each turn, int64[n]."""
        return (self.turns + 1) * self.network.turn_steps - 1


def step_seconds(network: Network, rate: float | None) -> float | None:
    """Return the duration of a step in seconds; a sample has `Network.steps` steps."""
    return None if rate is None else 1 / (rate * network.steps)


def times(steps: NDArray[np.int64], step: float) -> NDArray[np.float64]:
    """Return the time at which each step begins, such that division by `step` gives the step.

    Without this care, rounding can move a spike into the step before.

    Parameters
    ----------
    steps : int64[n]
    step : float
        Duration of a step, in seconds.

    Returns
    -------
    float64[n]
        Seconds.
    """
    begins = steps.astype(np.float64) * step
    early = np.floor(begins / step) < steps
    begins[early] = np.nextafter(begins[early], np.inf)
    return begins


def known_rate(journal: Journal, rate: float | None) -> float | None:
    """Return the sampling rate, in samples per second; None if it is unknown.

    Parameters
    ----------
    journal : Journal
    rate : float or None
        None for the rate that the board reported last for its sensor.

    Raises
    ------
    SpikeletError
        If `rate` is not finite and above 0.
    """
    if rate is not None:
        if not (math.isfinite(rate) and rate > 0):
            raise UsageError(f"rate is {rate} samples a second; it must be above 0")
        return rate
    reported = None
    for entry in journal.entries():
        if isinstance(entry.event, Status) and entry.event.rate > 0:
            reported = float(entry.event.rate)
    return reported


def gather(journal: Journal, rate: float | None = None) -> Events:
    """Return the events of a journal.

    Parameters
    ----------
    journal : Journal
    rate : float, optional
        Samples per second; without it the rate in the journal.

    Raises
    ------
    SpikeletError
        If the journal holds no turn, or cannot be read.
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
    for time, number, turn in _numbered(journal):
        if turn is None:
            lost.append(number)
            continue
        turns.append(number)
        arrivals.append(time)
        answers.append(turn.answer)
        readings += [] if turn.readings is None else [turn.readings]
        for layer in layers:
            step, neuron = np.nonzero(turn.spikes[layer])
            steps[layer].append(step + number * journal.network.turn_steps)
            neurons[layer].append(neuron)
            membranes[layer].append(turn.membranes[layer])
    if not turns:
        raise RefusedInput(f"{journal.path} holds no turn; there is nothing to export")
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
    """Yield (time, number, turn) of each turn; the turn is None if it was lost."""
    for entry in journal.entries():
        if entry.event is None or isinstance(entry.event, Turn):
            yield entry.time, entry.number, entry.event
