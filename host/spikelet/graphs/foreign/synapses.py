"""What lies between two layers of neurons in a NIR graph, folded into one matrix or one kernel.

Everything that has no state is a convolution: a matrix has a kernel as large as its input, a factor for
each channel one of a single pixel, pooling one of ones. Two convolutions in a row are one as well,

    kernel = k1 + (k2 - 1) s1,  stride = s1 s2,  padding = p1 + s1 p2

with every place of the second kernel adding the first, shifted by s1. That holds unless the second is
padded with zeros where the first would find more than zeros, which is refused. Pooling that comes first
in windows side by side stays as it is, for the integer network can pool.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from spikelet.arrays import Float64Array
from spikelet.errors import SpikeletError
from spikelet.graphs.axes import Grid, Shape, grid
from spikelet.networks.geometry import Geometry, Pair

MAX_DIAGONAL = 4096  # neurons without synapses before them: more would make 2**24 weights and more
MAX_WEIGHTS = 1 << 24  # of convolutions that are folded into one


class Window(NamedTuple):
    """A kernel and its places; every pair is rows and columns.

    weights  float64[rows, columns, channels, maps]
    out      places
    stride   from one place to the next
    padding  zeros above and on the left; below and on the right as many as the places need
    """

    weights: Float64Array
    out: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)


@dataclass
class Synapses:
    """What lies before the next neurons.

    source   where its input stands
    shape    of what comes out, in NIR
    bias     float64[maps]
    samples  whether its input are the samples, whose order nobody else knows of
    pool     the input is summed in windows of so many rows and columns first
    factors  float64[rows, columns, channels], what is pooled is multiplied by
    window   the convolution after that; None: there is none yet
    names    the nodes that were folded into it
    Methods raise SpikeletError, without the node's name, where no convolution does the same.
    """

    source: Grid
    shape: Shape
    bias: Float64Array
    factors: Float64Array
    samples: bool = False
    pool: Pair = (1, 1)
    window: Window | None = None
    names: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Number of values that come out."""
        return math.prod(self.shape)

    @property
    def grid(self) -> Grid:
        """Where what comes out stands."""
        if self.window:
            return Grid(self.window.out, self.window.weights.shape[-1])
        rows, columns, channels = self.factors.shape
        return Grid((rows, columns), channels)

    def flatten(self) -> None:
        """Forget the shape. Samples that nothing has looked at as an image stay in NIR's order."""
        if self.samples and self.window is None and self.pool == (1, 1):
            self.source = Grid((1, 1), self.source.values)
            self.factors = self.factors.transpose(2, 0, 1).reshape(1, 1, -1)
            self.bias = np.zeros(self.source.values)
        self.shape = (self.width,)

    def scale(self, factors: Float64Array) -> None:
        """Append a multiplication by factors float64[shape]."""
        found = self.grid
        image = np.moveaxis(factors.reshape(found.channels, *found.size), 0, -1)
        if self.window is None:
            self.factors = self.factors * image
            return
        each = _per_channel(image)
        self.window = self.window._replace(weights=self.window.weights * each)
        self.bias = self.bias * each

    def multiply(self, matrix: Float64Array, bias: Float64Array) -> None:
        """Append a matrix float64[width, outputs] and a bias float64[outputs]."""
        found, outputs = self.grid, len(bias)
        rows = np.empty_like(matrix)
        rows[found.order] = matrix
        kernel = rows.reshape(*found.size, found.channels, outputs)
        self.convolve(Window(kernel, out=(1, 1)), bias)
        self.shape = (outputs,)

    def convolve(self, after: Window, bias: Float64Array) -> None:
        """Append a convolution with a bias float64[maps]."""
        if self.window is None:
            scaled = after.weights * _kernel_factors(self.factors, after)[..., None]
            self.window, self.bias = after._replace(weights=scaled), bias
        else:
            self._check_padding(self.window, after)
            self.window = _composed(self.window, after)
            self.bias = self.bias @ after.weights.sum(axis=(0, 1)) + bias
        self.shape = (len(bias), *after.out[3 - len(self.shape) :])

    def pool_windows(self, window: Pair, stride: Pair, padding: Pair, factor: float) -> None:
        """Append sums over windows, times a factor."""
        size, channels = self.grid.size, self.grid.channels
        out = places(size, window, stride, padding)
        if self.window is None and window == stride and padding == (0, 0):
            each = _per_channel(self.factors) * factor
            self.pool = self.pool[0] * window[0], self.pool[1] * window[1]
            self.factors = np.tile(each, (*out, 1))
        else:
            check_count(math.prod(window) * channels**2)
            ones = np.broadcast_to(np.eye(channels) * factor, (*window, channels, channels))
            self.convolve(Window(ones, out, stride, padding), np.zeros(channels))
        self.shape = (channels, *out)

    def fold(self, name: str) -> str:
        """Note a node as a part of the whole, and return what to say of it."""
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

    def _passing(self) -> Window:
        """Return what passes each channel on by itself."""
        rows, columns, channels = self.factors.shape
        if channels > MAX_DIAGONAL:
            raise SpikeletError(
                f"{channels} neurons have no Linear or Affine node before them, and would need "
                f"{channels} x {channels} weights; at most {MAX_DIAGONAL} can be imported"
            )
        return Window(np.diag(_per_channel(self.factors))[None, None], out=(rows, columns))

    def _inside(self, window: Window) -> Window:
        """Return a window with a single place without what lies outside the input."""
        size, (top, left) = self.factors.shape[:2], window.padding
        kernel = window.weights[top : top + size[0], left : left + size[1]]
        if window.out != (1, 1) or kernel.shape[:2] != size:
            return window
        return Window(kernel, out=(1, 1))

    def _check_padding(self, before: Window, after: Window) -> None:
        """Raise SpikeletError where `after` pads with zeros what is not zero in `before`."""
        for axis in (0, 1):
            size, out = self.factors.shape[axis], before.out[axis]
            kernel, stride = before.weights.shape[axis], before.stride[axis]
            end = (after.out[axis] - 1) * after.stride[axis] + after.weights.shape[axis]
            near, far = after.padding[axis] > 0, end - after.padding[axis] > out
            alike = (not near or kernel <= stride + before.padding[axis]) and (
                not far or out * stride - before.padding[axis] >= size
            )
            if (near or far) and (self.bias.any() or not alike):
                raise SpikeletError(
                    "pads with zeros what is not zero: without neurons between them, no single "
                    "convolution does what it and the nodes before it do; leave out its padding"
                )


def passing(source: Grid, shape: Shape, *, samples: bool = False) -> Synapses:
    """Return what passes values on as they are; fields as in Synapses."""
    ones = np.ones((*source.size, source.channels))
    return Synapses(source, shape, np.zeros(source.channels), ones, samples)


def of_samples(shape: Shape) -> Synapses:
    """Return what passes samples of NIR's shape on; beyond three axes it means nothing."""
    flat = shape if len(shape) <= 3 else (math.prod(shape),)
    return passing(grid(flat), flat, samples=True)


def places(size: Pair, kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    """Return how many places a kernel has; raises SpikeletError where it has none."""
    room = [n + 2 * p - k for n, p, k in zip(size, padding, kernel, strict=True)]
    if min(room) < 0:
        raise SpikeletError(
            f"has a kernel of {kernel[0]} x {kernel[1]} pixels, more than the "
            f"{size[0]} x {size[1]} of its input with a padding of {padding[0]} and {padding[1]}"
        )
    return room[0] // stride[0] + 1, room[1] // stride[1] + 1


def _per_channel(image: Float64Array) -> Float64Array:
    """Return float64[channels] of factors float64[rows, columns, channels], alike at all pixels."""
    if (image != image[0, 0]).any() and image.shape[:2] != (1, 1):
        raise SpikeletError(
            "scales the pixels of one channel by different factors, "
            "where a convolution has one for all of them"
        )
    return image[0, 0]


def _kernel_factors(factors: Float64Array, after: Window) -> Float64Array:
    """Return what a kernel's weights are multiplied by for factors before it."""
    whole = after.weights.shape[:2] == factors.shape[:2] and after.out == (1, 1)
    return factors if whole and after.padding == (0, 0) else _per_channel(factors)


def _composed(before: Window, after: Window) -> Window:
    """Return the one convolution that does what two do."""
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
    return Window(
        weights,
        out=after.out,
        stride=(down * after.stride[0], right * after.stride[1]),
        padding=(
            before.padding[0] + down * after.padding[0],
            before.padding[1] + right * after.padding[1],
        ),
    )


def check_count(count: int) -> None:
    """Raise SpikeletError where a kernel would have so many weights that it is hardly meant."""
    if count > MAX_WEIGHTS:
        raise SpikeletError(
            f"would need {count} weights with the nodes before it; at most {MAX_WEIGHTS} can be folded"
        )
