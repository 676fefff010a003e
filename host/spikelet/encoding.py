"""Numbers to spikes, as the host computes them: every encoder, vectorised over samples.

An encoder turns x, 0..255 per channel, into spikes in T steps; `direct` makes none, and weighs the
first layer's inputs by x instead. Each has at most one parameter, called `value` below:

direct     -
rate       -
bernoulli  seed of the random numbers, 1..65535
latency    the least x that spikes at all, 0..255
phase      period in steps, 1..8
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spikelet.errors import SpikeletError
from spikert.tables import ENCODERS

RATE_START = 128  # half a spike, so that rounding favours neither more spikes nor fewer
DIRECT_SCALE = 256  # the integers shift their sum right by 8
PARAMETERS = {"bernoulli": (1, 0xFFFF), "latency": (0, 255), "phase": (1, 8)}
"""The least and the largest parameter of the encoders that have one."""
DEFAULTS = {"bernoulli": 0xACE1, "latency": 64, "phase": 8}

FloatArray = NDArray[np.floating[Any]]


def parameter(encoder: str, wanted: int | None) -> int:
    """Return the parameter of an encoder: what is wanted, or its default."""
    return DEFAULTS.get(encoder, 0) if wanted is None else wanted


def check(encoder: str, value: int) -> None:
    """Raise SpikeletError unless there is such an encoder, and it can have this parameter."""
    if encoder not in ENCODERS:
        raise SpikeletError(f"encoder is {encoder!r}; it must be one of {', '.join(ENCODERS)}")
    least, most = PARAMETERS.get(encoder, (0, 0))
    if not least <= value <= most:
        raise SpikeletError(
            f"encoder {encoder} has parameter {value}; it must be in {least}..{most}"
        )


def signal(
    encoder: str,
    x: NDArray[np.uint8],
    steps: int,
    value: int = 0,
    dtype: DTypeLike = np.float64,
) -> FloatArray:
    """Return what the first layer's weights are multiplied by, for x uint8[n, channels].

    direct  dtype[1, n, channels], x / 256, the same in each step
    others  dtype[T, n, channels], 0 or 1; with phase, 2**-k in step k of a period
    """
    if encoder == "direct":
        return (x[None] / DIRECT_SCALE).astype(dtype)
    weighted = spikes(encoder, x, steps, value).swapaxes(0, 1).astype(dtype)
    weighted *= (0.5 ** drive_shifts(encoder, steps, value))[:, None, None]
    return weighted


def drive_shifts(encoder: str, steps: int, value: int) -> NDArray[np.int64]:
    """Return int64[T]: how far the first layer's sum is shifted right in each step."""
    if encoder == "phase":
        return np.arange(steps) % value
    return np.zeros(steps, np.int64)


def spikes(encoder: str, x: NDArray[np.uint8], steps: int, value: int = 0) -> NDArray[np.bool_]:
    """Return bool[n, T, channels], the spikes of x uint8[n, channels]; none with direct."""
    times = np.arange(steps)[:, None]
    levels = x[:, None].astype(np.int64)
    if encoder == "rate":
        return _rate(levels, steps)
    if encoder == "bernoulli":
        return _draws(steps, x.shape[1], value) >> 8 < levels
    if encoder == "latency":
        return (times == ((255 - levels) * steps) >> 8) & (levels >= value)
    if encoder == "phase":
        return (levels >> (7 - times % value)) & 1 > 0
    return np.zeros((len(x), steps, x.shape[1]), np.bool_)


def synaptic_events(
    encoder: str, x: NDArray[np.uint8], made: Sequence[NDArray[Any]], value: int = 0
) -> float:
    """Return the synapses that an average sample makes work, the cost of an inference.

    Every spike counts the synapses it reaches; with the direct encoder every input that is not
    zero counts its synapses, once per sample.

    x       uint8[n, channels]
    made    a [n, T, neurons] of 0 and 1 per layer, from a float or an integer simulation
    """
    samples, steps, fan_out = made[0].shape
    inputs = x if encoder == "direct" else spikes(encoder, x, steps, value)
    events = np.count_nonzero(inputs) * fan_out
    for layer, reached in pairwise(made):
        events += np.count_nonzero(layer) * reached.shape[2]
    return events / samples


def _rate(levels: NDArray[np.int64], steps: int) -> NDArray[np.bool_]:
    """An 8-bit accumulator starts at 128, gains x in each step, and spikes when it overflows.

    After t steps it has therefore overflowed (128 + t * x) >> 8 times.
    """
    times = np.arange(steps + 1)[:, None]
    return np.diff((RATE_START + times * levels) >> 8, axis=1) > 0


def _draws(steps: int, channels: int, seed: int) -> NDArray[np.int64]:
    """Return int64[T, channels], 16-bit random numbers in the order of steps and channels.

    Source: Marsaglia, Xorshift RNGs, Journal of Statistical Software 8 (2003); shifts 7, 9, 8.
    """
    state, draws = seed, np.empty(steps * channels, np.int64)
    for i in range(len(draws)):
        state ^= state << 7 & 0xFFFF
        state ^= state >> 9
        state ^= state << 8 & 0xFFFF
        draws[i] = state
    return draws.reshape(steps, channels)
