"""ReLU networks as NIR graphs, which have no node for a ReLU.

A network is a chain: Input; for each layer Affine, Linear, Conv1d or Conv2d, before which SumPool2d,
AvgPool2d and Flatten may stand; Output. Shapes and orders are those of nir_layout.py, and x of an image
or a signal lies channels last. That a ReLU follows each layer but the last is said in the graph's
metadata, which any program can add before it writes the file:

spikelet_activation   "relu", or "clip-floor-shift" as relu_network.py has it
spikelet_input_scale  what one unit of x, 0..255, is for the first layer: 1 / 255 for inputs of 0..1,
                      which is also meant where there is no such key
spikelet_classes      a JSON list of names; without it classes are called by their numbers
spikelet_levels       of clip-floor-shift
spikelet_clip         of each layer's node that has one, with clip-floor-shift
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

from spikelet.errors import SpikeletError
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
    """Write the network as a graph, which `nir.read` reads too; a file there is replaced at once.

    Raises SpikeletError if the file cannot be written.
    """
    file.save_graph(ann_to_nir(network), path)


def read_ann(path: str | Path) -> ReluNetwork:
    """Return the network in a file that `write` or, with the metadata above, another program wrote.

    Raises SpikeletError, naming the file and the node or the key, where it cannot be read.
    """
    graph = file.read_foreign(path)
    try:
        return ann_from_nir(graph)
    except SpikeletError as error:
        raise SpikeletError(f"{path}: {error}") from error


def ann_to_nir(network: ReluNetwork) -> nir.NIRGraph:
    """Return the network as a graph.

    Raises SpikeletError if a convolution takes its input for another shape than that of the layer
    before it, which NIR cannot express.
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
    # The nodes have the types that nir infers; those of kernels that are not square it cannot.
    return nir.NIRGraph(nodes, list(pairwise(nodes)), metadata=prefixed(metadata), type_check=False)


def _nodes(network: ReluNetwork) -> dict[str, nir.NIRNode]:
    """Return the nodes of the spiking network's graph but for its neurons.

    Thresholds of 1 leave the weights as they are.
    """
    network = replace(network, layers=tuple(map(_without_idle_geometry, network.layers)))
    thetas = np.ones(len(network.layers) - 1)
    graph = writer.to_nir(to_spiking.convert_ann(network, thetas.tolist(), steps=1))
    return {
        name: node for name, node in graph.nodes.items() if not isinstance(node, nir.IF | nir.I)
    }


def _without_idle_geometry(layer: ReluLayer) -> ReluLayer:
    """Return a layer that sees all of its input at once as a matrix, so that samples stay flat."""
    geometry = layer.geometry
    idle = geometry and geometry.pool == (1, 1) and kernels.is_matrix(geometry)
    return replace(layer, geometry=None) if idle else layer


def _grid(layer: ReluLayer) -> Grid:
    """Return where the neurons stand."""
    return Grid(layer.geometry.out if layer.geometry else (1, 1), layer.maps)


def ann_from_nir(graph: nir.NIRGraph) -> ReluNetwork:
    """Return the network in a graph.

    Raises SpikeletError naming the node or the key of the metadata that stands against it.
    """
    staircase = _activation(graph) == STAIRCASE
    parts = list(_parts(graph))
    if len(parts) < 2:
        raise SpikeletError(
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
    """Return what follows each layer but the last; raises SpikeletError where nothing says so."""
    found = graph.metadata.get(PREFIX + "activation")
    if found not in (PLAIN, STAIRCASE):
        is_missing = found is None
        raise SpikeletError(
            f"the graph {'lacks the metadata' if is_missing else f'says {found!r} in'} "
            f"{PREFIX}activation; set it to {PLAIN!r} if a ReLU follows each layer but the last"
        )
    return str(found)


class _Part(NamedTuple):
    """What a graph has of a layer: its node, and the synapses up to there."""

    name: str
    node: nir.NIRNode
    synapses: Synapses


def _parts(graph: nir.NIRGraph) -> Iterator[_Part]:
    """Yield the layers, from Input to Output; raises SpikeletError naming what is none."""
    chain = read_chain(graph)
    first = chain.links[0].name
    samples = of_samples(values.sizes(chain.nodes[first], first))
    # Time step and reset are for neurons only, of which there are none.
    layers = Layers(chain, frameworks.PLAIN_NIR, 1.0, "subtract", samples)
    for link in chain.links[1:-1]:
        node = chain.nodes[link.name]
        _check_kind(link.name, node)
        layers.add(link)
        if isinstance(node, _LAYERS):
            done = layers.synapses
            yield _Part(link.name, node, done)
            layers.synapses = passing(done.grid, done.shape)
    if layers.synapses.names:
        raise SpikeletError(
            f"node {layers.synapses.names[0]!r} comes after the last layer, where nothing may pool; "
            "put it before that layer"
        )


def _check_kind(name: str, node: nir.NIRNode) -> None:
    readable = (*_LAYERS, *_BETWEEN)
    if not isinstance(node, (*readable, *_OF_SUBGRAPHS)):
        raise SpikeletError(
            f"node {name!r} is {type(node).__name__}, where only "
            f"{', '.join(kind.__name__ for kind in readable)} can be read; "
            "spikelet import takes networks of spiking neurons"
        )


def _layer(part: _Part, scale: float, *, has_clip: bool) -> ReluLayer:
    """Return a layer whose inputs are so many times those that it was made for."""
    clip = _number(part.node, f"node {part.name!r}", "clip") if has_clip else None
    try:
        weights, geometry = part.synapses.weights()
        if geometry is not None:
            weights, geometry = _trimmed(weights, geometry)
        return ReluLayer(np.ascontiguousarray(weights) * scale, part.synapses.bias, clip, geometry)
    except SpikeletError as error:
        names = ", ".join(map(repr, part.synapses.names))
        raise SpikeletError(
            f"{'nodes' if len(part.synapses.names) > 1 else 'node'} {names}: {error}"
        ) from error


def _trimmed(
    weights: NDArray[np.float64], geometry: Geometry
) -> tuple[NDArray[np.float64], Geometry]:
    """Return a convolution without what nir_kernel.py may have added to it.

    That is zeros around the kernel, and a stride along an axis with one place, where it means nothing.
    """
    kernel = weights.reshape(*geometry.kernel, geometry.channels, -1)
    rows, columns = np.nonzero(kernel.any(axis=(2, 3)))
    if not len(rows):
        return weights, geometry
    # Without padding to shorten, the first row and column stay where they are.
    top, left = min(geometry.padding[0], rows.min()), min(geometry.padding[1], columns.min())
    inside = kernel[top : rows.max() + 1, left : columns.max() + 1]
    padding = int(geometry.padding[0] - top), int(geometry.padding[1] - left)
    down, right = (s if n > 1 else 1 for n, s in zip(geometry.out, geometry.stride, strict=True))
    trimmed = replace(geometry, kernel=inside.shape[:2], stride=(down, right), padding=padding)
    return inside.reshape(trimmed.fan_in, -1), trimmed


def _number(node: nir.NIRNode, where: str, key: str, usual: float | None = None) -> float:
    """Return a number of the metadata; raises SpikeletError unless it is one above 0."""
    found = node.metadata.get(PREFIX + key, usual)
    try:
        number = float(found)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < np.inf:
        raise SpikeletError(
            f"{where} has {PREFIX}{key} {found!r} in its metadata; it must be a positive number"
        )
    return number


def _classes(graph: nir.NIRGraph, neurons: Grid) -> tuple[str, ...]:
    """Return a name for each of the last neurons, which NIR counts channel by channel."""
    text = graph.metadata.get(PREFIX + "classes")
    try:
        names = range(neurons.values) if text is None else json.loads(text)
        given = tuple(map(str, names))
    except (TypeError, ValueError):
        raise SpikeletError(
            f"the graph has {PREFIX}classes {text!r} in its metadata; it must be a JSON list"
        ) from None
    return neurons.arranged(given)
