"""Read the parameters of NIR's nodes, and check their types and shapes."""

import math
from typing import Any

import nir
import numpy as np

from spikelet.arrays import Float64Array
from spikelet.errors import RefusedInput
from spikelet.graphs.axes import Grid, Shape
from spikelet.networks.geometry import Pair

# Inputs or neurons of a layer in a .lif file.
MAX_WIDTH = 0xFFFF


def parameter_values(value: Any, name: str, what: str) -> Float64Array:
    """Return a node's parameter as float64.

    Raises
    ------
    SpikeletError
        If it is no array of numbers; the message names node and parameter.
    """
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise RefusedInput(f"node {name!r} has a {what} that is no array of numbers") from None


def broadcast_parameter(value: Any, shape: Shape, name: str, what: str) -> Float64Array:
    """Return a node's parameter as float64[shape].

    Parameters
    ----------
    value : array_like
        One number for all, one for each, or an array that numpy can broadcast to `shape`.
    shape : tuple of int
    name, what : str
        Name of the node and of the parameter, for the error message.

    Raises
    ------
    SpikeletError
        If the size does not fit; the message names node and parameter.
    """
    values, width = parameter_values(value, name, what), math.prod(shape)
    if values.size == width:
        return values.reshape(shape).copy()
    if values.size == 1:
        return np.full(shape, values.item())
    if values.ndim == len(shape) and all(
        n in (1, m) for n, m in zip(values.shape, shape, strict=True)
    ):
        return np.broadcast_to(values, shape).copy()
    raise RefusedInput(f"node {name!r} has {values.size} values of {what}, but gets {width}")


def per_map(values: Float64Array, grid: Grid, name: str, what: str) -> Float64Array:
    """Return float64[channels] of values of a grid, channels first.

    Raises
    ------
    SpikeletError
        If they differ between the pixels of a channel.
    """
    rows = values.reshape(grid.channels, -1)
    if grid.size != (1, 1) and (rows != rows[:, :1]).any():
        raise RefusedInput(
            f"node {name!r} has different values of {what} at the pixels of one map, "
            "where a convolution in Spikelet has one for all"
        )
    return rows[:, 0].copy()


def rows_and_columns(value: Any, name: str, what: str, least: int) -> Pair:
    """Return rows and columns of a node's parameter, one number for both or one for each.

    Raises
    ------
    SpikeletError
        Unless they are whole numbers of at least `least`; the message names node and parameter.
    """
    values = parameter_values(value, name, what).ravel()
    if values.size not in (1, 2) or (values != np.rint(values)).any() or values.min() < least:
        raise RefusedInput(
            f"node {name!r} has a {what} of {values.tolist()}, "
            f"where only whole numbers from {least} can be imported"
        )
    rows, columns = np.broadcast_to(values, 2).astype(int).tolist()
    return rows, columns


def sizes(node: nir.NIRNode, name: str) -> Shape:
    """Return the shape of the input of an Input, Flatten or Output.

    Raises
    ------
    SpikeletError
        If it has no valid shape, or more than MAX_WIDTH values.
    """
    shape = node.input_type["input"]
    lengths = parameter_values([] if shape is None else shape, name, "shape").ravel()
    width = math.prod(lengths)
    whole = len(lengths) and (lengths >= 1).all() and (lengths == np.rint(lengths)).all()
    if not whole or width > MAX_WIDTH:
        text = ", ".join(f"{size:g}" for size in lengths)
        raise RefusedInput(f"node {name!r} has shape [{text}]; it must hold 1..{MAX_WIDTH} values")
    return tuple(map(int, lengths))


def extent(values: Float64Array) -> str:
    """Return the values as text: one number, or the least and the largest."""
    low, high = f"{values.min():.6g}", f"{values.max():.6g}"
    return low if low == high else f"{low}..{high}"
