"""Weights of few bits: the grid of integers that a layer's weights are rounded to.

A layer has one scale, at which its largest weight becomes the largest integer. Training that rounds
on the way forward, and on the way back takes the rounding for the identity, finds weights that lose
little by it.
Source: Bengio, Leonard and Courville, Estimating or Propagating Gradients Through Stochastic Neurons
(2013), sec. 4, the straight-through estimator; Jacob et al., Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference (2018), sec. 3.
"""

import numpy as np

from spikelet.errors import SpikeletError
from spikelet.float_network import FloatArray

BITS = (3, 8)
"""The fewest and the most bits of a weight."""


def largest(bits: int) -> int:
    """Return the largest |weight| in so many bits, 127 in 8; the grid is symmetric about 0.

    Raises SpikeletError unless bits is 3..8.
    """
    if not BITS[0] <= bits <= BITS[1]:
        raise SpikeletError(f"bits is {bits}; it must be {BITS[0]}..{BITS[1]}")
    return 2 ** (bits - 1) - 1


def on_grid(weights: FloatArray, bits: int) -> FloatArray:
    """Return weights of any shape, rounded to what conversion to so many bits keeps of them.

    The type stays. Raises SpikeletError unless bits is 3..8.
    """
    step = np.abs(weights).max() / largest(bits)
    return np.rint(weights / step) * step if step > 0 else weights.copy()
