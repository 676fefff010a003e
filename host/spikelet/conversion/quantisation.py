"""Quantise weights to few bits: a symmetric grid, and clipping for training.

A layer has one scale, at which its largest weight becomes the largest integer. One weight far from
the others then makes the grid coarse for all. So training for few bits clips weights first, at the
number of standard deviations that minimises the total error of clipping and rounding.
Source: Banner, Nahshan and Soudry, Post Training 4-bit Quantization of Convolutional Networks for
Rapid-Deployment, NeurIPS (2019), sec. 3, for normally distributed weights.
"""

import numpy as np

from spikelet.arrays import FloatArray
from spikelet.errors import UsageError

BITS = (3, 8)
"""The fewest and the most bits of a weight."""
REACH = {3: 2.15, 4: 2.55, 5: 2.93, 6: 3.28, 7: 3.61, 8: 3.92}
"""{bits: standard deviations at which weights are clipped}."""


def largest(bits: int) -> int:
    """Return the largest |weight| of a number of bits, 127 for 8; the grid is symmetric about 0.

    Raises
    ------
    SpikeletError
        If bits is not 3..8.
    """
    if not BITS[0] <= bits <= BITS[1]:
        raise UsageError(f"bits is {bits}; it must be {BITS[0]}..{BITS[1]}")
    return 2 ** (bits - 1) - 1


def clipped(weights: FloatArray, bits: int) -> FloatArray:
    """Return weights clipped for a number of bits, with the same shape and type."""
    reach = REACH[bits] * weights.std()
    return np.clip(weights, -reach, reach)
