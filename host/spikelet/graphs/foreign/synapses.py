"""Fold all nodes between two layers of neurons in a NIR graph to one convolution.

Everything without a state is a convolution. A matrix has a kernel as large as its input. Factors per
channel are a kernel of a single pixel, and pooling is a kernel of ones. Two convolutions in a row are
one as well:

    kernel = k1 + (k2 - 1) s1,  stride = s1 s2,  padding = p1 + s1 p2

Every place of the second kernel adds the first, shifted by s1. This fails if the second pads with
zeros at places to which the first gives other values; such graphs are refused. A first pooling with
adjacent windows stays a pooling, because the integer network can pool.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from spikelet.arrays import Float64Array
from spikelet.errors import RefusedInput
from spikelet.graphs.axes import Grid, Shape, pixel_grid
from spikelet.networks.geometry import Geometry, Pair

# Neurons without synapses before them: more would have more than 2**24 weights.
MAX_DIAGONAL = 4096
# Weights of convolutions that are folded into one.
MAX_WEIGHTS = 1 << 24


class KernelWindow(NamedTuple):
    """A kernel and its places; every pair is rows and columns.

    Attributes
    ----------
    weights : float64[rows, columns, channels, maps]
    out : (int, int)
        Number of places.
    stride : (int, int)
        Distance from one place to the next.
    padding : (int, int)
        Zeros above and on the left; the places determine those below and on the right.
    """

    weights: Float64Array
    out: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)


@dataclass
class Synapses:
    """The nodes before the next neurons, folded.

    Methods raise SpikeletError, without the node's name, if no convolution is equivalent.

    Attributes
    ----------
    source : Grid
        The grid of the input.
    shape : tuple of int
        The shape of the output in NIR.
    bias : float64[maps]
    factors : float64[rows, columns, channels]
        Factors of the values after pooling.
    samples : bool
        Whether the input are the samples, so that their order may still be chosen.
    pool : (int, int)
        Rows and columns of the windows that sum the input first.
    window : KernelWindow or None
        The convolution after pooling and factors; None: there is none yet.
    names : list of str
        The folded nodes.
    """

    source: Grid
    shape: Shape
    bias: Float64Array
    factors: Float64Array
    samples: bool = False
    pool: Pair = (1, 1)
    window: KernelWindow | None = None
    names: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Number of output values."""
        return math.prod(self.shape)

    @property
    def grid(self) -> Grid:
        """The grid of the output."""
        if self.window:
            return Grid(self.window.out, self.window.weights.shape[-1])
        rows, columns, channels = self.factors.shape
        return Grid((rows, columns), channels)

    def flatten(self) -> None:
        """Flatten the values. Samples that no node used as an image stay in NIR's order."""
        if self.samples and self.window is None and self.pool == (1, 1):
            self.source = Grid((1, 1), self.source.values)
            self.factors = self.factors.transpose(2, 0, 1).reshape(1, 1, -1)
            self.bias = np.zeros(self.source.values)
        self.shape = (self.width,)

    def scale(self, factors: Float64Array) -> None:
        """Append a multiplication.

        Parameters
        ----------
        factors : float64[shape]
        """
        grid = self.grid
        image = np.moveaxis(factors.reshape(grid.channels, *grid.size), 0, -1)
        if self.window is None:
            self.factors = self.factors * image
            return
        each = _per_channel(image)
        self.window = self.window._replace(weights=self.window.weights * each)
        self.bias = self.bias * each

    def multiply(self, matrix: Float64Array, bias: Float64Array) -> None:
        """Append a matrix and a bias.

        Parameters
        ----------
        matrix : float64[width, outputs]
        bias : float64[outputs]
        """
        grid, outputs = self.grid, len(bias)
        rows = np.empty_like(matrix)
        rows[grid.order] = matrix
        kernel = rows.reshape(*grid.size, grid.channels, outputs)
        self.convolve(KernelWindow(kernel, out=(1, 1)), bias)
        self.shape = (outputs,)

    def convolve(self, after: KernelWindow, bias: Float64Array) -> None:
        """Append a convolution and a bias.

        Parameters
        ----------
        after : KernelWindow
        bias : float64[maps]
        """
        if self.window is None:
            scaled = after.weights * _kernel_factors(self.factors, after)[..., None]
            self.window, self.bias = after._replace(weights=scaled), bias
        else:
            self._check_padding(self.window, after)
            self.window = _composed(self.window, after)
            self.bias = self.bias @ after.weights.sum(axis=(0, 1)) + bias
        self.shape = (len(bias), *after.out[3 - len(self.shape) :])

    def pool_windows(self, window: Pair, stride: Pair, padding: Pair, factor: float) -> None:
        """Append sums over windows, multiplied by a factor."""
        size, channels = self.grid.size, self.grid.channels
        out = places(size, window, stride, padding)
        if self.window is None and window == stride and padding == (0, 0):
            each = _per_channel(self.factors) * factor
            self.pool = self.pool[0] * window[0], self.pool[1] * window[1]
            self.factors = np.tile(each, (*out, 1))
        else:
            check_count(math.prod(window) * channels**2)
            ones = np.broadcast_to(np.eye(channels) * factor, (*window, channels, channels))
            self.convolve(KernelWindow(ones, out, stride, padding), np.zeros(channels))
        self.shape = (channels, *out)

    def fold(self, name: str) -> str:
        """Note that a node is folded, and return the end of its entry in the report."""
        earlier = " and ".join(map(repr, self.names))
        self.names.append(name)
        return f", folded into {earlier}" if earlier else ""

    def weights(self) -> tuple[Float64Array, Geometry | None]:
        """Return float64[fan-in, maps] and the geometry of a convolution, as in FloatLayer."""
        window = self._inside(self.window or self._passing())
        rows = window.weights.reshape(-1, window.weights.shape[-1])
        *kernel, _, _ = window.weights.shape
        whole = window.out == (1, 1) and window.padding == (0, 0)
        if self.pool == (1, 1) and whole and tuple(kernel) == self.source.size:
            return rows, None
        geometry = Geometry(
            size=self.source.size,
            channels=self.source.channels,
            kernel=(kernel[0], kernel[1]),
            out=window.out,
            stride=window.stride,
            padding=window.padding,
            pool=self.pool,
        )
        return rows, geometry

    def _passing(self) -> KernelWindow:
        """Return a kernel that passes each channel on by itself; raises SpikeletError if too large."""
        rows, columns, channels = self.factors.shape
        if channels > MAX_DIAGONAL:
            raise RefusedInput(
                f"{channels} neurons have no Linear or Affine node before them, and would need "
                f"{channels} x {channels} weights; at most {MAX_DIAGONAL} can be imported"
            )
        return KernelWindow(np.diag(_per_channel(self.factors))[None, None], out=(rows, columns))

    def _inside(self, window: KernelWindow) -> KernelWindow:
        """Return a window with a single place without the padding around the input."""
        size, (top, left) = self.factors.shape[:2], window.padding
        kernel = window.weights[top : top + size[0], left : left + size[1]]
        if window.out != (1, 1) or kernel.shape[:2] != size:
            return window
        return KernelWindow(kernel, out=(1, 1))

    def _check_padding(self, before: KernelWindow, after: KernelWindow) -> None:
        """Raise SpikeletError if `after` pads with zeros where `before` gives other values."""
        for axis in (0, 1):
            size, out = self.factors.shape[axis], before.out[axis]
            kernel, stride = before.weights.shape[axis], before.stride[axis]
            end = (after.out[axis] - 1) * after.stride[axis] + after.weights.shape[axis]
            near, far = after.padding[axis] > 0, end - after.padding[axis] > out
            alike = (not near or kernel <= stride + before.padding[axis]) and (
                not far or out * stride - before.padding[axis] >= size
            )
            if (near or far) and (self.bias.any() or not alike):
                raise RefusedInput(
                    "pads with zeros where the nodes before it give other values: without neurons "
                    "between them, no single convolution equals them all; leave out its padding"
                )


def passing(source: Grid, shape: Shape, *, samples: bool = False) -> Synapses:
    """Return synapses that pass values on unchanged; parameters as in Synapses."""
    ones = np.ones((*source.size, source.channels))
    return Synapses(source, shape, np.zeros(source.channels), ones, samples)


def of_samples(shape: Shape) -> Synapses:
    """Return synapses that pass on samples of NIR's shape; more than three axes are flattened."""
    flat = shape if len(shape) <= 3 else (math.prod(shape),)
    return passing(pixel_grid(flat), flat, samples=True)


def places(size: Pair, kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    """Return the number of places of a kernel, rows and columns.

    Raises
    ------
    SpikeletError
        If the kernel is larger than its input with padding.
    """
    space = [n + 2 * p - k for n, p, k in zip(size, padding, kernel, strict=True)]
    if min(space) < 0:
        raise RefusedInput(
            f"has a kernel of {kernel[0]} x {kernel[1]} pixels, more than the "
            f"{size[0]} x {size[1]} of its input with a padding of {padding[0]} and {padding[1]}"
        )
    return space[0] // stride[0] + 1, space[1] // stride[1] + 1


def _per_channel(image: Float64Array) -> Float64Array:
    """Return float64[channels] of factors float64[rows, columns, channels], equal at all pixels."""
    if (image != image[0, 0]).any() and image.shape[:2] != (1, 1):
        raise RefusedInput(
            "scales the pixels of one channel by different factors, "
            "where a convolution has one for all of them"
        )
    return image[0, 0]


def _kernel_factors(factors: Float64Array, after: KernelWindow) -> Float64Array:
    """Return the factors of a kernel's weights that are equivalent to `factors` before it."""
    whole = after.weights.shape[:2] == factors.shape[:2] and after.out == (1, 1)
    return factors if whole and after.padding == (0, 0) else _per_channel(factors)


def _composed(before: KernelWindow, after: KernelWindow) -> KernelWindow:
    """Return the one convolution that is equivalent to two."""
    down, right = before.stride
    rows, columns, _, maps = after.weights.shape
    height, width, channels, _ = before.weights.shape
    shape = height + (rows - 1) * down, width + (columns - 1) * right, channels, maps
    check_count(math.prod(shape))
    weights = np.zeros(shape)
    for row in range(rows):
        for column in range(columns):
            top, left = row * down, column * right
            weights[top : top + height, left : left + width] += (
                before.weights @ after.weights[row, column]
            )
    return KernelWindow(
        weights,
        out=after.out,
        stride=(down * after.stride[0], right * after.stride[1]),
        padding=(
            before.padding[0] + down * after.padding[0],
            before.padding[1] + right * after.padding[1],
        ),
    )


def check_count(count: int) -> None:
    """Check that a kernel is not too large to be intended.

    Raises
    ------
    SpikeletError
        If `count` weights are more than MAX_WEIGHTS.
    """
    if count > MAX_WEIGHTS:
        raise RefusedInput(
            f"would need {count} weights with the nodes before it; at most {MAX_WEIGHTS} can be folded"
        )
