"""Optimise with Adam, decoupled weight decay and a cosine schedule of the learning rate."""

import math
from collections.abc import Sequence

import numpy as np

from spikelet.arrays import FloatArray

MEAN_DECAY = 0.9
SQUARE_DECAY = 0.999
TINY = 1e-8


class Adam:
    """Adam: moves arrays down their gradients, each element at a pace of its own.

    Weight decay shrinks matrices only, in proportion to the learning rate. Biases do not decay.
    Source: Kingma and Ba, Adam (2015), alg. 1; Loshchilov and Hutter, AdamW (2019), alg. 2.
    """

    def __init__(self, arrays: Sequence[FloatArray], weight_decay: float) -> None:
        """Take the arrays that `step` will change in place."""
        self._arrays = arrays
        self._weight_decay = weight_decay
        self._means = [np.zeros_like(array) for array in arrays]
        self._squares = [np.zeros_like(array) for array in arrays]
        self._steps = 0

    def step(self, gradients: Sequence[FloatArray], rate: float) -> None:
        """Change the arrays by one step at learning rate `rate`."""
        self._steps += 1
        for index, gradient in enumerate(gradients):
            array = self._arrays[index]
            direction = self._direction(index, gradient)
            if array.ndim == 2:
                direction += self._weight_decay * array
            array -= rate * direction

    @property
    def is_finite(self) -> bool:
        """Whether all arrays have only finite values."""
        return all(np.isfinite(array).all() for array in self._arrays)

    def _direction(self, index: int, gradient: FloatArray) -> FloatArray:
        """Return mean / sqrt(mean square) of the gradients, as decaying averages."""
        mean, square = self._means[index], self._squares[index]
        mean += (1 - MEAN_DECAY) * (gradient - mean)
        square += (1 - SQUARE_DECAY) * (gradient**2 - square)
        # Both averages began at 0. Divide by the weight of the gradients in them.
        mean_share = 1 - MEAN_DECAY**self._steps
        square_share = 1 - SQUARE_DECAY**self._steps
        return (mean / mean_share) / (np.sqrt(square / square_share) + TINY)


def cosine_rate(peak: float, progress: float) -> float:
    """Return the learning rate at `progress` 0..1 through training, falling from `peak` to 0.

    Source: Loshchilov and Hutter, SGDR (2017), eq. 5, without restarts.
    """
    return peak * (1 + math.cos(math.pi * progress)) / 2
