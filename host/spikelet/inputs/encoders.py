"""Numbers to spikes, as the host computes them: every encoder, vectorised over samples.

An encoder turns x, 0..255 per channel, into spikes in T steps; `direct` makes none, and weighs the
first layer's inputs by x instead. Each has at most one parameter, called `value` below:

direct     -
rate       -
bernoulli  seed of the random numbers, 1..65535
latency    the least x that spikes at all, 0..255
phase      period in steps, 1..8
delta      by how much x must change for a spike, 1..255; two inputs a channel: up, then down

In a stream T steps follow on each sample; rate, bernoulli and delta go on where they were.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import SpikeletError
from spikert.network.tables import ENCODERS

RATE_START = 128  # half a spike, so that rounding favours neither more spikes nor fewer
DIRECT_SCALE = 256  # the integers shift their sum right by 8
PARAMETERS = {"bernoulli": (1, 0xFFFF), "latency": (0, 255), "phase": (1, 8), "delta": (1, 255)}
"""The least and the largest parameter of the encoders that have one."""
DEFAULTS = {"bernoulli": 0xACE1, "latency": 64, "phase": 8, "delta": 8}


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


def inputs(encoder: str, channels: int) -> int:
    """Return the number of the first layer's inputs."""
    return 2 * channels if encoder == "delta" else channels


def signal(
    encoder: str,
    x: NDArray[np.uint8],
    steps: int,
    value: int = 0,
    dtype: DTypeLike = np.float64,
) -> FloatArray:
    """Return what the first layer's weights are multiplied by.

    x    uint8[n, channels]; of a stream uint8[n, samples, channels], which counts as so many times T
         steps

    direct  dtype[1, n, channels], x / 256, the same in each step; of a stream [T, n, channels]
    others  dtype[T, n, inputs], 0 or 1; with phase, 2**-k in step k of a period
    """
    if encoder == "direct":
        levels = x[None] if x.ndim == 2 else x.swapaxes(0, 1).repeat(steps, axis=0)
        return (levels / DIRECT_SCALE).astype(dtype)
    weighted = spikes(encoder, x, steps, value).swapaxes(0, 1).astype(dtype)
    samples = len(weighted) // steps
    weighted *= (0.5 ** np.tile(drive_shifts(encoder, steps, value), samples))[:, None, None]
    return weighted


def drive_shifts(encoder: str, steps: int, value: int) -> NDArray[np.int64]:
    """Return int64[T]: how far the first layer's sum is shifted right in each step of a sample."""
    if encoder == "phase":
        return np.arange(steps) % value
    return np.zeros(steps, np.int64)


def spikes(encoder: str, x: NDArray[np.uint8], steps: int, value: int = 0) -> NDArray[np.bool_]:
    """Return bool[n, T, inputs], the spikes of x uint8[n, channels]; none with direct.

    Of x uint8[n, samples, channels], a stream, bool[n, samples * T, inputs].
    """
    return Encoder(encoder, steps, value).spikes(x if x.ndim == 3 else x[:, None])


class Encoder:
    """An encoder whose state lasts, so that a stream can be encoded part by part.

    kind     one of tables.ENCODERS
    steps    T, of each sample
    value    its parameter
    """

    def __init__(self, kind: str, steps: int, value: int) -> None:
        self.kind = kind
        self.steps = steps
        self.value = value
        self._sums: NDArray[np.uint8] = np.array(RATE_START, np.uint8)
        self._draw = value
        self._reference: NDArray[np.int16] | None = None

    def spikes(self, x: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return bool[n, samples * T, inputs], the spikes of the next uint8[n, samples, channels].

        In memory, steps come first.
        """
        levels = x.astype(np.uint8, copy=False).swapaxes(0, 1)
        if self.kind == "rate":
            made = self._rate(levels)
        elif self.kind == "delta":
            made = self._delta(levels)
        else:
            made = self._each(levels).reshape(len(levels) * self.steps, *levels.shape[1:])
        return made.swapaxes(0, 1)

    def _each(self, levels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return bool[samples, T, n, channels] of uint8[samples, n, channels], each for itself."""
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
        """An 8-bit accumulator starts at 128, gains x in each step, and spikes when it overflows."""
        made = np.empty((len(levels) * self.steps, *levels.shape[1:]), np.bool_)
        sums = self._sums
        for t, fired in enumerate(made):
            before, sums = sums, sums + levels[t // self.steps]  # modulo 256: less where it carried
            np.less(sums, before, out=fired)
        self._sums = sums
        return made

    def _draws(self, shape: tuple[int, ...]) -> NDArray[np.uint16]:
        """Return so many of the next 16-bit random numbers, in the order of steps and channels."""
        draws, self._draw = xorshift(self._draw, math.prod(shape))
        return draws.reshape(shape)

    def _delta(self, levels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """A reference starts at the first x, and follows in steps of the parameter, a spike each."""
        samples, n, channels = levels.shape
        made = np.zeros((samples * self.steps, n, channels, 2), np.bool_)  # of each: up, down
        reference = self._reference
        if reference is None:
            reference = levels[0].astype(np.int16)
        for t, step in enumerate(made):
            ahead = levels[t // self.steps] - reference
            up, down = step[..., 0], step[..., 1]
            np.greater_equal(ahead, self.value, out=up)
            np.less_equal(ahead, -self.value, out=down)
            reference = reference + self.value * (up.astype(np.int16) - down)
        self._reference = reference
        return made.reshape(samples * self.steps, n, 2 * channels)


@lru_cache(maxsize=4)  # the same for all samples that start anew
def xorshift(state: int, count: int) -> tuple[NDArray[np.uint16], int]:
    """Return so many 16-bit random numbers, and the state after them.

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
