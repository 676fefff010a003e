"""Float networks as NIR graphs, the exchange format of spiking network frameworks.

A network is a chain: Input, then an Affine (or Linear, where no neuron has a bias) and the neurons
of each layer, then Output. Neurons are LIF, or IF where none of them leaks; those of a readout
without a threshold are LI or I. NIR's live in continuous time, tau dv/dt = (v_leak - v) + r i. A
step of forward Euler makes of it beta = 1 - dt / tau, and with r = tau / dt drive arrives unscaled.

What NIR has no field for stands in the metadata, all of it under keys that begin with `spikelet_`:

of the graph   format, encoder, encoder_parameter, steps, readout, dt, classes (a JSON list)
of neurons     reset, v_start, and beta to the last bit, which tau would round

Behind the last byte of HDF5, where its readers do not look, a file ends with a checksum of the rest:
the HDF5 library itself may hang or crash on damaged content.

Source: Pedersen et al., Neuromorphic intermediate representation, Nature Communications 15 (2024).
"""

import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet import files
from spikelet.errors import SpikeletError
from spikelet.float_network import FloatLayer, FloatNetwork

FORMAT = 1  # raise it when an older Spikelet would misread the graph
PREFIX = "spikelet_"
SEAL = b"spikelet crc32 "
SEAL_SIZE = len(SEAL) + 8
LEAST_LEAK = 2.0**-60  # of a neuron that has none among some that do: 1 - 2**-60 rounds to 1
ROUNDING = 1e-9  # relative, far above what float64 does to tau and r

_SYNAPSES = (nir.Affine, nir.Linear)
_NEURONS = (nir.LIF, nir.IF, nir.LI, nir.I)


def write(
    network: FloatNetwork,
    path: str | Path,
    extras: Mapping[str, str | int | float] | None = None,
) -> None:
    """Write the network as a graph, which `nir.read` reads too; a file there is replaced at once.

    extras  more metadata of the graph, for instance what it was trained on; keys gain the prefix
    Raises SpikeletError if the file cannot be written.
    """
    graph = to_nir(network, extras)
    with files.replacing(path) as temporary:
        nir.write(temporary, graph)
        content = temporary.read_bytes()
        temporary.write_bytes(content + _seal(content))


def read(path: str | Path) -> FloatNetwork:
    """Return the network in a file that `write` wrote, the same to the last bit.

    Raises SpikeletError if the file is missing or damaged, or holds no graph of Spikelet's.
    """
    content = files.read(path)
    with _naming(path):
        return from_nir(_graph(content))


def read_foreign(path: str | Path) -> nir.NIRGraph:
    """Return the graph in a file that any program wrote, its types unchecked.

    Raises SpikeletError if the file is missing or damaged, or holds no graph.
    """
    content = files.read(path)
    with _naming(path):
        return _graph(content, type_check=False)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file in 64 hex digits, by which tables name the graph they are of.

    Raises SpikeletError if the file cannot be read.
    """
    return hashlib.sha256(files.read(path)).hexdigest()


def to_nir(
    network: FloatNetwork, extras: Mapping[str, str | int | float] | None = None
) -> nir.NIRGraph:
    """Return the network as a graph; `extras` as in `write`."""
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input(np.array([network.channels]))}
    for index, layer in enumerate(network.layers):
        nodes[f"synapses_{index}"] = _synapses_node(layer)
        nodes[f"neurons_{index}"] = _neurons_node(layer, network.dt)
    nodes["output"] = nir.Output(np.array([network.layers[-1].neurons]))
    metadata = {
        **(extras or {}),
        "format": FORMAT,
        "encoder": network.encoder,
        "encoder_parameter": network.encoder_parameter,
        "steps": network.steps,
        "readout": network.readout,
        "dt": network.dt,
        "classes": json.dumps(network.classes),
    }
    return nir.NIRGraph(nodes, list(pairwise(nodes)), metadata=_prefixed(metadata))


def from_nir(graph: nir.NIRGraph) -> FloatNetwork:
    """Return the network that `to_nir` made the graph from.

    v_reset of a readout without a threshold, which has no use, comes back as zeros.
    Raises SpikeletError naming the node or the metadata key that stands against it.
    """
    version = int(_metadata(graph, "the graph", "format"))
    if version != FORMAT:
        raise SpikeletError(
            f"the graph has format {version}, but this Spikelet reads {FORMAT}; install a newer one"
        )
    dt = float(_metadata(graph, "the graph", "dt"))
    names = _layer_names(graph)
    pairs = zip(names[::2], names[1::2], strict=True)
    return FloatNetwork(
        layers=tuple(_layer(graph, synapses, neurons, dt) for synapses, neurons in pairs),
        encoder=str(_metadata(graph, "the graph", "encoder")),
        steps=int(_metadata(graph, "the graph", "steps")),
        readout=str(_metadata(graph, "the graph", "readout")),
        classes=tuple(map(str, json.loads(_metadata(graph, "the graph", "classes")))),
        dt=dt,
        encoder_parameter=int(_metadata(graph, "the graph", "encoder_parameter")),
    )


def chain(graph: nir.NIRGraph) -> list[str]:
    """Return the names of all nodes from Input to Output, along the only way there is.

    Raises SpikeletError naming the node or the edge that makes the graph more than a chain.
    """
    names = _way(graph)
    aside = sorted(set(graph.nodes) - set(names))
    if aside:
        raise SpikeletError(f"node {aside[0]!r} is not on the way from Input to Output")
    extra = sorted(set(map(tuple, graph.edges)) - set(pairwise(names)))
    if extra:
        raise SpikeletError(f"edge {extra[0]!r} is not on the way from Input to Output")
    return names


def is_native(graph: nir.NIRGraph) -> bool:
    """Return whether Spikelet wrote the graph, so that `from_nir` should read it."""
    return PREFIX + "format" in graph.metadata


@contextmanager
def _naming(path: str | Path) -> Iterator[None]:
    """Make of whatever goes wrong with a file a SpikeletError that begins with its path."""
    try:
        yield
    except SpikeletError as error:
        raise SpikeletError(f"{path}: {error}") from error
    except Exception as error:  # whatever a damaged or foreign file leads nir and h5py into
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SpikeletError(f"{path}: not a NIR graph, or a damaged one: {reason}") from error


def _graph(content: bytes, *, type_check: bool = True) -> nir.NIRGraph:
    """Return the graph in a file's bytes; only bytes that end with a seal are checked against it."""
    body, seal = content[:-SEAL_SIZE], content[-SEAL_SIZE:]
    if seal.startswith(SEAL) and seal != _seal(body):
        raise SpikeletError("is damaged, its checksum is not that of its content")
    return nir.read(io.BytesIO(content), type_check=type_check)


def _seal(content: bytes) -> bytes:
    return SEAL + b"%08x" % zlib.crc32(content)


def _synapses_node(layer: FloatLayer) -> nir.NIRNode:
    weight = np.ascontiguousarray(layer.weights.T)  # NIR has a row per neuron
    return nir.Affine(weight, layer.bias) if layer.bias.any() else nir.Linear(weight)


def _neurons_node(layer: FloatLayer, dt: float) -> nir.NIRNode:
    metadata = _prefixed({"reset": layer.reset, "v_start": layer.v_start, "beta": layer.beta})
    fields: dict[str, NDArray[np.float64]] = {}
    if layer.theta is not None:
        fields = {"v_threshold": layer.theta, "v_reset": layer.v_reset}
    if (layer.beta == 1).all():
        kind = nir.I if layer.theta is None else nir.IF
        return kind(r=np.full(layer.neurons, 1 / dt), metadata=metadata, **fields)
    kind = nir.LI if layer.theta is None else nir.LIF
    tau = dt / np.maximum(1 - layer.beta, LEAST_LEAK)
    v_leak = np.zeros(layer.neurons)
    return kind(tau=tau, r=tau / dt, v_leak=v_leak, metadata=metadata, **fields)


def _prefixed(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {PREFIX + key: value for key, value in metadata.items()}


def _metadata(node: nir.NIRNode, where: str, key: str) -> Any:
    value = node.metadata.get(PREFIX + key)
    if value is None:
        raise SpikeletError(
            f"{where} lacks the metadata {PREFIX}{key}; only graphs that Spikelet wrote can be read"
        )
    return value


def _layer_names(graph: nir.NIRGraph) -> list[str]:
    """Return the names of synapses and neurons, which take turns, between Input and Output."""
    names = chain(graph)
    for position, name in enumerate(names[1:-1]):
        node, wanted = graph.nodes[name], _NEURONS if position % 2 else _SYNAPSES
        if not isinstance(node, wanted):
            raise SpikeletError(
                f"node {name!r} is {type(node).__name__}, where only "
                f"{' or '.join(kind.__name__ for kind in wanted)} can be read"
            )
    if len(names) % 2:
        raise SpikeletError(f"node {names[-2]!r} needs neurons after it")
    return names[1:-1]


def _way(graph: nir.NIRGraph) -> list[str]:
    """Return the names of nodes from Input to Output; raises SpikeletError where it forks or ends."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise SpikeletError(
            f"the graph has {len(graph.inputs)} Input and {len(graph.outputs)} Output nodes, "
            "where only one of each can be read"
        )
    names = list(graph.inputs)
    edges = dict.fromkeys(map(tuple, graph.edges))  # some exporters repeat an edge
    while names[-1] not in graph.outputs:
        following = [after for before, after in edges if before == names[-1]]
        if len(following) != 1 or following[0] in names:
            raise SpikeletError(
                f"node {names[-1]!r} leads to {following or 'nothing'}, "
                "where only a chain of nodes can be read"
            )
        names += following
    return names


def _layer(graph: nir.NIRGraph, synapses_name: str, neurons_name: str, dt: float) -> FloatLayer:
    synapses, neurons = graph.nodes[synapses_name], graph.nodes[neurons_name]
    where = f"node {neurons_name!r}"
    zeros = np.zeros(len(synapses.weight))
    beta = _beta(neurons, where, dt)
    reset, v_start = _metadata(neurons, where, "reset"), _metadata(neurons, where, "v_start")
    try:
        return FloatLayer(
            weights=np.ascontiguousarray(synapses.weight.T),
            bias=getattr(synapses, "bias", zeros),
            beta=beta,
            theta=getattr(neurons, "v_threshold", None),
            reset=str(reset),
            v_reset=getattr(neurons, "v_reset", zeros),
            v_start=v_start,
        )
    except SpikeletError as error:
        raise SpikeletError(f"nodes {synapses_name!r} and {neurons_name!r}: {error}") from error


def _beta(neurons: nir.NIRNode, where: str, dt: float) -> NDArray[np.float64]:
    """Return float64[neurons]; raises SpikeletError where drive is scaled or v_leak not zero."""
    leaks = isinstance(neurons, nir.LIF | nir.LI)
    gain = neurons.r * (dt / neurons.tau if leaks else dt)
    if not np.allclose(gain, 1, rtol=0, atol=ROUNDING):
        raise SpikeletError(
            f"{where} has r * dt{' / tau' if leaks else ''} = {gain.flat[0]:g}, where only 1 can be read"
        )
    if leaks and neurons.v_leak.any():
        raise SpikeletError(f"{where} has a v_leak, where only 0 can be read")
    beta = 1 - dt / neurons.tau if leaks else np.ones_like(gain)
    exact = np.asarray(_metadata(neurons, where, "beta"))
    if exact.shape == beta.shape and np.allclose(exact, beta, rtol=0, atol=ROUNDING):
        return exact
    return beta  # somebody gave the neurons another tau since
