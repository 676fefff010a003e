"""Export float networks as NIR graphs that snnTorch reads, with the same spikes.

The reader is snnTorch's `import_from_nir`.
snnTorch 1.0.0 cannot use the graphs of writer.py, because it reads graphs in a way of its own:

- A step is always 1e-4 s, regardless of the network's dt, so beta is 1 - 1e-4 / tau.
- Neurons are LIF. LI and I are refused, IF becomes neurons with beta 0.9. A readout that never fires
  is therefore LIF with a threshold out of reach; its membranes are the module's `mem`.
- All neurons of a layer have one threshold. Here it is 1, and weights and bias are divided by theirs.
- Membranes start at 0, and a spike sets them to 0 in the same step. The zero is therefore moved to
  v_reset. If a spike subtracts instead, snnTorch needs the code of `snippet` after reading.

A spike that subtracts takes the default form of snnTorch's own neurons, one step late. Only this form
is exact: with `reset_delay=False` snnTorch counts a membrane that is above threshold even after the
reset as a spike of the step before.

One step late, the spike takes beta rho, which is also the threshold there. Membranes are counted from
theta - beta rho, and have to start lower by the same amount. With rho = theta / beta, as layers.py reads
snnTorch's own networks, this start is 0. With rho = theta it is 1 - 1 / beta in units of the threshold.
Other starts and values of rho cannot be exported.

Recurrent layers cannot be exported at all. With nirtorch 2.6 snnTorch runs a cycle's input through the
recurrent weights before it reaches the neurons. It also fails on the subgraphs that it writes itself.
snnTorch treats a stream like any other network, with a state that lasts until it is reset.

Source: snnTorch 1.0.0, `_nir_to_snntorch_module` in snntorch/import_nir.py and `forward` in
snntorch/_neurons/leaky.py.
"""

from dataclasses import replace
from typing import NamedTuple

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput, SpikeletError
from spikelet.graphs import writer
from spikelet.networks.float_network import FloatLayer, FloatNetwork

# Seconds per step in snnTorch.
DT = 1e-4
# The leak of neurons that have none: in float32, 1 - 2**-25 rounds to 1.
LEAST_LEAK = 2.0**-24
# A threshold that no membrane reaches; infinity times 0 spikes would be NaN.
OUT_OF_REACH = 1e30
# Relative: far above the rounding of theta / beta in float64, far below float32's.
ROUNDING = 1e-9
LATE = """\
for name in {names}:
    neurons = getattr(network, name)
    kept = [getattr(neurons, share) for share in ("alpha", "beta") if hasattr(neurons, share)]
    setattr(network, name, type(neurons)(*kept, neurons.threshold, init_hidden=True))
"""
STARTS = """\
for name in {names}:
    neurons = getattr(network, name)
    neurons.mem = (1 - 1 / neurons.beta).expand(samples, *neurons.beta.shape).clone()
"""
FLAT = """\
for name in {names}:
    setattr(network, name, type(getattr(network, name))(1))
"""


class _Units(NamedTuple):
    """Zero and unit of a layer's membranes: v = zero + theta * v in snnTorch, float64[maps]."""

    zero: NDArray[np.float64]
    theta: NDArray[np.float64]


def for_snntorch(network: FloatNetwork) -> nir.NIRGraph:
    """Return the network as a graph that snnTorch reads.

    Raises
    ------
    SpikeletError
        If snnTorch has no such neurons; the message names the layer.
    """
    layers = []
    for number, layer in enumerate(network.layers):
        try:
            layers.append(_with_threshold_1(layer))
        except SpikeletError as error:
            raise RefusedInput(f"layer {number} {error}") from None
    graph = writer.to_nir(replace(network, layers=tuple(layers), dt=DT))
    nodes = {name: _plain(name, node) for name, node in graph.nodes.items()}
    return nir.NIRGraph(nodes, graph.edges, type_check=writer.is_typed(nodes))


def snippet(network: FloatNetwork, graph: nir.NIRGraph) -> str:
    """Return the Python code that prepares snnTorch's network before each batch; "" if it needs none.

    Parameters
    ----------
    network : FloatNetwork
    graph : nir.NIRGraph
        The graph that `for_snntorch` returned for this network.

    Returns
    -------
    str
        Code for `network = import_from_nir(graph)` and a batch of `samples`.
    """
    late = {
        f"neurons_{number}": layer
        for number, layer in enumerate(network.layers)
        if layer.theta is not None and layer.reset == "subtract"
    }
    starting = [name for name, layer in late.items() if _starts(layer).any()]
    code = LATE.format(names=list(late)) if late else ""
    code += STARTS.format(names=starting) if starting else ""
    flat = [name for name in graph.nodes if name.startswith("flatten")]
    return code + (FLAT.format(names=flat) if flat else "")


def _plain(name: str, node: nir.NIRNode) -> nir.NIRNode:
    """Return a node without Spikelet's metadata, of a type that snnTorch knows."""
    if isinstance(node, nir.Conv1d):
        raise RefusedInput(f"node {name!r} is Conv1d, which snnTorch does not read; only 2-D is")
    if isinstance(node, nir.SumPool2d):
        return nir.AvgPool2d(node.kernel_size, node.stride, node.padding)
    node.metadata = {}
    return node


def _with_threshold_1(layer: FloatLayer) -> FloatLayer:
    """Return the layer with thresholds of 1, starts and resets at 0, and pooling by averages."""
    if layer.recurrent is not None:
        raise RefusedInput(
            "hears its own spikes, and snnTorch cannot read that from any graph; others it can"
        )
    subtracts = layer.theta is not None and layer.reset == "subtract"
    if subtracts and not layer.beta.all():
        raise RefusedInput(
            "has neurons with beta 0, from which snnTorch cannot subtract a threshold a step "
            "after the spike; train it with --reset set"
        )
    zero, theta = _units(layer)
    if layer.alpha is not None and zero.any():
        raise RefusedInput(
            "has a synaptic current, behind which snnTorch's membranes cannot be counted from "
            "another zero, as this reset needs it; train it with --reset set"
        )
    if (theta <= 0).any():
        raise RefusedInput(f"has a threshold {theta.min():g} above its reset; it must be positive")
    starts = _starts(layer)
    if subtracts and starts.any() and not np.allclose(starts, 1 - 1 / layer.beta, ROUNDING):
        raise RefusedInput(
            "does other than start at 0 and lose theta or theta / beta to a spike, which is all "
            "that snnTorch's neurons can; train it with --reset subtract"
        )
    if not subtracts and starts.any():
        raise RefusedInput(
            "starts at other membranes than those after a reset, which snnTorch's neurons cannot; "
            "train it without v_start"
        )
    zeros, pooled = np.zeros(layer.maps), layer.geometry.most_inputs if layer.geometry else 1
    return FloatLayer(
        weights=layer.weights / theta * pooled,
        bias=(layer.bias - (1 - layer.beta) * zero) / theta,
        beta=np.minimum(layer.beta, 1 - LEAST_LEAK),
        theta=zeros + (1 if layer.theta is not None else OUT_OF_REACH),
        reset="set",
        v_reset=zeros,
        v_start=zeros,
        alpha=None if layer.alpha is None else np.minimum(layer.alpha, 1 - LEAST_LEAK),
        geometry=layer.geometry,
    )


def _units(layer: FloatLayer) -> _Units:
    """Return zero and unit of the layer's membranes in snnTorch."""
    if layer.theta is None:
        return _Units(np.zeros(layer.maps), np.ones(layer.maps))
    if layer.reset == "set":
        return _Units(layer.v_reset, layer.theta - layer.v_reset)
    lost = layer.beta * layer.subtracted
    return _Units(layer.theta - lost, lost)


def _starts(layer: FloatLayer) -> NDArray[np.float64]:
    """Return float64[maps], membranes before the first step in snnTorch's units."""
    zero, theta = _units(layer)
    starts = (layer.v_start - zero) / theta
    return np.where(np.abs(starts) < ROUNDING, 0, starts)
