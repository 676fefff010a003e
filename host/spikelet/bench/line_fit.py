"""Choose the steps of a layer to measure, and fit a line through their costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikelet.networks.geometry import fan_out
from spikelet.networks.layer import Layer

# Active inputs: multiples of 8, because kernels add up to 8 rows at once.
COUNTS = (0, 8, 16, 24, 32, 48, 64)
# Random lists of inputs for each count.
LISTS = 2
# Value of an active input in a layer that holds its input.
LEVEL = 128


@dataclass(frozen=True, eq=False)
class Point:
    """A step to measure.

    Attributes
    ----------
    events : tuple of int
        The inputs that spike, ascending.
    synapses : int
        Number of synapses that they reach.
    """

    events: tuple[int, ...]
    synapses: int


@dataclass(frozen=True)
class Line:
    """Cost of a step: fixed + per_event * synaptic events + per_fired * fired neurons.

    Attributes
    ----------
    fixed, per_event, per_fired : float
        The coefficients, in the clock's unit.
    worst : float
        The largest difference of a measured step from the line, as a share of the step.
    """

    fixed: float
    per_event: float
    per_fired: float
    worst: float


def points(layer: Layer, seed: int = 0) -> list[Point]:
    """Return steps with an increasing number of random active inputs; equal for equal seeds."""
    random = np.random.default_rng(seed)
    reached = fan_out(layer.inputs, layer.maps, layer.geometry)
    steps = []
    for count in COUNTS:
        if count > layer.inputs:
            break
        for _ in range(LISTS if count else 1):
            events = np.sort(random.choice(layer.inputs, count, replace=False))
            steps.append(Point(tuple(events.tolist()), int(reached[events].sum())))
    # A line needs two points: with fewer than 8 inputs, the second has all of them.
    if len(steps) == 1:
        everything = tuple(range(layer.inputs))
        steps.append(Point(everything, int(reached.sum())))
    return steps


def fit_line(synapses: Sequence[int], fired: Sequence[float], spent: Sequence[float]) -> Line:
    """Return the line that fits best, by least squares.

    If the number of fired neurons depends linearly on the events, or never differs, `per_fired` is 0.

    Parameters
    ----------
    synapses : sequence of int
        Synaptic events of each step.
    fired : sequence of float
        Neurons that fired in each step.
    spent : sequence of float
        Cost of each step, in the clock's unit.
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
    """Return whether the columns are linearly independent, with a margin for noise."""
    scale = np.abs(matrix).max(axis=0)
    if not scale.all():
        return False
    return len(matrix) > matrix.shape[1] and bool(np.linalg.cond(matrix / scale) < 30)


def _least_squares(matrix: NDArray[np.float64], spent: Sequence[float]) -> NDArray[np.float64]:
    solution: NDArray[np.float64] = np.linalg.lstsq(matrix, np.asarray(spent), rcond=None)[0]
    return solution
