"""Shapes of a convolution: kernel, stride, padding and the sum pooling before it.

Signals are flat, channels last: row by row, in a row pixel by pixel, in a pixel channel by channel. A
convolution over time has height 1. A dense layer on a pooled input has a kernel as large as that
input.
Source: LeCun et al., Gradient-Based Learning Applied to Document Recognition (1998), sec. II.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput
from spikert.network.tables import MAX_PARTS

Pair = tuple[int, int]
# The largest size that a .lif file can store.
MOST = 0xFFFF
# Most values of a sample in a simulation: the padded input, or the inputs at all places of the kernel.
MAX_VALUES = 1 << 24


@dataclass(frozen=True)
class Geometry:
    """The shape of a convolution; every pair is rows and columns.

    Attributes
    ----------
    size : (int, int)
        Size of the input, pixels.
    channels : int
        Channels of the input.
    kernel : (int, int)
        Size of the kernel, pixels.
    out : (int, int)
        Size of the output: one pixel per place of the kernel.
    stride : (int, int)
        Pixels from one place to the next.
    padding : (int, int)
        Pixels of zeros above and on the left of the (pooled) input. The input is also zero below and
        on the right, as far as the kernel reaches.
    pool : (int, int)
        Size of the windows, in pixels, in which the input is summed first. Leftover pixels are dropped.

    Raises
    ------
    SpikeletError
        If a field is not possible; it names the field.
    """

    size: Pair
    channels: int
    kernel: Pair
    out: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    pool: Pair = (1, 1)

    def __post_init__(self) -> None:
        for name, least in (("size", 1), ("kernel", 1), ("out", 1), ("stride", 1), ("pool", 1)):
            self._check(name, getattr(self, name), least)
        self._check("padding", self.padding, 0)
        self._check("channels", (self.channels,), 1)
        if min(self.pooled) < 1:
            raise RefusedInput(
                f"pool is {self.pool}; it must not be larger than the size {self.size}"
            )
        if self.stride[0] * self.stride[1] > MAX_PARTS:
            raise RefusedInput(
                f"stride is {self.stride}; rows times columns must be {MAX_PARTS} at most"
            )
        for name, count in (("inputs", self.inputs), ("pixels", self.pixels)):
            if count > MOST:
                raise RefusedInput(f"a convolution has {count} {name}; at most {MOST} fit a layer")
        self._check_values("its padded input", self.padded_inputs)
        self._check_values("its kernel at all places", self.pixels * self.fan_in)

    def _check_values(self, what: str, count: int) -> None:
        if count > MAX_VALUES:
            raise RefusedInput(
                f"a convolution needs {count:,} values for {what}, above {MAX_VALUES:,}; "
                "take less padding, a smaller kernel or fewer places"
            )

    def _check(self, name: str, values: tuple[int, ...], least: int) -> None:
        if min(values) < least or max(values) > MOST:
            raise RefusedInput(f"{name} is {values}; it must lie in {least}..{MOST}")

    @property
    def pooled(self) -> Pair:
        """Size of the input after pooling, pixels."""
        return self.size[0] // self.pool[0], self.size[1] // self.pool[1]

    @property
    def _padded(self) -> Pair:
        """Size of the pooled input with its margins, pixels."""
        (above, below), (left, right) = self._margins[1:3]
        return self.pooled[0] + above + below, self.pooled[1] + left + right

    @property
    def padded_inputs(self) -> int:
        """Number of pooled inputs with their margins."""
        return math.prod(self._padded) * self.channels

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.size[0] * self.size[1] * self.channels

    @property
    def pixels(self) -> int:
        """Number of places of the kernel; each place has a neuron per map."""
        return self.out[0] * self.out[1]

    @property
    def fan_in(self) -> int:
        """Number of weights of a neuron: kernel rows, kernel columns, channels, the last fastest."""
        return self.kernel[0] * self.kernel[1] * self.channels

    @property
    def most_inputs(self) -> int:
        """Number of inputs that share a weight of one neuron, because pooling adds them."""
        return self.pool[0] * self.pool[1]

    def unfold(self, signal: NDArray[Any]) -> NDArray[Any]:
        """Return the inputs at each place of the kernel.

        Parameters
        ----------
        signal : array[..., inputs]

        Returns
        -------
        array[..., pixels, fan_in]
        """
        *leading, _ = signal.shape
        pooled = self._pooled(signal.reshape(-1, *self.size, self.channels))
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(pooled, self._margins), self.kernel, axis=(1, 2)
        )
        rows, columns = (slice(None, n * s, s) for n, s in zip(self.out, self.stride, strict=True))
        patches = windows[:, rows, columns].transpose(0, 1, 2, 4, 5, 3)
        return patches.reshape(*leading, self.pixels, self.fan_in)

    def fold(self, unfolded: NDArray[Any]) -> NDArray[Any]:
        """Return the transpose of `unfold`: each value is added to the input that it comes from.

        Parameters
        ----------
        unfolded : array[..., pixels, fan_in]

        Returns
        -------
        array[..., inputs]
        """
        *leading, _, _ = unfolded.shape
        patches = unfolded.reshape(-1, *self.out, *self.kernel, self.channels)
        above, left = self.padding
        height, width = self.pooled
        padded = np.zeros((len(patches), *self._padded, self.channels), unfolded.dtype)
        spans = [n * s for n, s in zip(self.out, self.stride, strict=True)]
        for row in range(self.kernel[0]):
            for column in range(self.kernel[1]):
                rows = slice(row, row + spans[0], self.stride[0])
                columns = slice(column, column + spans[1], self.stride[1])
                padded[:, rows, columns] += patches[:, :, :, row, column]
        inside = padded[:, above : above + height, left : left + width]
        return self._unpooled(inside).reshape(*leading, self.inputs)

    @cached_property
    def reached(self) -> NDArray[np.int64]:
        """int64[inputs], the number of kernel places that contain each input."""
        return self.fold(np.ones((self.pixels, self.fan_in), np.int64))

    @property
    def _margins(self) -> tuple[Pair, Pair, Pair, Pair]:
        """Zeros around the pooled input [n, rows, columns, channels], as far as the kernel reaches."""
        far = [
            max(0, (n - 1) * s + k - p - size)
            for n, s, k, p, size in zip(
                self.out, self.stride, self.kernel, self.padding, self.pooled, strict=True
            )
        ]
        return (0, 0), (self.padding[0], far[0]), (self.padding[1], far[1]), (0, 0)

    def _pooled(self, images: NDArray[Any]) -> NDArray[Any]:
        if self.pool == (1, 1):
            return images
        (height, width), (rows, columns) = self.pooled, self.pool
        whole = images[:, : height * rows, : width * columns]
        windows = whole.reshape(len(images), height, rows, width, columns, self.channels)
        wide = windows.dtype if windows.dtype.kind == "f" else np.int64
        return windows.sum(axis=(2, 4), dtype=wide)

    def _unpooled(self, pooled: NDArray[Any]) -> NDArray[Any]:
        """Return the transpose of `_pooled`: every input gets the value of its window."""
        if self.pool == (1, 1):
            return pooled
        spread = pooled.repeat(self.pool[0], axis=1).repeat(self.pool[1], axis=2)
        missing = (self.size[0] - spread.shape[1], self.size[1] - spread.shape[2])
        return np.pad(spread, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)))


def weighted(
    signal: NDArray[Any], weights: NDArray[Any], geometry: Geometry | None
) -> NDArray[Any]:
    """Return the weighted sums of a signal.

    Parameters
    ----------
    signal : array[..., inputs]
    weights : array[fan-in, maps]
        Without a geometry fan-in is inputs, and maps are neurons.
    geometry : Geometry or None

    Returns
    -------
    array[..., neurons]
    """
    if geometry is None:
        return signal @ weights
    sums = geometry.unfold(signal) @ weights
    return sums.reshape(*signal.shape[:-1], -1)


def fan_out(inputs: int, maps: int, geometry: Geometry | None) -> NDArray[np.int64]:
    """Return int64[inputs], the number of neurons that each input reaches (its synapses)."""
    if geometry is None:
        return np.full(inputs, maps)
    return geometry.reached * maps
