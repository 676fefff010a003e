"""Frame kernels with zeros so that NIR can express them: equal padding, square.

Spikelet's input may end before the kernel's last place, or continue after it. NIR pads both sides of
the input equally, so zeros around the kernel express the difference: rows of zeros above move the
places up, rows below leave out the last place.

The zeros also make a kernel square, because nir 1.0.8 infers the right types for square kernels only.
A kernel that cannot be made square keeps its shape; nir reads it with type_check=False.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.networks.geometry import Geometry, Pair


class KernelPadding(NamedTuple):
    """A frame of zeros around a kernel; every pair is rows and columns.

    Attributes
    ----------
    extent : (int, int)
        Size of the frame.
    first : (int, int)
        Position of the kernel in the frame.
    stride : (int, int)
        As in Geometry. Along an axis with one place it has no effect and may differ.
    padding : (int, int)
        Zeros on both sides of the input.
    """

    extent: Pair
    first: Pair
    stride: Pair
    padding: Pair


def is_matrix(geometry: Geometry) -> bool:
    """Return whether the kernel covers its whole input, after pooling, at one place."""
    whole = geometry.kernel == geometry.pooled and geometry.padding == (0, 0)
    return whole and geometry.out == (1, 1)


def is_over_time(geometry: Geometry | None) -> bool:
    """Return whether input, kernel and output have one row, and no pooling comes first."""
    if geometry is None:
        return True
    rows = (geometry.size[0], geometry.kernel[0], geometry.out[0])
    return rows == (1, 1, 1) and geometry.padding[0] == 0 and geometry.pool == (1, 1)


def frame(geometry: Geometry, *, square: bool) -> KernelPadding:
    """Return the smallest frame for a kernel.

    Parameters
    ----------
    geometry : Geometry
    square : bool
        Prefer a square frame, if one exists.

    Returns
    -------
    KernelPadding
    """
    missing = [_missing(geometry, axis) for axis in (0, 1)]
    least = [extent + zeros for extent, zeros in zip(geometry.kernel, missing, strict=True)]
    # An even size may fit if an odd one does not, so one more is tried.
    sizes = range(max(geometry.kernel), max(least) + 2)
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
    """Return weights as NIR's kernel, with zeros around it.

    Parameters
    ----------
    weights : float64[fan-in, maps]
    geometry : Geometry
    around : KernelPadding

    Returns
    -------
    float64[maps, channels, rows, columns]
    """
    kernel = np.zeros((weights.shape[1], geometry.channels, *around.extent))
    own = weights.reshape(*geometry.kernel, geometry.channels, -1)
    _inside(kernel, geometry, around)[:] = own.transpose(3, 2, 0, 1)
    return kernel


def unframed(
    kernel: NDArray[np.float64], geometry: Geometry, around: KernelPadding
) -> NDArray[np.float64]:
    """Return the weights in a kernel of `framed`.

    Parameters
    ----------
    kernel : float64[maps, channels, rows, columns]
    geometry : Geometry
    around : KernelPadding

    Returns
    -------
    float64[fan-in, maps]
    """
    inside = _inside(kernel, geometry, around)
    return np.ascontiguousarray(inside.transpose(2, 3, 1, 0)).reshape(-1, len(kernel))


def _inside(
    kernel: NDArray[np.float64], geometry: Geometry, around: KernelPadding
) -> NDArray[np.float64]:
    """Return the view of a framed kernel without the zeros around it."""
    rows, columns = (slice(i, i + n) for i, n in zip(around.first, geometry.kernel, strict=True))
    return kernel[:, :, rows, columns]


def _missing(geometry: Geometry, axis: int) -> int:
    """Return the number of zeros needed on one side of the kernel for `out` places."""
    stride, padding = geometry.stride[axis], geometry.padding[axis]
    covered = (geometry.out[axis] - 1) * stride + geometry.kernel[axis]
    short = covered - geometry.pooled[axis] - 2 * padding
    return max(short, 1 - short - stride, 0)


def _axis(geometry: Geometry, axis: int, extent: int) -> Pair | None:
    """Return zeros before the kernel, and a stride, that give this extent `out` places."""
    out, stride = geometry.out[axis], geometry.stride[axis]
    for before in range(extent - geometry.kernel[axis] + 1):
        space = geometry.pooled[axis] + 2 * (geometry.padding[axis] + before) - extent
        for step in (stride, stride + 1) if out == 1 else (stride,):
            if space >= 0 and space // step + 1 == out:
                return before, step
    return None
