"""A convolution's kernel as NIR can express it: with the same padding on both sides, and square.

Where Spikelet's input ends before the kernel's last place, or goes on after it, zeros around the kernel
say the same: a kernel with more rows of zeros above moves the places up, one with more below leaves
out the last. They also make a kernel square, for the types that nir 1.0.8 infers are right for square
kernels only. What cannot be made square stays as it is; nir reads that with type_check=False.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.networks.geometry import Geometry, Pair


class KernelPadding(NamedTuple):
    """A kernel in zeros; every pair is rows and columns.

    extent   of it all
    first    where the kernel begins in it
    stride   as in Geometry, but for axes with one place, where it means nothing
    padding  of zeros on both sides of the input
    """

    extent: Pair
    first: Pair
    stride: Pair
    padding: Pair


def is_matrix(geometry: Geometry) -> bool:
    """Return whether the kernel is as large as its input, after pooling, and has one place."""
    whole = geometry.kernel == geometry.pooled and geometry.padding == (0, 0)
    return whole and geometry.out == (1, 1)


def is_over_time(geometry: Geometry | None) -> bool:
    """Return whether nothing of it has more than one row, and it does not pool."""
    if geometry is None:
        return True
    rows = (geometry.size[0], geometry.kernel[0], geometry.out[0])
    return rows == (1, 1, 1) and geometry.padding[0] == 0 and geometry.pool == (1, 1)


def frame(geometry: Geometry, *, square: bool) -> KernelPadding:
    """Return the smallest frame; a square one if that is wanted and there is one."""
    missing = [_missing(geometry, axis) for axis in (0, 1)]
    least = [extent + zeros for extent, zeros in zip(geometry.kernel, missing, strict=True)]
    sizes = range(max(geometry.kernel), max(least) + 2)  # one more may do where an odd one does not
    squares = [(size, size) for size in sizes] if square else []
    for extent in (*squares, (least[0], least[1])):
        axes = [_axis(geometry, axis, extent[axis]) for axis in (0, 1)]
        if axes[0] and axes[1]:
            (top, down), (left, right) = axes[0], axes[1]
            padding = geometry.padding[0] + top, geometry.padding[1] + left
            return KernelPadding(extent, (top, left), (down, right), padding)
    raise AssertionError("a kernel with as many zeros as are missing has a frame")


def framed(
    weights: NDArray[np.float64], geometry: Geometry, around: KernelPadding
) -> NDArray[np.float64]:
    """Return weights [fan-in, maps] as NIR's kernel [maps, channels, rows, columns]."""
    kernel = np.zeros((weights.shape[1], geometry.channels, *around.extent))
    own = weights.reshape(*geometry.kernel, geometry.channels, -1)
    _inside(kernel, geometry, around)[:] = own.transpose(3, 2, 0, 1)
    return kernel


def unframed(
    kernel: NDArray[np.float64], geometry: Geometry, around: KernelPadding
) -> NDArray[np.float64]:
    """Return the weights [fan-in, maps] that `framed` made the kernel of."""
    inside = _inside(kernel, geometry, around)
    return np.ascontiguousarray(inside.transpose(2, 3, 1, 0)).reshape(-1, len(kernel))


def _inside(
    kernel: NDArray[np.float64], geometry: Geometry, around: KernelPadding
) -> NDArray[np.float64]:
    rows, columns = (slice(i, i + n) for i, n in zip(around.first, geometry.kernel, strict=True))
    return kernel[:, :, rows, columns]


def _missing(geometry: Geometry, axis: int) -> int:
    """Return how many zeros the kernel needs on one of its sides to have as many places as `out`."""
    stride, padding = geometry.stride[axis], geometry.padding[axis]
    reach = (geometry.out[axis] - 1) * stride + geometry.kernel[axis]
    short = reach - geometry.pooled[axis] - 2 * padding
    return max(short, 1 - short - stride, 0)


def _axis(geometry: Geometry, axis: int, extent: int) -> Pair | None:
    """Return zeros before the kernel, and a stride, with which this extent has `out` places."""
    out, stride = geometry.out[axis], geometry.stride[axis]
    for before in range(extent - geometry.kernel[axis] + 1):
        room = geometry.pooled[axis] + 2 * (geometry.padding[axis] + before) - extent
        for step in (stride, stride + 1) if out == 1 else (stride,):
            if room >= 0 and room // step + 1 == out:
                return before, step
    return None
