"""Fold the nodes of a NIR graph into layers, and report on each node."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import nir
import numpy as np

from spikelet.arrays import Float64Array
from spikelet.errors import RefusedInput, SpikeletError
from spikelet.graphs.axes import Grid
from spikelet.graphs.chain import Chain, ChainNode
from spikelet.graphs.foreign import convolutions, values
from spikelet.graphs.foreign.account import APPROXIMATED, ASSUMED, EXACT, NodeReport, Texts
from spikelet.graphs.foreign.convolutions import naming
from spikelet.graphs.foreign.frameworks import Framework
from spikelet.graphs.foreign.layers import Drive, make_layer
from spikelet.graphs.foreign.neurons import NeuronParameters, Neurons, in_steps
from spikelet.graphs.foreign.synapses import Synapses, passing
from spikelet.graphs.foreign.values import MAX_WIDTH, extent
from spikelet.networks.float_network import FloatLayer
from spikelet.networks.geometry import Geometry

# Nodes that may come after neurons that never fire.
_AFTER_SILENCE = ("Flatten", "Output")


@dataclass
class Layers:
    """The layers so far, the synapses before the next one, and the report on all nodes so far.

    Attributes
    ----------
    chain : Chain
        All nodes, from Input to Output.
    framework : Framework
    dt : float
        Seconds per step.
    reset : str
        "subtract" or "set", of all neurons.
    synapses : Synapses
        The synapses before the next neurons.
    layers : list of FloatLayer
    account : list of NodeReport
    samples : Grid or None
        Order of the values of a sample; None before the first layer.
    """

    chain: Chain
    framework: Framework
    dt: float
    reset: str
    synapses: Synapses
    layers: list[FloatLayer] = field(default_factory=list)
    account: list[NodeReport] = field(default_factory=list)
    samples: Grid | None = None

    def add(self, link: ChainNode) -> None:
        """Append the next node.

        Raises
        ------
        SpikeletError
            If it cannot be imported; the message names the node.
        """
        node = self.chain.nodes[link.name]
        kind = type(node).__name__
        if kind not in _TAKE:
            raise RefusedInput(
                f"node {link.name!r} is {kind}, which cannot be imported; "
                f"only chains of {', '.join(_TAKE)} can"
            )
        silent = self.layers and self.layers[-1].theta is None
        if silent and kind not in _AFTER_SILENCE:
            raise RefusedInput(
                f"node {link.name!r} comes after neurons that never fire; "
                "only the last may be LI, I or CubaLI"
            )
        self._note(link.name, _TAKE[kind](self, link, node))
        for name in (name for way in link.returns for name in way):
            self._note(name, [(EXACT, f"recurrent weights of {link.name!r}")])

    def _note(self, name: str, texts: Texts) -> None:
        """Add entries on a node to the report."""
        kind = type(self.chain.nodes[name]).__name__
        self.account += [NodeReport(name, kind, *text) for text in texts]


def _take_end(layers: Layers, link: ChainNode, node: nir.NIRNode) -> Texts:
    """Check an Input or Output, that of the graph or one of a subgraph."""
    first, last = layers.chain.links[0], layers.chain.links[-1]
    if link is last and (layers.synapses.names or not layers.layers):
        raise RefusedInput(
            f"node {link.name!r} does not follow neurons, which is where Spikelet reads its answer; "
            "end the chain with LIF, IF, CubaLIF, LI, I or CubaLI"
        )
    if link is not first:
        _check_width(layers.synapses, link.name, math.prod(values.sizes(node, link.name)))
    return [(EXACT, f"{layers.synapses.width} values")]


def _take_matrix(layers: Layers, link: ChainNode, node: nir.NIRNode) -> Texts:
    """Append a Linear or Affine."""
    return _add_matrix(layers.synapses, link.name, node)


def _add_matrix(synapses: Synapses, name: str, node: nir.NIRNode) -> Texts:
    """Append a matrix to synapses; raises SpikeletError naming the node."""
    weight = values.parameter_values(node.weight, name, "weight")
    if weight.ndim != 2 or not 0 < len(weight) <= MAX_WIDTH:
        raise RefusedInput(
            f"node {name!r} has weights of shape {list(weight.shape)}, where only "
            f"[outputs, inputs] with 1..{MAX_WIDTH} outputs can be imported"
        )
    outputs, inputs = weight.shape
    _check_width(synapses, name, inputs)
    bias = values.broadcast_parameter(getattr(node, "bias", 0), (outputs,), name, "bias")
    synapses.flatten()
    with naming(name):
        synapses.multiply(weight.T, bias)
    return [(EXACT, f"weights [{inputs}, {outputs}]{synapses.fold(name)}")]


def _take_scale(layers: Layers, link: ChainNode, node: nir.NIRNode) -> Texts:
    """Append a Scale."""
    return _add_scale(layers.synapses, link.name, node)


def _add_scale(synapses: Synapses, name: str, node: nir.NIRNode) -> Texts:
    """Append factors to synapses; raises SpikeletError naming the node."""
    factors = values.broadcast_parameter(node.scale, synapses.shape, name, "scale")
    with naming(name):
        synapses.scale(factors)
    return [(EXACT, f"factors {extent(factors)}{synapses.fold(name)}")]


def _take_flatten(layers: Layers, link: ChainNode, node: nir.NIRNode) -> Texts:
    """Flatten the values; before a matrix it does not matter which dimensions are flattened."""
    if node.input_type["input"] is not None:
        _check_width(layers.synapses, link.name, math.prod(values.sizes(node, link.name)))
    layers.synapses.flatten()
    return [(EXACT, "nothing to do, channel by channel")]


def _take_convolution(layers: Layers, link: ChainNode, node: nir.NIRNode) -> Texts:
    """Append a Conv1d or Conv2d."""
    return convolutions.convolve(layers.synapses, link.name, node)


def _take_pool(layers: Layers, link: ChainNode, node: nir.NIRNode) -> Texts:
    """Append a SumPool2d or AvgPool2d."""
    return convolutions.append_pooling(layers.synapses, link.name, node)


def _take_neurons(layers: Layers, link: ChainNode, node: nir.NIRNode) -> Texts:
    """Complete a layer: the synapses so far, and these neurons."""
    synapses, name = layers.synapses, link.name
    grid = synapses.grid
    parameters = NeuronParameters(node, name, grid, synapses.shape)
    neurons, texts = in_steps(parameters, layers.framework, layers.dt)
    if link.returns and neurons.theta is None:
        raise RefusedInput(
            f"node {name!r} never fires, but returns to itself; only spikes can, not membranes"
        )
    names = ", ".join(map(repr, [*synapses.names, name]))
    try:
        drive = _drive(layers, link)
        late = layers.framework.resets_late
        layer, more = make_layer(drive, neurons, layers.reset, late=late)
    except SpikeletError as error:
        raise RefusedInput(f"{'nodes' if synapses.names else 'node'} {names}: {error}") from error
    if not synapses.names:
        texts.append((EXACT, "has no synapses of its own, so each input has one weight"))
    texts += more + _about(layers, link, neurons)
    layers.samples = layers.samples or synapses.source
    layers.layers.append(layer)
    layers.synapses = passing(grid, synapses.shape)
    return texts


def _drive(layers: Layers, link: ChainNode) -> Drive:
    """Return the drive of neurons; raises SpikeletError if their recurrence is not possible."""
    synapses = layers.synapses
    weights, geometry = synapses.weights()
    bias = synapses.bias
    if not link.returns:
        return Drive(weights, geometry, bias, None)
    if geometry and geometry.out != (1, 1):
        raise RefusedInput(
            f"a convolution of {geometry.out[0]} x {geometry.out[1]} pixels cannot be recurrent; "
            "only neurons after a Linear or Affine node can"
        )
    neurons = len(bias)
    recurrent = np.zeros((neurons, neurons))
    for way in link.returns:
        own = passing(Grid((1, 1), neurons), (neurons,))
        for name in way:
            _add_recurrent(own, name, layers.chain.nodes[name])
        _check_width(own, link.name, neurons)
        recurrent += own.weights()[0]
        bias = bias + own.bias
    return Drive(_matrix(weights, geometry), None, bias, recurrent)


def _add_recurrent(synapses: Synapses, name: str, node: nir.NIRNode) -> None:
    """Append a node of a recurrent connection; raises SpikeletError for other types."""
    if isinstance(node, nir.Linear | nir.Affine):
        _add_matrix(synapses, name, node)
    elif isinstance(node, nir.Scale):
        _add_scale(synapses, name, node)
    else:
        raise RefusedInput(
            f"node {name!r} is {type(node).__name__}, on a way back from neurons to themselves, "
            "where only Linear, Affine and Scale can be imported"
        )


def _matrix(weights: Float64Array, geometry: Geometry | None) -> Float64Array:
    """Return float64[inputs, neurons] of a kernel with one place, including the pooling before it."""
    if geometry is None:
        return weights
    return np.ascontiguousarray(geometry.fold(weights.T[:, None]).T)


def _about(layers: Layers, link: ChainNode, neurons: Neurons) -> Texts:
    """Return the entries on neurons that depend on the framework and the reset."""
    framework, texts = layers.framework, []
    if link.returns and framework.delays_recurrence:
        texts.append((EXACT, f"its own spikes arrive a step later, as in {framework.title}"))
    elif link.returns:
        texts.append((ASSUMED, "its own spikes arrive a step later"))
    if neurons.v_start.any():
        v_start = extent(neurons.v_start)
        texts.append((ASSUMED, f"membranes start at {v_start}, as in {framework.title}"))
    if neurons.theta is None:
        return texts
    if layers.reset == "subtract" and neurons.v_reset.any():
        v_reset = extent(neurons.v_reset)
        texts.append((ASSUMED, f"v_reset {v_reset} has no effect with reset subtract"))
    complex_neurons = neurons.alpha is not None or link.returns
    if framework.late_set_loses_drive and layers.reset == "set" and complex_neurons:
        text = f"in the step after a spike {framework.title} holds the membrane at 0"
        texts.append((APPROXIMATED, f"{text} and ignores its input; Spikelet adds the input"))
    return texts


def _check_width(synapses: Synapses, name: str, width: int) -> None:
    """Raise SpikeletError if a node takes another number of values than it gets."""
    if width != synapses.width:
        raise RefusedInput(f"node {name!r} takes {width} values, but gets {synapses.width}")


_TAKE: dict[str, Callable[[Layers, ChainNode, nir.NIRNode], Texts]] = {
    "Input": _take_end,
    "Linear": _take_matrix,
    "Affine": _take_matrix,
    "Scale": _take_scale,
    "Conv1d": _take_convolution,
    "Conv2d": _take_convolution,
    "SumPool2d": _take_pool,
    "AvgPool2d": _take_pool,
    "Flatten": _take_flatten,
    "LIF": _take_neurons,
    "IF": _take_neurons,
    "CubaLIF": _take_neurons,
    "LI": _take_neurons,
    "I": _take_neurons,
    "CubaLI": _take_neurons,
    "Threshold": _take_neurons,
    "Output": _take_end,
}
"""By type of node: the function that appends it and returns its entries of the report."""
