"""Spikelet's float networks from the NIR graphs that nir_writer.py made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.graphs import kernels
from spikelet.graphs.axes import Grid
from spikelet.graphs.chain import Chain, ChainNode, read_chain
from spikelet.graphs.writer import FORMAT, PREFIX
from spikelet.inputs.scaling import Scaling
from spikelet.networks.float_network import FloatLayer, FloatNetwork
from spikelet.networks.geometry import Geometry
from spikelet.networks.protocol import StreamWindow

ROUNDING = 1e-9  # relative, far above what float64 does to tau and r

_MATRICES = (nir.Affine, nir.Linear)
_CONVOLUTIONS = (nir.Conv1d, nir.Conv2d)
_SHAPING = (nir.SumPool2d, nir.Flatten)
_NEURONS = (nir.LIF, nir.IF, nir.LI, nir.I, nir.CubaLIF, nir.CubaLI)


def from_nir(graph: nir.NIRGraph) -> FloatNetwork:
    """Return the network that `to_nir` made the graph from.

    v_reset of a readout without a threshold, which has no use, comes back as zeros.
    Raises SpikeletError naming the node or the metadata key that stands against it.
    """
    version = int(_metadata(graph, "the graph", "format"))
    if version > FORMAT:
        raise SpikeletError(
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


def _metadata(node: nir.NIRNode, where: str, key: str) -> Any:
    value = node.metadata.get(PREFIX + key)
    if value is None:
        raise SpikeletError(
            f"{where} lacks the metadata {PREFIX}{key}; only graphs that Spikelet wrote can be read"
        )
    return value


def _stream(graph: nir.NIRGraph) -> StreamWindow | None:
    if PREFIX + "stream_window" not in graph.metadata:
        return None
    window, hop = (
        int(_metadata(graph, "the graph", key)) for key in ("stream_window", "stream_hop")
    )
    return StreamWindow(window, hop)


def _scaling(graph: nir.NIRGraph) -> Scaling | None:
    if PREFIX + "scaling_scale" not in graph.metadata:
        return None
    offset, scale, shift = (
        _metadata(graph, "the graph", f"scaling_{key}") for key in ("offset", "scale", "shift")
    )
    return Scaling(offset, scale, int(shift))


class _Parts(NamedTuple):
    """The names of a layer's nodes; the pool where there is one, the recurrent weights too."""

    pool: str | None
    synapses: str
    neurons: str
    recurrent: str | None


def _layers(chain: Chain, dt: float) -> Iterator[FloatLayer]:
    grid: Grid | None = None  # of the neurons before, where they were not flattened by a matrix
    for parts in _parts(chain):
        layer = _layer(chain, parts, grid, dt)
        shaped = layer.geometry and not kernels.is_matrix(layer.geometry)
        grid = Grid(layer.geometry.out, layer.maps) if layer.geometry and shaped else None
        yield layer


def _parts(chain: Chain) -> Iterator[_Parts]:
    """Give the parts of each layer; raises SpikeletError naming the node that is in the wrong place."""
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
        raise SpikeletError(f"node {synapses or pool!r} needs neurons after it")


def _check_kind(name: str, node: nir.NIRNode, wanted: tuple[type, ...]) -> None:
    if not isinstance(node, wanted):
        raise SpikeletError(
            f"node {name!r} is {type(node).__name__}, where only "
            f"{', '.join(kind.__name__ for kind in wanted)} can be read"
        )


def _recurrent(chain: Chain, link: ChainNode) -> str | None:
    """Return the node on the way from neurons back to themselves."""
    if not link.returns:
        return None
    if len(link.returns) > 1 or len(link.returns[0]) != 1:
        raise SpikeletError(
            f"node {link.name!r} comes back to itself on {len(link.returns)} ways, "
            "where only one through a Linear can be read"
        )
    name = link.returns[0][0]
    _check_kind(name, chain.nodes[name], (nir.Linear,))
    return name


def _layer(chain: Chain, parts: _Parts, grid: Grid | None, dt: float) -> FloatLayer:
    synapses, neurons = chain.nodes[parts.synapses], chain.nodes[parts.neurons]
    pool = chain.nodes[parts.pool] if parts.pool else None
    where = f"node {parts.neurons!r}"
    geometry = _geometry(synapses, parts.synapses)
    weights = _weights(synapses, parts.synapses, geometry, grid)
    _check_pool(pool, parts, geometry)
    zeros = np.zeros(len(synapses.weight))
    alpha, beta = _leaks(neurons, where, dt)
    reset, v_start = _metadata(neurons, where, "reset"), _metadata(neurons, where, "v_start")
    fires = hasattr(neurons, "v_threshold")
    recurrent = chain.nodes[parts.recurrent].weight if parts.recurrent else None
    try:
        return FloatLayer(
            weights=weights,
            bias=getattr(synapses, "bias", zeros),
            beta=beta,
            theta=_per_map(neurons.v_threshold, where, "v_threshold") if fires else None,
            reset=str(reset),
            v_reset=_per_map(neurons.v_reset, where, "v_reset") if fires else zeros,
            v_start=v_start,
            rho=neurons.metadata.get(PREFIX + "rho"),
            recurrent=None if recurrent is None else np.ascontiguousarray(recurrent.T),
            alpha=alpha,
            geometry=geometry,
        )
    except SpikeletError as error:
        names = f"{parts.synapses!r} and {parts.neurons!r}"
        raise SpikeletError(f"nodes {names}: {error}") from error


def _geometry(synapses: nir.NIRNode, name: str) -> Geometry | None:
    """Return the geometry that was kept; raises SpikeletError where that of the node is another."""
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
    over_time = isinstance(node, nir.Conv1d)
    frame = kernels.frame(geometry, square=not over_time)
    axes = slice(1 if over_time else 0, 2)
    for what, found, kept in (
        ("a kernel", node.weight.shape[2:], frame.extent),
        ("stride", node.stride, frame.stride),
        ("padding", node.padding, frame.padding),
    ):
        values, wanted = np.atleast_1d(found).tolist(), np.array(kept)[axes].tolist()
        if values != wanted:
            raise SpikeletError(
                f"node {name!r} has {what} of {values}, where its metadata has {wanted}; "
                "only graphs that Spikelet wrote can be read"
            )


def _check_pool(pool: nir.NIRNode | None, parts: _Parts, geometry: Geometry | None) -> None:
    kept = geometry.pool if geometry else (1, 1)
    found = (1, 1) if pool is None else tuple(map(int, pool.kernel_size))
    if found != kept:
        raise SpikeletError(
            f"node {parts.synapses!r} follows a pooling of {found}, where its metadata has {kept}; "
            "only graphs that Spikelet wrote can be read"
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
        raise SpikeletError(
            f"node {name!r} has weights of shape {list(weight.shape)}, but gets {grid.values} values"
        )
    rows = np.empty((grid.values, len(weight)), weight.dtype)
    rows[grid.order] = weight.T
    return rows


def _leaks(
    neurons: nir.NIRNode, where: str, dt: float
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
    """Return alpha, None without a synaptic current, and beta, each float64[maps].

    Raises SpikeletError where drive is scaled or v_leak not zero.
    """
    if isinstance(neurons, nir.IF | nir.I):
        _check_gain(neurons.r * dt, where, "r * dt")
        return None, _kept(neurons, where, np.ones_like(neurons.r), "beta")
    if neurons.v_leak.any():
        raise SpikeletError(f"{where} has a v_leak, where only 0 can be read")
    current = isinstance(neurons, nir.CubaLIF | nir.CubaLI)
    tau, name = (neurons.tau_mem, "tau_mem") if current else (neurons.tau, "tau")
    _check_gain(neurons.r * dt / tau, where, f"r * dt / {name}")
    beta = _kept(neurons, where, 1 - dt / tau, "beta")
    if not current:
        return None, beta
    _check_gain(neurons.w_in * dt / neurons.tau_syn, where, "w_in * dt / tau_syn")
    return _kept(neurons, where, 1 - dt / neurons.tau_syn, "alpha"), beta


def _check_gain(gain: NDArray[np.float64], where: str, equation: str) -> None:
    if not np.allclose(gain, 1, rtol=0, atol=ROUNDING):
        raise SpikeletError(f"{where} has {equation} = {gain.flat[0]:g}, where only 1 can be read")


def _kept(
    neurons: nir.NIRNode, where: str, share: NDArray[np.float64], key: str
) -> NDArray[np.float64]:
    """Return the share float64[maps] that neurons keep: as it was, if tau still means the same."""
    found = _per_map(share, where, key)
    exact = np.asarray(_metadata(neurons, where, key))
    if exact.shape == found.shape and np.allclose(exact, found, rtol=0, atol=ROUNDING):
        return exact
    return found  # somebody gave the neurons another tau since


def _per_map(values: NDArray[np.float64], where: str, what: str) -> NDArray[np.float64]:
    """Return float64[maps]; raises SpikeletError where a map's neurons are not alike."""
    rows = np.asarray(values).reshape(len(values), -1)
    if (rows != rows[:, :1]).any():
        raise SpikeletError(
            f"{where} has neurons of one map with different {what}, where only alike can be read"
        )
    return np.ascontiguousarray(rows[:, 0])
