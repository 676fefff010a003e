"""Encoders on the host: turn numbers into spikes, vectorised over samples.

An encoder turns x, 0..255 per channel, into spikes in T steps. `direct` makes no spikes: it weighs the
first layer's inputs by x. Each encoder has at most one parameter, called `value` below:

direct     -
rate       -
bernoulli  seed of the random numbers, 1..65535
latency    the least x that spikes, 0..255
phase      period in steps, 1..8
delta      change of x that makes a spike, 1..255; two inputs per channel: up, then down

In a stream each sample takes T steps, and rate, bernoulli and delta keep their state from sample to
sample.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import UsageError
from spikert.network.tables import ENCODERS

# Half a spike, so that rounding favours neither more spikes nor fewer.
RATE_START = 128
# The integer network shifts the sum of a direct drive right by 8.
DIRECT_SCALE = 256
PARAMETERS = {"bernoulli": (1, 0xFFFF), "latency": (0, 255), "phase": (1, 8), "delta": (1, 255)}
"""The least and the largest parameter of the encoders that have one."""
DEFAULTS = {"bernoulli": 0xACE1, "latency": 64, "phase": 8, "delta": 8}


def parameter(encoder: str, value: int | None) -> int:
    """Return the parameter of an encoder: `value`, or the default if it is None."""
    return DEFAULTS.get(encoder, 0) if value is None else value


def check_encoder(encoder: str, value: int) -> None:
    """Raise SpikeletError unless the encoder exists and can have this parameter."""
    if encoder not in ENCODERS:
        raise UsageError(f"encoder is {encoder!r}; it must be one of {', '.join(ENCODERS)}")
    least, most = PARAMETERS.get(encoder, (0, 0))
    if not least <= value <= most:
        raise UsageError(f"encoder {encoder} has parameter {value}; it must be in {least}..{most}")


def inputs(encoder: str, channels: int) -> int:
    """Return the number of inputs of the first layer."""
    return 2 * channels if encoder == "delta" else channels


def input_events(encoder: str, x: NDArray[np.uint8], encoded: NDArray[Any]) -> NDArray[np.int64]:
    """Return how often each input has an event, in all samples together.

    Parameters
    ----------
    encoder : str
    x : uint8[..., channels]
        With direct, an input has an event in each sample whose value is not zero.
    encoded : array[..., inputs]
        With other encoders, an input has an event in each step whose value is not zero.

    Returns
    -------
    int64[inputs]
    """
    values = x if encoder == "direct" else encoded
    return np.count_nonzero(values.reshape(-1, values.shape[-1]), axis=0)


def signal(
    encoder: str,
    x: NDArray[np.uint8],
    steps: int,
    value: int = 0,
    dtype: DTypeLike = np.float64,
) -> FloatArray:
    """Return the values that the weights of the first layer multiply.

    Parameters
    ----------
    encoder : str
    x : uint8[n, channels] or uint8[n, samples, channels]
        Three dimensions are a stream, which takes samples * steps steps.
    steps : int
        Steps per sample.
    value : int
        Parameter of the encoder.
    dtype : dtype
        Type of the result.

    Returns
    -------
    dtype[T, n, inputs]
        0 or 1; with phase 2**-k in step k of a period. With direct x / 256, which is
        [1, n, channels] if all steps are the same, and [T, n, channels] for a stream.
    """
    if encoder == "direct":
        levels = x[None] if x.ndim == 2 else x.swapaxes(0, 1).repeat(steps, axis=0)
        return (levels / DIRECT_SCALE).astype(dtype)
    weighted = spikes(encoder, x, steps, value).swapaxes(0, 1).astype(dtype)
    samples = len(weighted) // steps
    weighted *= (0.5 ** np.tile(drive_shifts(encoder, steps, value), samples))[:, None, None]
    return weighted


def drive_shifts(encoder: str, steps: int, value: int) -> NDArray[np.int64]:
    """Return int64[T], the right shift of the first layer's sum in each step of a sample."""
    if encoder == "phase":
        return np.arange(steps) % value
    return np.zeros(steps, np.int64)


def spikes(encoder: str, x: NDArray[np.uint8], steps: int, value: int = 0) -> NDArray[np.bool_]:
    """Return the spikes of samples; the encoder direct makes no spikes.

    Parameters
    ----------
    encoder : str
    x : uint8[n, channels] or uint8[n, samples, channels]
        Three dimensions are a stream.
    steps : int
        T, steps per sample.
    value : int
        Parameter of the encoder.

    Returns
    -------
    bool[n, T, inputs] or bool[n, samples * T, inputs]
    """
    return Encoder(encoder, steps, value).spikes(x if x.ndim == 3 else x[:, None])


class Encoder:
    """An encoder that keeps its state, so that a stream can be encoded part by part.

    Attributes
    ----------
    kind : str
        A name in tables.ENCODERS.
    steps : int
        T, steps per sample.
    value : int
        Parameter of the encoder.
    """

    def __init__(self, kind: str, steps: int, value: int) -> None:
        self.kind = kind
        self.steps = steps
        self.value = value
        self._sums: NDArray[np.uint8] = np.array(RATE_START, np.uint8)
        self._draw = value
        self._reference: NDArray[np.int16] | None = None

    def spikes(self, x: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return the spikes of the next samples of a stream.

        Parameters
        ----------
        x : uint8[n, samples, channels]

        Returns
        -------
        bool[n, samples * T, inputs]
            In memory, steps come first.
        """
        levels = x.astype(np.uint8, copy=False).swapaxes(0, 1)
        if self.kind == "rate":
            encoded = self._rate(levels)
        elif self.kind == "delta":
            encoded = self._delta(levels)
        else:
            encoded = self._each(levels).reshape(len(levels) * self.steps, *levels.shape[1:])
        return encoded.swapaxes(0, 1)

    def _each(self, levels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Encode uint8[samples, n, channels] without state, as bool[samples, T, n, channels]."""
        t, x = np.arange(self.steps)[:, None, None], levels[:, None]
        if self.kind == "bernoulli":
            return self._draws((len(levels), self.steps, 1, levels.shape[2])) >> 8 < x
        if self.kind == "latency":
            times = (255 - x.astype(np.int32)) * self.steps >> 8
            return (times == t) & (x >= self.value)
        if self.kind == "phase":
            return (x >> (7 - t % self.value).astype(np.uint8)) & 1 > 0
        return np.zeros((len(levels), self.steps, *levels.shape[1:]), np.bool_)

    def _rate(self, levels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Add x to an 8-bit accumulator, 128 at first, in each step; an overflow is a spike."""
        spikes = np.empty((len(levels) * self.steps, *levels.shape[1:]), np.bool_)
        sums = self._sums
        for t, fired in enumerate(spikes):
            # Sums are modulo 256: a sum that carried is less than the one before.
            before, sums = sums, sums + levels[t // self.steps]
            np.less(sums, before, out=fired)
        self._sums = sums
        return spikes

    def _draws(self, shape: tuple[int, ...]) -> NDArray[np.uint16]:
        """Return the next 16-bit random numbers in this shape, in the order of steps and channels."""
        draws, self._draw = xorshift(self._draw, math.prod(shape))
        return draws.reshape(shape)

    def _delta(self, levels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Move a reference, the first x at first, towards x by the parameter; a move is a spike."""
        samples, n, channels = levels.shape
        # The last axis is up, down.
        spikes = np.zeros((samples * self.steps, n, channels, 2), np.bool_)
        reference = self._reference
        if reference is None:
            reference = levels[0].astype(np.int16)
        for t, step in enumerate(spikes):
            ahead = levels[t // self.steps] - reference
            up, down = step[..., 0], step[..., 1]
            np.greater_equal(ahead, self.value, out=up)
            np.less_equal(ahead, -self.value, out=down)
            reference = reference + self.value * (up.astype(np.int16) - down)
        self._reference = reference
        return spikes.reshape(samples * self.steps, n, 2 * channels)


# All samples that start anew draw the same numbers.
@lru_cache(maxsize=4)
def xorshift(state: int, count: int) -> tuple[NDArray[np.uint16], int]:
    """Return `count` 16-bit random numbers, and the state after them.

    Source: Marsaglia, Xorshift RNGs, Journal of Statistical Software 8 (2003); shifts 7, 9, 8.
    """
    draws = np.empty(count, np.uint16)
    for i in range(count):
        state ^= state << 7 & 0xFFFF
        state ^= state >> 9
        state ^= state << 8 & 0xFFFF
        draws[i] = state
    draws.flags.writeable = False
    return draws, state
