"""Read float networks from the NIR graphs that writer.py writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput, SpikeletError
from spikelet.graphs import kernels
from spikelet.graphs.axes import Grid
from spikelet.graphs.chain import Chain, ChainNode, read_chain
from spikelet.graphs.writer import FORMAT, PREFIX
from spikelet.inputs.scaling import Scaling
from spikelet.networks.float_network import FloatLayer, FloatNetwork
from spikelet.networks.geometry import Geometry
from spikelet.networks.protocol import StreamWindow

# Relative: far above the rounding of tau and r in float64.
ROUNDING = 1e-9

_MATRICES = (nir.Affine, nir.Linear)
_CONVOLUTIONS = (nir.Conv1d, nir.Conv2d)
_SHAPING = (nir.SumPool2d, nir.Flatten)
_NEURONS = (nir.LIF, nir.IF, nir.LI, nir.I, nir.CubaLIF, nir.CubaLI)


def from_nir(graph: nir.NIRGraph) -> FloatNetwork:
    """Return the network in a graph of `to_nir`.

    Without a threshold v_reset has no effect; such a readout comes back with zeros.

    Raises
    ------
    SpikeletError
        If the graph cannot be read; the message names the node or the metadata key.
    """
    version = int(_metadata(graph, "the graph", "format"))
    if version > FORMAT:
        raise RefusedInput(
            f"the graph has format {version}, but this Spikelet reads {FORMAT}; install a newer one"
        )
    dt = float(_metadata(graph, "the graph", "dt"))
    return FloatNetwork(
        layers=tuple(_layers(read_chain(graph), dt)),
        encoder=str(_metadata(graph, "the graph", "encoder")),
        steps=int(_metadata(graph, "the graph", "steps")),
        readout=str(_metadata(graph, "the graph", "readout")),
        classes=tuple(map(str, json.loads(_metadata(graph, "the graph", "classes")))),
        dt=dt,
        encoder_parameter=int(_metadata(graph, "the graph", "encoder_parameter")),
        stream=_stream(graph),
        scaling=_scaling(graph),
    )


def is_native(graph: nir.NIRGraph) -> bool:
    """Return whether Spikelet wrote the graph, so that `from_nir` should read it."""
    return PREFIX + "format" in graph.metadata


def _metadata(node: nir.NIRNode, owner: str, key: str) -> Any:
    """Return a value of the metadata; raises SpikeletError if it is missing."""
    value = node.metadata.get(PREFIX + key)
    if value is None:
        raise RefusedInput(
            f"{owner} lacks the metadata {PREFIX}{key}; only graphs that Spikelet wrote can be read"
        )
    return value


def _stream(graph: nir.NIRGraph) -> StreamWindow | None:
    """Return the window of a stream; None for samples."""
    if PREFIX + "stream_window" not in graph.metadata:
        return None
    window, hop = (
        int(_metadata(graph, "the graph", key)) for key in ("stream_window", "stream_hop")
    )
    return StreamWindow(window, hop)


def _scaling(graph: nir.NIRGraph) -> Scaling | None:
    """Return the scaling of readings; None if the network has none."""
    if PREFIX + "scaling_scale" not in graph.metadata:
        return None
    offset, scale, shift = (
        _metadata(graph, "the graph", f"scaling_{key}") for key in ("offset", "scale", "shift")
    )
    return Scaling(offset, scale, int(shift))


class _Parts(NamedTuple):
    """The names of a layer's nodes; pool and recurrent weights are optional."""

    pool: str | None
    synapses: str
    neurons: str
    recurrent: str | None


def _layers(chain: Chain, dt: float) -> Iterator[FloatLayer]:
    """Yield the layers of a chain; raises SpikeletError naming the node."""
    # The grid of the previous neurons; None after a matrix, which flattens.
    grid: Grid | None = None
    for parts in _parts(chain):
        layer = _layer(chain, parts, grid, dt)
        shaped = layer.geometry and not kernels.is_matrix(layer.geometry)
        grid = Grid(layer.geometry.out, layer.maps) if layer.geometry and shaped else None
        yield layer


def _parts(chain: Chain) -> Iterator[_Parts]:
    """Yield the parts of each layer; raises SpikeletError naming a misplaced node."""
    pool = synapses = None
    for link in chain.links[1:-1]:
        node = chain.nodes[link.name]
        if isinstance(node, _SHAPING) and synapses is None:
            pool = link.name if isinstance(node, nir.SumPool2d) else pool
        elif synapses is None:
            _check_kind(link.name, node, (*_MATRICES, *_CONVOLUTIONS))
            synapses = link.name
        else:
            _check_kind(link.name, node, _NEURONS)
            yield _Parts(pool, synapses, link.name, _recurrent(chain, link))
            pool = synapses = None
    if synapses or pool:
        raise RefusedInput(f"node {synapses or pool!r} needs neurons after it")


def _check_kind(name: str, node: nir.NIRNode, kinds: tuple[type, ...]) -> None:
    """Raise SpikeletError unless the node is of one of these types."""
    if not isinstance(node, kinds):
        raise RefusedInput(
            f"node {name!r} is {type(node).__name__}, where only "
            f"{', '.join(kind.__name__ for kind in kinds)} can be read"
        )


def _recurrent(chain: Chain, link: ChainNode) -> str | None:
    """Return the name of the recurrent weights; None without them; raises SpikeletError."""
    if not link.returns:
        return None
    if len(link.returns) > 1 or len(link.returns[0]) != 1:
        raise RefusedInput(
            f"node {link.name!r} comes back to itself on {len(link.returns)} ways, "
            "where only one through a Linear can be read"
        )
    name = link.returns[0][0]
    _check_kind(name, chain.nodes[name], (nir.Linear,))
    return name


def _layer(chain: Chain, parts: _Parts, grid: Grid | None, dt: float) -> FloatLayer:
    """Return a layer; raises SpikeletError naming its nodes."""
    synapses, neurons = chain.nodes[parts.synapses], chain.nodes[parts.neurons]
    pool = chain.nodes[parts.pool] if parts.pool else None
    owner = f"node {parts.neurons!r}"
    geometry = _geometry(synapses, parts.synapses)
    weights = _weights(synapses, parts.synapses, geometry, grid)
    _check_pool(pool, parts, geometry)
    zeros = np.zeros(len(synapses.weight))
    alpha, beta = _leaks(neurons, owner, dt)
    reset, v_start = _metadata(neurons, owner, "reset"), _metadata(neurons, owner, "v_start")
    fires = hasattr(neurons, "v_threshold")
    recurrent = chain.nodes[parts.recurrent].weight if parts.recurrent else None
    try:
        return FloatLayer(
            weights=weights,
            bias=getattr(synapses, "bias", zeros),
            beta=beta,
            theta=_per_map(neurons.v_threshold, owner, "v_threshold") if fires else None,
            reset=str(reset),
            v_reset=_per_map(neurons.v_reset, owner, "v_reset") if fires else zeros,
            v_start=v_start,
            rho=neurons.metadata.get(PREFIX + "rho"),
            recurrent=None if recurrent is None else np.ascontiguousarray(recurrent.T),
            alpha=alpha,
            geometry=geometry,
        )
    except SpikeletError as error:
        names = f"{parts.synapses!r} and {parts.neurons!r}"
        raise RefusedInput(f"nodes {names}: {error}") from error


def _geometry(synapses: nir.NIRNode, name: str) -> Geometry | None:
    """Return the geometry in the metadata; raises SpikeletError if the node contradicts it."""
    if PREFIX + "geometry" not in synapses.metadata:
        if isinstance(synapses, _CONVOLUTIONS):
            _metadata(synapses, f"node {name!r}", "geometry")
        return None
    (*size, channels, k_h, k_w, out_h, out_w, s_h, s_w, p_h, p_w, pool_h, pool_w) = map(
        int, synapses.metadata[PREFIX + "geometry"]
    )
    geometry = Geometry(
        size=(size[0], size[1]),
        channels=channels,
        kernel=(k_h, k_w),
        out=(out_h, out_w),
        stride=(s_h, s_w),
        padding=(p_h, p_w),
        pool=(pool_h, pool_w),
    )
    if isinstance(synapses, _CONVOLUTIONS):
        _check_frame(synapses, name, geometry)
    return geometry


def _check_frame(node: nir.NIRNode, name: str, geometry: Geometry) -> None:
    """Raise SpikeletError if kernel, stride or padding of the node contradict the geometry."""
    over_time = isinstance(node, nir.Conv1d)
    frame = kernels.frame(geometry, square=not over_time)
    axes = slice(1 if over_time else 0, 2)
    for what, value, pair in (
        ("a kernel", node.weight.shape[2:], frame.extent),
        ("stride", node.stride, frame.stride),
        ("padding", node.padding, frame.padding),
    ):
        values, expected = np.atleast_1d(value).tolist(), np.array(pair)[axes].tolist()
        if values != expected:
            raise RefusedInput(
                f"node {name!r} has {what} of {values}, where its metadata has {expected}; "
                "only graphs that Spikelet wrote can be read"
            )


def _check_pool(pool: nir.NIRNode | None, parts: _Parts, geometry: Geometry | None) -> None:
    """Raise SpikeletError if the pooling node contradicts the geometry."""
    expected = geometry.pool if geometry else (1, 1)
    window = (1, 1) if pool is None else tuple(map(int, pool.kernel_size))
    if window != expected:
        raise RefusedInput(
            f"node {parts.synapses!r} follows a pooling of {window}, "
            f"where its metadata has {expected}; only graphs that Spikelet wrote can be read"
        )


def _weights(
    synapses: nir.NIRNode, name: str, geometry: Geometry | None, grid: Grid | None
) -> NDArray[np.float64]:
    """Return float64[fan-in, maps] of a matrix or a kernel."""
    weight = synapses.weight
    if isinstance(synapses, _CONVOLUTIONS) and geometry:
        over_time = isinstance(synapses, nir.Conv1d)
        around = kernels.frame(geometry, square=not over_time)
        return kernels.unframed(weight[:, :, None] if over_time else weight, geometry, around)
    if geometry:
        grid = Grid(geometry.pooled, geometry.channels)
    if grid is None:
        return np.ascontiguousarray(weight.T)
    if weight.shape[1:] != (grid.values,):
        raise RefusedInput(
            f"node {name!r} has weights of shape {list(weight.shape)}, but gets {grid.values} values"
        )
    rows = np.empty((grid.values, len(weight)), weight.dtype)
    rows[grid.order] = weight.T
    return rows


def _leaks(
    neurons: nir.NIRNode, owner: str, dt: float
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
    """Return alpha, None without a synaptic current, and beta, each float64[maps].

    Raises SpikeletError if drive is scaled or v_leak is not zero.
    """
    if isinstance(neurons, nir.IF | nir.I):
        _check_gain(neurons.r * dt, owner, "r * dt")
        return None, _kept(neurons, owner, np.ones_like(neurons.r), "beta")
    if neurons.v_leak.any():
        raise RefusedInput(f"{owner} has a v_leak, where only 0 can be read")
    current = isinstance(neurons, nir.CubaLIF | nir.CubaLI)
    tau, name = (neurons.tau_mem, "tau_mem") if current else (neurons.tau, "tau")
    _check_gain(neurons.r * dt / tau, owner, f"r * dt / {name}")
    beta = _kept(neurons, owner, 1 - dt / tau, "beta")
    if not current:
        return None, beta
    _check_gain(neurons.w_in * dt / neurons.tau_syn, owner, "w_in * dt / tau_syn")
    return _kept(neurons, owner, 1 - dt / neurons.tau_syn, "alpha"), beta


def _check_gain(gain: NDArray[np.float64], owner: str, equation: str) -> None:
    """Raise SpikeletError unless the gain is 1."""
    if not np.allclose(gain, 1, rtol=0, atol=ROUNDING):
        raise RefusedInput(f"{owner} has {equation} = {gain.flat[0]:g}, where only 1 can be read")


def _kept(
    neurons: nir.NIRNode, owner: str, share: NDArray[np.float64], key: str
) -> NDArray[np.float64]:
    """Return alpha or beta, float64[maps]: exact from the metadata, if it agrees with tau."""
    from_tau = _per_map(share, owner, key)
    exact = np.asarray(_metadata(neurons, owner, key))
    if exact.shape == from_tau.shape and np.allclose(exact, from_tau, rtol=0, atol=ROUNDING):
        return exact
    # Another program changed tau after Spikelet wrote the graph.
    return from_tau


def _per_map(values: NDArray[np.float64], owner: str, what: str) -> NDArray[np.float64]:
    """Return float64[maps]; raises SpikeletError if the neurons of a map differ."""
    rows = np.asarray(values).reshape(len(values), -1)
    if (rows != rows[:, :1]).any():
        raise RefusedInput(
            f"{owner} has neurons of one map with different {what}, where only alike can be read"
        )
    return np.ascontiguousarray(rows[:, 0])
