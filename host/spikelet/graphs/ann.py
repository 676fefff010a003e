"""Read and write ReLU networks as NIR graphs, with metadata for the ReLU.

NIR has no node for a ReLU.
A network is a chain: Input; for each layer Affine, Linear, Conv1d or Conv2d, optionally after
SumPool2d, AvgPool2d and Flatten; Output. axes.py explains shapes and orders; x of an image or a signal
is channels last. Metadata of the graph declares a ReLU after each layer except the last. Any program
can add it before it writes the file:

spikelet_activation   "relu", or "clip-floor-shift" of training/ann/network.py
spikelet_input_scale  value in the first layer of one unit of x, 0..255; 1 / 255, the default, is for
                      inputs of 0..1
spikelet_classes      a JSON list of names; the default are the numbers of the classes
spikelet_levels       of clip-floor-shift
spikelet_clip         with clip-floor-shift: in the node of each layer that has one
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput, SpikeletError
from spikelet.graphs import file, kernels, writer
from spikelet.graphs.axes import Grid
from spikelet.graphs.chain import read_chain
from spikelet.graphs.foreign import frameworks, values
from spikelet.graphs.foreign.nodes import Layers
from spikelet.graphs.foreign.synapses import Synapses, of_samples, passing
from spikelet.graphs.writer import PREFIX, prefixed
from spikelet.inputs.encoders import DIRECT_SCALE
from spikelet.networks.geometry import Geometry
from spikelet.training.ann import to_spiking
from spikelet.training.ann.network import ReluLayer, ReluNetwork

PLAIN, STAIRCASE = "relu", "clip-floor-shift"
USUAL_INPUT_SCALE = 1 / 255

_LAYERS = (nir.Affine, nir.Linear, nir.Conv1d, nir.Conv2d)
_BETWEEN = (nir.SumPool2d, nir.AvgPool2d, nir.Flatten)
_OF_SUBGRAPHS = (nir.Input, nir.Output)


def write_ann(network: ReluNetwork, path: str | Path) -> None:
    """Write the network as a graph that `nir.read` reads too; replace the file atomically.

    Raises
    ------
    SpikeletError
        If the file cannot be written.
    """
    file.save_graph(ann_to_nir(network), path)


def read_ann(path: str | Path) -> ReluNetwork:
    """Return the network in a file of `write_ann`, or of another program that added the metadata above.

    Raises
    ------
    SpikeletError
        If the file cannot be read; the message names the file and the node or the key.
    """
    graph = file.read_foreign(path)
    try:
        return ann_from_nir(graph)
    except SpikeletError as error:
        raise RefusedInput(f"{path}: {error}") from error


def ann_to_nir(network: ReluNetwork) -> nir.NIRGraph:
    """Return the network as a graph.

    Raises
    ------
    SpikeletError
        If the input shape of a convolution differs from the output shape of the layer before it, which
        NIR cannot express.
    """
    nodes = _nodes(network)
    for index, layer in enumerate(network.layers):
        if layer.clip is not None:
            nodes[f"synapses_{index}"].metadata |= prefixed({"clip": layer.clip})
    metadata: dict[str, str | float] = {
        "activation": PLAIN if network.levels is None else STAIRCASE,
        "input_scale": 1 / DIRECT_SCALE,
        "classes": json.dumps([network.classes[i] for i in _grid(network.layers[-1]).order]),
    }
    if network.levels is not None:
        metadata["levels"] = network.levels
    # The nodes carry their types; nir cannot infer those of kernels that are not square.
    return nir.NIRGraph(nodes, list(pairwise(nodes)), metadata=prefixed(metadata), type_check=False)


def _nodes(network: ReluNetwork) -> dict[str, nir.NIRNode]:
    """Return the nodes of the spiking network's graph without its neurons.

    Thresholds of 1 leave the weights unchanged.
    """
    network = replace(network, layers=tuple(map(_without_idle_geometry, network.layers)))
    thetas = np.ones(len(network.layers) - 1)
    graph = writer.to_nir(to_spiking.convert_ann(network, thetas.tolist(), steps=1))
    return {
        name: node for name, node in graph.nodes.items() if not isinstance(node, nir.IF | nir.I)
    }


def _without_idle_geometry(layer: ReluLayer) -> ReluLayer:
    """Return a layer without the geometry that makes it a matrix, so that samples stay flat."""
    geometry = layer.geometry
    idle = geometry and geometry.pool == (1, 1) and kernels.is_matrix(geometry)
    return replace(layer, geometry=None) if idle else layer


def _grid(layer: ReluLayer) -> Grid:
    """Return the grid of the neurons."""
    return Grid(layer.geometry.out if layer.geometry else (1, 1), layer.maps)


def ann_from_nir(graph: nir.NIRGraph) -> ReluNetwork:
    """Return the network in a graph.

    Raises
    ------
    SpikeletError
        If the graph cannot be read; the message names the node or the key of the metadata.
    """
    staircase = _activation(graph) == STAIRCASE
    parts = list(_parts(graph))
    if len(parts) < 2:
        raise RefusedInput(
            f"the graph has {len(parts)} Affine or Linear nodes or convolutions; "
            "a ReLU network needs at least two"
        )
    scales = [_number(graph, "the graph", "input_scale", USUAL_INPUT_SCALE) * DIRECT_SCALE]
    scales += [1.0] * (len(parts) - 1)
    layers = tuple(
        _layer(part, scale, has_clip=staircase and part is not parts[-1])
        for part, scale in zip(parts, scales, strict=True)
    )
    return ReluNetwork(
        layers,
        _classes(graph, _grid(layers[-1])),
        int(_number(graph, "the graph", "levels")) if staircase else None,
    )


def _activation(graph: nir.NIRGraph) -> str:
    """Return the activation after each layer except the last; raises SpikeletError without one."""
    activation = graph.metadata.get(PREFIX + "activation")
    if activation not in (PLAIN, STAIRCASE):
        is_missing = activation is None
        raise RefusedInput(
            f"the graph {'lacks the metadata' if is_missing else f'says {activation!r} in'} "
            f"{PREFIX}activation; set it to {PLAIN!r} if a ReLU follows each layer but the last"
        )
    return str(activation)


class _Part(NamedTuple):
    """A layer in a graph: its node, and the synapses up to and including it."""

    name: str
    node: nir.NIRNode
    synapses: Synapses


def _parts(graph: nir.NIRGraph) -> Iterator[_Part]:
    """Yield the layers from Input to Output; raises SpikeletError naming an unreadable node."""
    chain = read_chain(graph)
    first = chain.links[0].name
    samples = of_samples(values.sizes(chain.nodes[first], first))
    # Only neurons use time step and reset, and this chain has none.
    layers = Layers(chain, frameworks.PLAIN_NIR, 1.0, "subtract", samples)
    for link in chain.links[1:-1]:
        node = chain.nodes[link.name]
        _check_kind(link.name, node)
        layers.add(link)
        if isinstance(node, _LAYERS):
            synapses = layers.synapses
            yield _Part(link.name, node, synapses)
            layers.synapses = passing(synapses.grid, synapses.shape)
    if layers.synapses.names:
        raise RefusedInput(
            f"node {layers.synapses.names[0]!r} comes after the last layer, which must not be pooled; "
            "put it before that layer"
        )


def _check_kind(name: str, node: nir.NIRNode) -> None:
    """Raise SpikeletError unless the node can be part of a ReLU network."""
    readable = (*_LAYERS, *_BETWEEN)
    if not isinstance(node, (*readable, *_OF_SUBGRAPHS)):
        raise RefusedInput(
            f"node {name!r} is {type(node).__name__}, where only "
            f"{', '.join(kind.__name__ for kind in readable)} can be read; "
            "spikelet import takes networks of spiking neurons"
        )


def _layer(part: _Part, scale: float, *, has_clip: bool) -> ReluLayer:
    """Return a layer with its weights multiplied by `scale`; raises SpikeletError naming its nodes."""
    clip = _number(part.node, f"node {part.name!r}", "clip") if has_clip else None
    try:
        weights, geometry = part.synapses.weights()
        if geometry is not None:
            weights, geometry = _trimmed(weights, geometry)
        return ReluLayer(np.ascontiguousarray(weights) * scale, part.synapses.bias, clip, geometry)
    except SpikeletError as error:
        names = ", ".join(map(repr, part.synapses.names))
        raise RefusedInput(
            f"{'nodes' if len(part.synapses.names) > 1 else 'node'} {names}: {error}"
        ) from error


def _trimmed(
    weights: NDArray[np.float64], geometry: Geometry
) -> tuple[NDArray[np.float64], Geometry]:
    """Return a convolution without the additions of kernels.py.

    They are zeros around the kernel, and a stride without effect along an axis with one place.
    """
    kernel = weights.reshape(*geometry.kernel, geometry.channels, -1)
    rows, columns = np.nonzero(kernel.any(axis=(2, 3)))
    if not len(rows):
        return weights, geometry
    # Without padding to shorten, the first row and column cannot be removed.
    top, left = min(geometry.padding[0], rows.min()), min(geometry.padding[1], columns.min())
    inside = kernel[top : rows.max() + 1, left : columns.max() + 1]
    padding = int(geometry.padding[0] - top), int(geometry.padding[1] - left)
    down, right = (s if n > 1 else 1 for n, s in zip(geometry.out, geometry.stride, strict=True))
    trimmed = replace(geometry, kernel=inside.shape[:2], stride=(down, right), padding=padding)
    return inside.reshape(trimmed.fan_in, -1), trimmed


def _number(node: nir.NIRNode, owner: str, key: str, default: float | None = None) -> float:
    """Return a number of the metadata; raises SpikeletError unless it is positive and finite."""
    value = node.metadata.get(PREFIX + key, default)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < np.inf:
        raise RefusedInput(
            f"{owner} has {PREFIX}{key} {value!r} in its metadata; it must be a positive number"
        )
    return number


def _classes(graph: nir.NIRGraph, neurons: Grid) -> tuple[str, ...]:
    """Return a name for each of the last neurons, from NIR's order, channel by channel."""
    text = graph.metadata.get(PREFIX + "classes")
    try:
        names = range(neurons.values) if text is None else json.loads(text)
        classes = tuple(map(str, names))
    except (TypeError, ValueError, RecursionError):
        raise RefusedInput(
            f"the graph has {PREFIX}classes {text!r} in its metadata; it must be a JSON list"
        ) from None
    return neurons.arranged(classes)
