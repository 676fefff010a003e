"""What is measured of a layer: steps with chosen numbers of active inputs, and the line through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikelet.networks.geometry import fan_out
from spikelet.networks.layer import Layer

COUNTS = (0, 8, 16, 24, 32, 48, 64)  # active inputs; multiples of what kernels add at once
LISTS = 2  # for each of them
LEVEL = 128  # of an input that is held


@dataclass(frozen=True, eq=False)
class Point:
    """A step to measure.

    events      the inputs that spike, ascending
    synapses    int, how many they reach
    """

    events: tuple[int, ...]
    synapses: int


@dataclass(frozen=True)
class Line:
    """What a step costs: fixed + per_event * synaptic events + per_fired * fired neurons.

    worst    the largest difference of a measured step from that, as a share of the step
    """

    fixed: float
    per_event: float
    per_fired: float
    worst: float


def points(layer: Layer, seed: int = 0) -> list[Point]:
    """Return steps with more and more active inputs, drawn at random but the same for each seed."""
    random = np.random.default_rng(seed)
    reached = fan_out(layer.inputs, layer.maps, layer.geometry)
    found = []
    for count in COUNTS:
        if count > layer.inputs:
            break
        for _ in range(LISTS if count else 1):
            events = np.sort(random.choice(layer.inputs, count, replace=False))
            found.append(Point(tuple(events.tolist()), int(reached[events].sum())))
    if len(found) == 1:  # fewer inputs than the first count: all of them
        everything = tuple(range(layer.inputs))
        found.append(Point(everything, int(reached.sum())))
    return found


def fit_line(synapses: Sequence[int], fired: Sequence[float], spent: Sequence[float]) -> Line:
    """Return the line that fits best, by least squares.

    synapses, fired, spent    of each step: how many synaptic events, how many neurons fired, and what
                              it took; where firing goes along with the events or never differs, it is
                              not told apart from them
    """
    columns = [np.ones(len(spent)), np.asarray(synapses, np.float64)]
    with_fired = np.stack([*columns, np.asarray(fired, np.float64)], axis=1)
    if _independent(with_fired):
        solution = _least_squares(with_fired, spent)
        matrix = with_fired
    else:
        matrix = np.stack(columns, axis=1)
        solution = np.append(_least_squares(matrix, spent), 0.0)
    expected = matrix @ solution[: matrix.shape[1]]
    worst = float((np.abs(expected - spent) / np.maximum(np.abs(spent), 1e-12)).max())
    return Line(float(solution[0]), float(solution[1]), float(solution[2]), worst)


def _independent(matrix: NDArray[np.float64]) -> bool:
    """Return whether no column is nearly made of the others."""
    scale = np.abs(matrix).max(axis=0)
    if not scale.all():
        return False
    return len(matrix) > matrix.shape[1] and bool(np.linalg.cond(matrix / scale) < 30)


def _least_squares(matrix: NDArray[np.float64], spent: Sequence[float]) -> NDArray[np.float64]:
    solution: NDArray[np.float64] = np.linalg.lstsq(matrix, np.asarray(spent), rcond=None)[0]
    return solution
