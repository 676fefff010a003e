"""Learn leaks by gradient: the share 0..1 that a membrane or current keeps in a step.

Training changes an unbounded number, a logit. Its sigmoid is the share kept. The forward pass rounds
the share to a leak 1 - d / 2**r, which the integers can represent. In the backward pass this rounding
counts as the identity.
Source: Fang et al., Incorporating Learnable Membrane Time Constant to Enhance Learning of Spiking
Neural Networks, ICCV (2021), eq. 8; there a layer has one leak, here every map has its own.
"""

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.conversion import convert

# The least share per step that d and r can express.
FASTEST = 1 / 256
# The logit of a share of 1 is infinite, so training starts such a membrane here.
SLOWEST = 1 - 2.0**-15


def logits(kept: NDArray[np.float64]) -> FloatArray:
    """Return the logits of shares kept per step.

    Parameters
    ----------
    kept : float64[maps]
        Shares 0..1.

    Returns
    -------
    float32[maps]
    """
    share = (np.clip(kept, 2 * FASTEST, SLOWEST) - FASTEST) / (1 - FASTEST)
    return np.log(share / (1 - share)).astype(np.float32)


def representable_leaks(trained: FloatArray) -> NDArray[np.float64]:
    """Return float64[maps], the shares kept per step, rounded as the integers represent them."""
    return representable(_smooth(trained).astype(np.float64))


def slope(trained: FloatArray) -> FloatArray:
    """Return the derivative of the share kept by its logit, without the rounding."""
    share = (_smooth(trained) - FASTEST) / (1 - FASTEST)
    return (1 - FASTEST) * share * (1 - share)


def representable(kept: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shares kept per step, float64[maps], rounded as conversion rounds those of a layer."""
    d, r = convert.leak_integers(kept)
    return 1 - d / 2.0**r


def spread_leaks(fastest: float, slowest: float, maps: int) -> NDArray[np.float64]:
    """Return shares kept per step, with time constants spread evenly on a log scale.

    Parameters
    ----------
    fastest, slowest : float
        Shares of the first and the last map, above 0 and below 1.
    maps : int

    Returns
    -------
    float64[maps]
    """
    time_constants = np.geomspace(-1 / np.log(fastest), -1 / np.log(slowest), maps)
    return representable(np.exp(-1 / time_constants))


def _smooth(trained: FloatArray) -> FloatArray:
    return FASTEST + (1 - FASTEST) / (1 + np.exp(-trained))
