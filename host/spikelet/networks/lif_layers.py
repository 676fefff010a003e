"""Read and write one layer of a .lif file; the firmware's tables.py defines it."""

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.networks.geometry import Geometry
from spikelet.networks.layer import Layer
from spikert.network import tables

BYTE = 255


def from_table(data: bytes, table: tables.LayerTable) -> Layer:
    """Return the layer that a table describes, from the bytes of a whole .lif file."""
    parameters = {name: np.array(table.parameter(name), np.int16) for name in tables.PARAMETERS}
    for name, used in (
        ("low", table.floors),
        ("theta", table.fires),
        ("current_d", table.current),
    ):
        if not used:
            parameters.pop(name)
    geometry = _geometry(table.geometry)
    rows = _dense_rows(data, table) if geometry is None else _kernel(data, table, geometry)
    return Layer(
        weights=rows[: geometry.fan_in if geometry else table.inputs],
        gain=table.gain,
        r=table.r,
        reset="set" if table.sets else "subtract",
        recurrent=rows[table.inputs :] if table.recurrent else None,
        current_r=table.current_r,
        geometry=geometry,
        pairs=table.pairs,
        lanes=table.lanes,
        **parameters,
    )


def _geometry(table: tables.Geometry | None) -> Geometry | None:
    if table is None:
        return None
    return Geometry(
        size=(table.height, table.width),
        channels=table.channels,
        kernel=(table.kernel_h, table.kernel_w),
        out=(table.out_h, table.out_w),
        stride=(table.stride_h, table.stride_w),
        padding=(table.pad_h, table.pad_w),
        pool=(table.pool_h, table.pool_w),
    )


def _dense_rows(data: bytes, table: tables.LayerTable) -> NDArray[np.int8]:
    kind = _weight_type(table.pairs)
    columns = table.stride // kind.itemsize
    biased = np.frombuffer(data, kind, table.rows * columns, table.weights)
    used = biased.reshape(table.rows, columns)[:, : table.neurons]
    return (used.astype(np.int32) - table.weight_bias).astype(np.int8)


def _weight_type(pairs: bool) -> np.dtype[Any]:
    return np.dtype("<u2" if pairs else "u1")


def _kernel(data: bytes, table: tables.LayerTable, geometry: Geometry) -> NDArray[np.int8]:
    """Return int8[fan-in, maps], the weights from the bytes of `_patches`."""
    order = _patch_order(geometry)
    patches = np.frombuffer(data, np.int8, order.size * table.maps, table.weights)
    patches = patches.reshape(order.size, table.maps)
    kernel = np.empty_like(patches)
    kernel[order] = patches
    return kernel


def _patches(weights: NDArray[np.int8], geometry: Geometry) -> bytes:
    """Return a convolution's weights [fan-in, maps] in the order in which spikes need them."""
    return weights[_patch_order(geometry)].tobytes()


def _patch_order(geometry: Geometry) -> NDArray[np.int64]:
    """Return int64[fan-in], the row of the weights at each place of a patch; see tables.py."""
    pixels = np.arange(math.prod(geometry.kernel)).reshape(geometry.kernel)
    down, right = geometry.stride
    parts = [
        pixels[row::down, column::right][::-1, ::-1].ravel()
        for row in range(down)
        for column in range(right)
    ]
    # The channels of a pixel are side by side in the weights, and one after the other in a patch.
    order: NDArray[np.int64] = np.concatenate(parts) * geometry.channels
    return (order + np.arange(geometry.channels)[:, None]).ravel()


def layer_to_bytes(layer: Layer) -> bytes:
    """Return the bytes of a layer in a .lif file."""
    flags = (
        (tables.SETS if layer.reset == "set" else 0)
        | (tables.FIRES if layer.theta is not None else 0)
        | (tables.FLOORS if layer.low is not None else 0)
        | (tables.RECURRENT if layer.recurrent is not None else 0)
        | (tables.CURRENT if layer.current_d is not None else 0)
        | (tables.LANES if layer.lanes else 0)
        | (tables.PAIRS if layer.pairs else 0)
    )
    per_map, parameters = 0, b""
    for i, name in enumerate(tables.PARAMETERS):
        values = getattr(layer, name)
        values = np.zeros(1, np.int16) if values is None else values
        if (values == values[0]).all():
            values = values[:1]
        else:
            per_map |= 1 << i
        parameters += padded(values.astype("<i2").tobytes())
    dense = layer.geometry is None
    bias = _bias(layer) if dense else 0
    head = struct.pack(
        tables.LAYER,
        tables.DENSE if dense else tables.CONVOLUTION,
        flags,
        layer.gain,
        layer.r,
        layer.inputs,
        layer.neurons,
        per_map,
        layer.current_r,
        bias,
        together(layer) if dense else 0,
        0,
    )
    if layer.geometry is not None:
        head += _geometry_bytes(layer.geometry)
        return head + parameters + padded(_patches(layer.weights, layer.geometry))
    return head + parameters + _rows(layer, bias) + bytes(tables.READ_AHEAD)


def _geometry_bytes(geometry: Geometry) -> bytes:
    return struct.pack(
        tables.GEOMETRY,
        *geometry.size,
        geometry.channels,
        *geometry.pool,
        *geometry.kernel,
        *geometry.stride,
        *geometry.padding,
        *geometry.out,
        0,
    )


def _rows(layer: Layer, bias: int) -> bytes:
    weights, kind = layer.rows, _weight_type(layer.pairs)
    columns = tables.aligned(layer.maps * kind.itemsize) // kind.itemsize
    rows = np.full((len(weights), columns), bias, kind)
    rows[:, : layer.maps] = weights.astype(np.int16) + bias
    return rows.tobytes()


def _bias(layer: Layer) -> int:
    return 1 << layer.weight_bits - 1


def together(layer: Layer) -> int:
    """Return the number of rows of a dense layer whose sum fits a byte, for any choice of rows."""
    bias = _bias(layer)
    weights = layer.rows.astype(np.int64) + bias
    # In each column the sums of the largest weights.
    largest = np.sort(weights, axis=0)[::-1].cumsum(axis=0)
    fitting = int((largest <= BYTE).all(axis=1).sum())
    # The columns that fill up a word hold the bias.
    if layer.maps % 4:
        fitting = min(fitting, BYTE // bias)
    return fitting


def padded(data: bytes) -> bytes:
    """Return the bytes with zeros up to a multiple of 4."""
    return data.ljust(tables.aligned(len(data)), b"\0")
