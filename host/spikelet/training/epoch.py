"""One pass of learning over encoded samples, the same for spiking and for ReLU networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import SpikeletError
from spikelet.training.optimiser import Adam, cosine_rate

Objective = TypeVar("Objective")


@dataclass(frozen=True, eq=False)
class Batch(Generic[Objective]):
    """Encoded samples with their classes: a whole part, or some samples of it.

    Attributes
    ----------
    signal : float[1 or T, n, inputs]
        Inputs of the first layer.
    y : int64[n]
        Index of the class of each sample.
    objective : Loss or AnnLoss
        The objective that is minimised.
    """

    signal: FloatArray
    y: NDArray[np.int64]
    objective: Objective

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.y)

    def split(self, order: NDArray[np.int64], size: int) -> list[Batch[Objective]]:
        """Return the samples in this order, in batches of about `size` samples."""
        return [
            Batch(self.signal[:, indices], self.y[indices], self.objective)
            for indices in np.array_split(order, math.ceil(len(order) / size))
        ]


class Schedule(NamedTuple):
    """The progress of a training, which determines the learning rate.

    Attributes
    ----------
    epoch : int
        Number of the present epoch, from 1.
    epochs : int
        The maximum number of epochs.
    learning_rate : float
        At the start; it falls to 0 along a cosine over the epochs.
    """

    epoch: int
    epochs: int
    learning_rate: float

    def rate(self, share: float) -> float:
        """Return the learning rate after a share 0..1 of the epoch."""
        return cosine_rate(self.learning_rate, (self.epoch - 1 + share) / self.epochs)

    def divergence(self) -> SpikeletError:
        """Return the error to raise if training diverged in this epoch."""
        return SpikeletError(
            f"training diverged in epoch {self.epoch}; "
            f"lower learning_rate, which is {self.learning_rate}"
        )


def learn(
    batches: Sequence[Batch[Objective]],
    optimiser: Adam,
    schedule: Schedule,
    evaluate: Callable[[Batch[Objective]], tuple[Any, Sequence[FloatArray]]],
) -> list[Any]:
    """Take a step of the optimiser for each batch.

    Parameters
    ----------
    batches : sequence of Batch
    optimiser : Adam
    schedule : Schedule
    evaluate : callable
        Returns the value of a batch and its gradient, in the order of the optimiser's arrays.

    Returns
    -------
    list
        The value of each batch, before its step.

    Raises
    ------
    SpikeletError
        If a parameter is no longer finite.
    """
    values = []
    for position, batch in enumerate(batches):
        value, gradient = evaluate(batch)
        optimiser.step(gradient, schedule.rate(position / len(batches)))
        if not optimiser.is_finite:
            raise schedule.divergence()
        values.append(value)
    return values


def mean(values: Sequence[float], batches: Sequence[Batch[Objective]]) -> float:
    """Return the mean over samples of values of batches, which may differ in size."""
    return float(np.average(values, weights=[len(batch) for batch in batches]))
