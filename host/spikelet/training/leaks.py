"""Leaks that are learned: what a membrane or a current keeps from step to step, 0..1, by gradient.

What is trained is an unbounded number whose sigmoid is the share kept; on the way forward it is
rounded to a leak 1 - d / 2**r that integers have, on the way back the rounding is taken for the
identity.
Source: Fang et al., Incorporating Learnable Membrane Time Constant to Enhance Learning of Spiking
Neural Networks, ICCV (2021), eq. 8; there a layer has one leak, here every map has its own.
"""

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.conversion import convert

FASTEST = 1 / 256  # kept per step, the least that d and r express
SLOWEST = 1 - 2.0**-15  # at which training starts a leak of 0, whose sigmoid would be at infinity


def logits(kept: NDArray[np.float64]) -> FloatArray:
    """Return float32[maps], what is trained of a leak that keeps so much, float64[maps] 0..1."""
    share = (np.clip(kept, 2 * FASTEST, SLOWEST) - FASTEST) / (1 - FASTEST)
    return np.log(share / (1 - share)).astype(np.float32)


def kept(trained: FloatArray) -> NDArray[np.float64]:
    """Return float64[maps], what is kept per step, as integers can keep it."""
    return representable(_smooth(trained).astype(np.float64))


def slope(trained: FloatArray) -> FloatArray:
    """Return the derivative of `kept`, of its type, but for the rounding."""
    share = (_smooth(trained) - FASTEST) / (1 - FASTEST)
    return (1 - FASTEST) * share * (1 - share)


def representable(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the leaks that conversion makes of those of a layer, float64[maps]."""
    d, r = convert.leak_integers(wanted)
    return 1 - d / 2.0**r


def spread(fastest: float, slowest: float, maps: int) -> NDArray[np.float64]:
    """Return shares kept, float64[maps], whose time constants lie evenly on a log scale.

    fastest, slowest    kept per step by the first and the last map; above 0 and below 1
    """
    time_constants = np.geomspace(-1 / np.log(fastest), -1 / np.log(slowest), maps)
    return representable(np.exp(-1 / time_constants))


def _smooth(trained: FloatArray) -> FloatArray:
    return FASTEST + (1 - FASTEST) / (1 + np.exp(-trained))
