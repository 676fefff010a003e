"""Write float networks as NIR graphs, which reader.py reads.

A network is a chain: Input, then the synapses and the neurons of each layer, then Output.

synapses    Affine, or Linear if no neuron has a bias. A convolution is Conv2d, after SumPool2d if it
            pools, or Conv1d if all convolutions of the network have height 1 and do not pool. A
            kernel as large as its input is a matrix: SumPool2d, Flatten, and Linear or Affine.
            Flatten comes before each matrix whose input has a shape.
neurons     LIF, or IF if none of them leaks, CubaLIF if they have a synaptic current; for a readout
            without a threshold LI, I or CubaLI. Recurrent weights are a Linear in a cycle with them.

NIR's neurons live in continuous time, tau dv/dt = (v_leak - v) + r i. A step of forward Euler gives
beta = 1 - dt / tau, and with r = tau / dt drive arrives unscaled. The alpha and w_in of a current are
the same with tau_syn. NIR has channels first, Spikelet channels last: see axes.py.

The metadata contains all values without a field in NIR, under keys that begin with `spikelet_`:

of the graph   format, encoder, encoder_parameter, steps, readout, dt, classes (a JSON list); of a
               stream stream_window and stream_hop; of one that scales readings scaling_offset,
               scaling_scale and scaling_shift
of synapses    geometry, of a convolution: the fields of Geometry in a row
of neurons     reset, v_start, rho if there is one, and the exact beta and alpha, because tau would
               round them; each with one value per map

Source: Pedersen et al., Neuromorphic intermediate representation, Nature Communications 15 (2024).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple
from itertools import pairwise
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput
from spikelet.graphs.axes import Grid, Shape
from spikelet.graphs.kernels import frame, framed, is_matrix, is_over_time
from spikelet.networks.float_network import FloatLayer, FloatNetwork
from spikelet.networks.geometry import Geometry

# Raise it when an older Spikelet would misread the graph.
FORMAT = 2
PREFIX = "spikelet_"
# The leak of a neuron without one, if others of its layer leak: 1 - 2**-60 rounds to 1.
LEAST_LEAK = 2.0**-60

Nodes = dict[str, nir.NIRNode]


def to_nir(
    network: FloatNetwork, extras: Mapping[str, str | int | float] | None = None
) -> nir.NIRGraph:
    """Return the network as a graph.

    Parameters
    ----------
    network : FloatNetwork
    extras : dict, optional
        More metadata of the graph; keys gain the prefix.

    Raises
    ------
    SpikeletError
        If the input shape of a convolution differs from the shape of the neurons before it, which NIR
        cannot express.
    """
    over_time = all(is_over_time(layer.geometry) for layer in network.layers)
    grid = _input_grid(network.layers[0])
    shape = _shape(grid, network.layers[0].inputs, over_time)
    nodes: Nodes = {"input": nir.Input(np.array(shape))}
    cycles = []
    for index, layer in enumerate(network.layers):
        grid = _add_synapses(nodes, f"_{index}", layer, grid, over_time)
        shape = _shape(grid, layer.neurons, over_time)
        nodes[f"neurons_{index}"] = _neurons_node(layer, network.dt, shape)
        if layer.recurrent is not None:
            cycles.append((f"neurons_{index}", f"recurrent_{index}"))
    nodes["output"] = nir.Output(np.array(shape))
    edges = list(pairwise(nodes))
    for index, layer in enumerate(network.layers):
        if layer.recurrent is not None:
            nodes[f"recurrent_{index}"] = nir.Linear(np.ascontiguousarray(layer.recurrent.T))
    edges += [
        edge
        for neurons, recurrent in cycles
        for edge in ((neurons, recurrent), (recurrent, neurons))
    ]
    return nir.NIRGraph(
        nodes,
        edges,
        metadata=prefixed({**(extras or {}), **_metadata(network)}),
        type_check=is_typed(nodes),
    )


def is_typed(nodes: Nodes) -> bool:
    """Return whether nir infers the types of all nodes; it can only for square kernels."""
    kernels = [node.weight for node in nodes.values() if isinstance(node, nir.Conv2d)]
    return all(kernel.shape[2] == kernel.shape[3] for kernel in kernels)


def prefixed(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata under Spikelet's keys."""
    return {PREFIX + key: value for key, value in metadata.items()}


def _metadata(network: FloatNetwork) -> dict[str, Any]:
    """Return the graph's metadata, with keys without the prefix."""
    metadata: dict[str, Any] = {
        "format": FORMAT,
        "encoder": network.encoder,
        "encoder_parameter": network.encoder_parameter,
        "steps": network.steps,
        "readout": network.readout,
        "dt": network.dt,
        "classes": json.dumps(network.classes),
    }
    if network.stream:
        metadata |= {"stream_window": network.stream.window, "stream_hop": network.stream.hop}
    if network.scaling:
        fields = ("offset", "scale", "shift")
        metadata |= {f"scaling_{field}": getattr(network.scaling, field) for field in fields}
    return metadata


def _input_grid(layer: FloatLayer) -> Grid | None:
    """Return the grid of the network's input; None if it is flat."""
    return Grid(layer.geometry.size, layer.geometry.channels) if layer.geometry else None


def _shape(grid: Grid | None, width: int, over_time: bool) -> Shape:
    """Return NIR's shape of values on a grid, or of `width` flat values."""
    if grid is None:
        return (width,)
    return (grid.channels, *grid.size[1 if over_time else 0 :])


def _add_synapses(
    nodes: Nodes, ending: str, layer: FloatLayer, grid: Grid | None, over_time: bool
) -> Grid | None:
    """Add a layer's synapses to the nodes, and return the grid of the neurons.

    The names of the nodes end with `ending`; `grid` is that of the input, None if it is flat. Raises
    SpikeletError if the layer's geometry expects another input.
    """
    geometry, rows = layer.geometry, layer.weights
    if geometry is not None:
        _check_input(ending, geometry, grid, layer.inputs)
        if geometry.pool != (1, 1):
            window = np.array(geometry.pool)
            nodes[f"pool{ending}"] = nir.SumPool2d(window, window, np.zeros(2, int))
        if not is_matrix(geometry):
            nodes[f"synapses{ending}"] = _convolution_node(layer, geometry, over_time)
            return Grid(geometry.out, layer.maps)
        grid = grid and Grid(geometry.pooled, geometry.channels)
    if grid is not None:
        shape = np.array(_shape(grid, 0, over_time))
        nodes[f"flatten{ending}"] = nir.Flatten({"input": shape}, start_dim=0)
        rows = rows[grid.order]
    # NIR has a row per neuron.
    weight = np.ascontiguousarray(rows.T)
    metadata = _geometry_metadata(geometry)
    nodes[f"synapses{ending}"] = (
        nir.Affine(weight, layer.bias, metadata=metadata)
        if layer.bias.any()
        else nir.Linear(weight, metadata=metadata)
    )
    return None


def _check_input(ending: str, geometry: Geometry, grid: Grid | None, inputs: int) -> None:
    """Raise SpikeletError if the layer's geometry expects another input."""
    actual = grid or Grid((1, 1), inputs)
    expected = Grid(geometry.size, geometry.channels)
    if actual != expected or (grid is None and not is_matrix(geometry)):
        raise RefusedInput(
            f"layer {ending[1:]} takes {expected.size[0]} x {expected.size[1]} pixels of "
            f"{expected.channels} channels, but the neurons before it are {_text(grid, inputs)}; "
            "NIR cannot express that, give both the same shape"
        )


def _text(grid: Grid | None, inputs: int) -> str:
    """Return the shape of a layer's input in words."""
    if grid is None:
        return f"{inputs} without a shape"
    return f"{grid.size[0]} x {grid.size[1]} pixels of {grid.channels} maps"


def _convolution_node(layer: FloatLayer, geometry: Geometry, over_time: bool) -> nir.NIRNode:
    """Return a convolution as Conv1d or Conv2d."""
    around = frame(geometry, square=not over_time)
    kernel = framed(layer.weights, geometry, around)
    stride, padding = around.stride, around.padding
    metadata = _geometry_metadata(geometry)
    if over_time:
        row = np.ascontiguousarray(kernel[:, :, 0])
        length = geometry.size[1]
        return nir.Conv1d(length, row, stride[1], padding[1], 1, 1, layer.bias, metadata=metadata)
    size = geometry.pooled
    return nir.Conv2d(size, kernel, stride, padding, (1, 1), 1, layer.bias, metadata=metadata)


def _geometry_metadata(geometry: Geometry | None) -> dict[str, Any]:
    """Return the metadata of a convolution's geometry."""
    return prefixed({"geometry": np.hstack(astuple(geometry))}) if geometry else {}


def _neurons_node(layer: FloatLayer, dt: float, shape: Shape) -> nir.NIRNode:
    """Return neurons of this shape; each parameter has one value per map."""

    def each(values: NDArray[np.float64]) -> NDArray[np.float64]:
        column = values.reshape(-1, *(1 for _ in shape[1:]))
        return np.ascontiguousarray(np.broadcast_to(column, shape))

    metadata_fields = {"reset": layer.reset, "v_start": layer.v_start, "beta": layer.beta}
    if layer.rho is not None:
        metadata_fields["rho"] = layer.rho
    fires = layer.theta is not None
    fields = {}
    if layer.theta is not None:
        fields = {"v_threshold": each(layer.theta), "v_reset": each(layer.v_reset)}
    if layer.alpha is None and (layer.beta == 1).all():
        kind = nir.IF if fires else nir.I
        return kind(r=np.full(shape, 1 / dt), metadata=prefixed(metadata_fields), **fields)
    tau = each(_tau(layer.beta, dt))
    fields |= {"r": tau / dt, "v_leak": np.zeros(shape)}
    if layer.alpha is None:
        kind = nir.LIF if fires else nir.LI
        return kind(tau=tau, metadata=prefixed(metadata_fields), **fields)
    tau_syn = each(_tau(layer.alpha, dt))
    kind = nir.CubaLIF if fires else nir.CubaLI
    metadata = prefixed({**metadata_fields, "alpha": layer.alpha})
    return kind(tau_mem=tau, tau_syn=tau_syn, w_in=tau_syn / dt, metadata=metadata, **fields)


def _tau(share: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    """Return the time constant, in seconds, of a state that keeps this share in each step."""
    return dt / np.maximum(1 - share, LEAST_LEAK)
