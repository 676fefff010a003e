"""Append NIR's convolutions and poolings to the synapses folded so far."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nir
import numpy as np

from spikelet.arrays import Float64Array
from spikelet.errors import RefusedInput, SpikeletError
from spikelet.graphs.foreign import values
from spikelet.graphs.foreign.account import ASSUMED, EXACT, Texts
from spikelet.graphs.foreign.synapses import KernelWindow, Synapses, check_count, places
from spikelet.networks.geometry import Pair


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Prefix error messages with the name of a node."""
    try:
        yield
    except SpikeletError as error:
        raise RefusedInput(f"node {name!r} {error}") from error


def convolve(synapses: Synapses, name: str, node: nir.NIRNode) -> Texts:
    """Append a Conv1d or Conv2d, and return its entries of the report.

    Raises
    ------
    SpikeletError
        If it cannot be folded; the message names the node.
    """
    weight = values.parameter_values(node.weight, name, "weight")
    axes = 1 if isinstance(node, nir.Conv1d) else 2
    _check_axes(synapses, name, axes)
    groups = values.rows_and_columns(node.groups, name, "number of groups", 1)[0]
    channels = synapses.grid.channels
    if weight.ndim != axes + 2 or weight.shape[1] * groups != channels or len(weight) % groups:
        raise RefusedInput(
            f"node {name!r} has weights of shape {list(weight.shape)} in {groups} groups, "
            f"but gets {channels} channels"
        )
    _check_input_shape(synapses, name, node.input_shape)
    dilation, stride = (_pair(getattr(node, key), axes, name, key, 1) for key in _STEPS)
    kernel = _expanded(weight[:, :, None] if axes == 1 else weight, dilation, groups)
    padding, out, texts = _places(synapses, node, name, kernel.shape[:2], stride)
    bias = values.broadcast_parameter(
        0 if node.bias is None else node.bias, weight.shape[:1], name, "bias"
    )
    with naming(name):
        synapses.convolve(KernelWindow(kernel, out, stride, padding), bias)
    text = f"{_sizes(weight.shape[2:])} weights of {channels} channels, {_pixels(synapses)}"
    return [(EXACT, f"{text}{synapses.fold(name)}"), *texts]


def append_pooling(synapses: Synapses, name: str, node: nir.NIRNode) -> Texts:
    """Append a SumPool2d or AvgPool2d, and return its entries of the report.

    Raises
    ------
    SpikeletError
        If it cannot be folded; the message names the node.
    """
    _check_axes(synapses, name, 2)
    window, stride = (values.rows_and_columns(getattr(node, key), name, key, 1) for key in _WINDOWS)
    padding = values.rows_and_columns(node.padding, name, "padding", 0)
    average = isinstance(node, nir.AvgPool2d)
    factor = 1 / math.prod(window) if average else 1.0
    with naming(name):
        synapses.pool_windows(window, stride, padding, factor)
    text = f"windows of {_sizes(window)}, {_pixels(synapses)}"
    if average:
        text += f", weights times {factor:.6g}"
    texts = [(EXACT, f"{text}{synapses.fold(name)}")]
    if average and any(padding):
        texts.append((ASSUMED, "padding counts in the average, which is PyTorch's default"))
    return texts


_STEPS = ("dilation", "stride")
_WINDOWS = ("kernel_size", "stride")


def _check_axes(synapses: Synapses, name: str, axes: int) -> None:
    """Raise SpikeletError unless the values have this number of axes behind the channels."""
    if len(synapses.shape) != axes + 1:
        expected = "[channels, length]" if axes == 1 else "[channels, height, width]"
        raise RefusedInput(
            f"node {name!r} takes values of shape {expected}, but gets {list(synapses.shape)}"
        )


def _check_input_shape(synapses: Synapses, name: str, shape: Any) -> None:
    """Raise SpikeletError if the node was made for another size of input."""
    size = [] if shape is None else np.atleast_1d(shape).tolist()
    if size and size != list(synapses.shape[1:]):
        raise RefusedInput(
            f"node {name!r} takes {_sizes(size)} pixels, but gets {_sizes(synapses.shape[1:])}"
        )


def _pair(value: Any, axes: int, name: str, what: str, least: int) -> Pair:
    """Return rows and columns; a single axis is that of columns, and rows have `least`."""
    pair = values.rows_and_columns(value, name, what, least)
    return pair if axes == 2 else (least, pair[1])


def _expanded(weight: Float64Array, dilation: Pair, groups: int) -> Float64Array:
    """Return NIR's kernel [maps, channels / groups, rows, columns] without gaps and groups.

    The result is float64[rows, columns, channels, maps], with zeros for missing connections.
    """
    maps, channels, rows, columns = weight.shape
    down, right = dilation
    extent = (rows - 1) * down + 1, (columns - 1) * right + 1
    check_count(math.prod(extent) * channels * groups * maps)
    kernel = np.zeros((*extent, channels * groups, maps))
    of_group = maps // groups
    for group in range(groups):
        outputs = slice(group * of_group, (group + 1) * of_group)
        inputs = slice(group * channels, (group + 1) * channels)
        kernel[::down, ::right, inputs, outputs] = weight[outputs].transpose(2, 3, 1, 0)
    return kernel


def _places(
    synapses: Synapses, node: nir.NIRNode, name: str, kernel: Pair, stride: Pair
) -> tuple[Pair, Pair, Texts]:
    """Return padding above and on the left, and the number of places, rows and columns each."""
    size = synapses.grid.size
    if isinstance(node.padding, str) and node.padding == "same":
        if stride != (1, 1):
            raise RefusedInput(
                f"node {name!r} has padding 'same' and a stride of {_sizes(stride)}, "
                "where only 1 makes its output as large as its input"
            )
        lacking = kernel[0] - 1, kernel[1] - 1
        texts = []
        if lacking[0] % 2 or lacking[1] % 2:
            text = "an even kernel with padding 'same' has the larger half of it below and right"
            texts.append((ASSUMED, f"{text}, as in PyTorch"))
        return (lacking[0] // 2, lacking[1] // 2), size, texts
    valid = isinstance(node.padding, str) and node.padding == "valid"
    axes = 1 if isinstance(node, nir.Conv1d) else 2
    padding = _pair(0 if valid else node.padding, axes, name, "padding", 0)
    with naming(name):
        return padding, places(size, kernel, stride, padding), []


def _pixels(synapses: Synapses) -> str:
    """Return the shape of the output as text."""
    return f"{synapses.shape[0]} maps of {_sizes(synapses.shape[1:])}"


def _sizes(sizes: Any) -> str:
    """Return lengths as text, for example "3 x 3"."""
    return " x ".join(map(str, sizes))
