"""ReLU networks as NIR graphs, which have no node for a ReLU.

A network is a chain: Input, an Affine or Linear for each layer, Output; Flatten may stand between.
That a ReLU follows each layer but the last is said in the graph's metadata, which any program can
add before it writes the file:

spikelet_activation   "relu", or "clip-floor-shift" as relu_network.py has it
spikelet_input_scale  what one unit of x, 0..255, is for the first layer: 1 / 255 for inputs of 0..1,
                      which is also meant where there is no such key
spikelet_classes      a JSON list of names; without it classes are called by their numbers
spikelet_levels       of clip-floor-shift
spikelet_clip         of each node whose layer has one, with clip-floor-shift
"""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np

from spikelet import files, nir_graph, nir_topology
from spikelet.encoding import DIRECT_SCALE
from spikelet.errors import SpikeletError
from spikelet.nir_writer import PREFIX, prefixed
from spikelet.relu_network import ReluLayer, ReluNetwork

PLAIN, STAIRCASE = "relu", "clip-floor-shift"
USUAL_INPUT_SCALE = 1 / 255


def write(network: ReluNetwork, path: str | Path) -> None:
    """Write the network as a graph, which `nir.read` reads too; a file there is replaced at once.

    Raises SpikeletError if the file cannot be written.
    """
    graph = to_nir(network)
    with files.replacing(path) as temporary:
        nir.write(temporary, graph)
        content = temporary.read_bytes()
        temporary.write_bytes(content + nir_graph._seal(content))


def read(path: str | Path) -> ReluNetwork:
    """Return the network in a file that `write` or, with the metadata above, another program wrote.

    Raises SpikeletError, naming the file and the node or the key, where it cannot be read.
    """
    graph = nir_graph.read_foreign(path)
    try:
        return from_nir(graph)
    except SpikeletError as error:
        raise SpikeletError(f"{path}: {error}") from error


def to_nir(network: ReluNetwork) -> nir.NIRGraph:
    """Return the network as a graph."""
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input(np.array([network.channels]))}
    for index, layer in enumerate(network.layers):
        weight = np.ascontiguousarray(layer.weights.T)  # NIR has a row per neuron
        clip = {} if layer.clip is None else prefixed({"clip": layer.clip})
        nodes[f"layer_{index}"] = nir.Affine(weight, layer.bias, metadata=clip)
    nodes["output"] = nir.Output(np.array([network.layers[-1].neurons]))
    metadata: dict[str, Any] = {
        "activation": PLAIN if network.levels is None else STAIRCASE,
        "input_scale": 1 / DIRECT_SCALE,
        "classes": json.dumps(network.classes),
    }
    if network.levels is not None:
        metadata["levels"] = network.levels
    return nir.NIRGraph(nodes, list(pairwise(nodes)), metadata=prefixed(metadata))


def from_nir(graph: nir.NIRGraph) -> ReluNetwork:
    """Return the network in a graph.

    Raises SpikeletError naming the node or the key of the metadata that stands against it.
    """
    staircase = _activation(graph) == STAIRCASE
    nodes = list(_matrices(graph))
    if len(nodes) < 2:
        raise SpikeletError(
            f"the graph has {len(nodes)} Affine or Linear nodes; a ReLU network needs at least two"
        )
    scales = [_number(graph, "the graph", "input_scale", USUAL_INPUT_SCALE) * DIRECT_SCALE]
    scales += [1.0] * (len(nodes) - 1)
    layers = tuple(
        _layer(name, node, scale, has_clip=staircase and node is not nodes[-1][1])
        for (name, node), scale in zip(nodes, scales, strict=True)
    )
    return ReluNetwork(
        layers,
        _classes(graph, layers[-1].neurons),
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


def _matrices(graph: nir.NIRGraph) -> Iterator[tuple[str, nir.NIRNode]]:
    """Yield name and node of each layer, from Input to Output."""
    chain = nir_topology.chain(graph)
    for link in chain.links[1:-1]:
        node = chain.nodes[link.name]
        if isinstance(node, nir.Affine | nir.Linear):
            yield link.name, node
        elif not isinstance(node, nir.Flatten):
            raise SpikeletError(
                f"node {link.name!r} is {type(node).__name__}, where only Affine, Linear and "
                "Flatten can be read; spikelet import takes networks of spiking neurons"
            )


def _layer(name: str, node: nir.NIRNode, scale: float, *, has_clip: bool) -> ReluLayer:
    """Return the layer of a node, whose inputs are so many times those that it was made for."""
    clip = _number(node, f"node {name!r}", "clip") if has_clip else None
    weights = np.asarray(node.weight, np.float64)
    bias = getattr(node, "bias", np.zeros(len(weights)))
    try:
        return ReluLayer(np.ascontiguousarray(weights.T) * scale, bias, clip)
    except SpikeletError as error:
        raise SpikeletError(f"node {name!r}: {error}") from error


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


def _classes(graph: nir.NIRGraph, count: int) -> tuple[str, ...]:
    text = graph.metadata.get(PREFIX + "classes")
    if text is None:
        return tuple(map(str, range(count)))
    try:
        return tuple(map(str, json.loads(text)))
    except (TypeError, ValueError):
        raise SpikeletError(
            f"the graph has {PREFIX}classes {text!r} in its metadata; it must be a JSON list"
        ) from None
