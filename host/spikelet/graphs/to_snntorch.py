"""Float networks as NIR graphs that snnTorch's `import_from_nir` reads, with the same spikes.

snnTorch 1.0.0 reads a graph with habits of its own, which nir_graph.py's files do not suit:

- a step is 1e-4 s, whatever the network's, so that beta is 1 - 1e-4 / tau;
- neurons are LIF: LI and I are refused, IF becomes neurons with beta 0.9. A readout that never fires
  is therefore LIF whose threshold is out of reach; its membranes are the module's `mem`;
- all neurons of a layer have one threshold, here 1, by which their weights and bias are divided;
- membranes start at 0 and a spike sets them to 0, in the same step, so that the zero is moved to
  v_reset. Where a spike subtracts instead, snnTorch must be told after reading, with `snippet`.

A spike that subtracts takes the form in which snnTorch's own neurons have it by default, a step late,
for only that one is exact: with `reset_delay=False` snnTorch takes a membrane that is above threshold
even after the reset for a spike of the step before. A step late, such a spike takes beta rho, which is
the threshold there too: membranes are counted from theta - beta rho, and have to start as much lower.
Where rho is theta / beta, which is how nir_layers.py reads snnTorch's own networks, that is nothing;
where it is theta, it is 1 - 1 / beta in units of the threshold. Nothing else can be brought over.

Recurrent layers cannot be brought at all: with nirtorch 2.6 snnTorch runs a cycle's input through the
recurrent weights before it comes to the neurons, and fails on the subgraphs that it writes itself. A
stream is like any other network there, whose state lasts until it is reset.

Source: snnTorch 1.0.0, `_nir_to_snntorch_module` in snntorch/import_nir.py and `forward` in
snntorch/_neurons/leaky.py.
"""

from dataclasses import replace
from typing import NamedTuple

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.graphs import writer
from spikelet.networks.float_network import FloatLayer, FloatNetwork

DT = 1e-4  # seconds, that snnTorch takes a step to be
LEAST_LEAK = 2.0**-24  # of neurons that have none: 1 - 2**-25 and less rounds to 1 in float32
OUT_OF_REACH = 1e30  # a threshold; infinity times no spike would be no number
ROUNDING = 1e-9  # relative, far above what float64 does to theta / beta, far below float32
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
    """Membranes of a layer are zero + theta times those in snnTorch, each float64[maps]."""

    zero: NDArray[np.float64]
    theta: NDArray[np.float64]


def for_snntorch(network: FloatNetwork) -> nir.NIRGraph:
    """Return the network as a graph that snnTorch reads.

    Raises SpikeletError naming the layer that snnTorch's neurons cannot be.
    """
    layers = []
    for number, layer in enumerate(network.layers):
        try:
            layers.append(_with_threshold_1(layer))
        except SpikeletError as error:
            raise SpikeletError(f"layer {number} {error}") from None
    graph = writer.to_nir(replace(network, layers=tuple(layers), dt=DT))
    nodes = {name: _plain(name, node) for name, node in graph.nodes.items()}
    return nir.NIRGraph(nodes, graph.edges, type_check=writer.is_typed(nodes))


def snippet(network: FloatNetwork, graph: nir.NIRGraph) -> str:
    """Return what snnTorch must be told before each batch of `samples`; "" where that is nothing.

    It is Python for `network = import_from_nir(graph)`, with the graph that `for_snntorch` returned.
    """
    late = {
        f"neurons_{number}": layer
        for number, layer in enumerate(network.layers)
        if layer.theta is not None and layer.reset == "subtract"
    }
    starting = [name for name, layer in late.items() if _starts(layer).any()]
    told = LATE.format(names=list(late)) if late else ""
    told += STARTS.format(names=starting) if starting else ""
    flat = [name for name in graph.nodes if name.startswith("flatten")]
    return told + (FLAT.format(names=flat) if flat else "")


def _plain(name: str, node: nir.NIRNode) -> nir.NIRNode:
    """Return a node without Spikelet's metadata, of a kind that snnTorch knows."""
    if isinstance(node, nir.Conv1d):
        raise SpikeletError(f"node {name!r} is Conv1d, which snnTorch does not read; only 2-D is")
    if isinstance(node, nir.SumPool2d):
        return nir.AvgPool2d(node.kernel_size, node.stride, node.padding)
    node.metadata = {}
    return node


def _with_threshold_1(layer: FloatLayer) -> FloatLayer:
    """Return the layer with thresholds of 1, starts and resets at 0, and averages where it pools."""
    if layer.recurrent is not None:
        raise SpikeletError(
            "hears its own spikes, and snnTorch cannot read that from any graph; others it can"
        )
    subtracts = layer.theta is not None and layer.reset == "subtract"
    if subtracts and not layer.beta.all():
        raise SpikeletError(
            "has neurons with beta 0, from which snnTorch cannot subtract a threshold a step "
            "after the spike; train it with --reset set"
        )
    zero, theta = _units(layer)
    if layer.alpha is not None and zero.any():
        raise SpikeletError(
            "has a synaptic current, behind which snnTorch's membranes cannot be counted from "
            "another zero, as this reset needs it; train it with --reset set"
        )
    if (theta <= 0).any():
        raise SpikeletError(f"has a threshold {theta.min():g} above its reset; it must be positive")
    starts = _starts(layer)
    if subtracts and starts.any() and not np.allclose(starts, 1 - 1 / layer.beta, ROUNDING):
        raise SpikeletError(
            "does other than start at 0 and lose theta or theta / beta to a spike, which is all "
            "that snnTorch's neurons can; train it with --reset subtract"
        )
    if not subtracts and starts.any():
        raise SpikeletError(
            "starts at other membranes than those after a reset, which snnTorch's neurons cannot; "
            "train it without v_start"
        )
    nothing, pooled = np.zeros(layer.maps), layer.geometry.most_inputs if layer.geometry else 1
    return FloatLayer(
        weights=layer.weights / theta * pooled,
        bias=(layer.bias - (1 - layer.beta) * zero) / theta,
        beta=np.minimum(layer.beta, 1 - LEAST_LEAK),
        theta=nothing + (1 if layer.theta is not None else OUT_OF_REACH),
        reset="set",
        v_reset=nothing,
        v_start=nothing,
        alpha=None if layer.alpha is None else np.minimum(layer.alpha, 1 - LEAST_LEAK),
        geometry=layer.geometry,
    )


def _units(layer: FloatLayer) -> _Units:
    if layer.theta is None:
        return _Units(np.zeros(layer.maps), np.ones(layer.maps))
    if layer.reset == "set":
        return _Units(layer.v_reset, layer.theta - layer.v_reset)
    lost = layer.beta * layer.subtracted
    return _Units(layer.theta - lost, lost)


def _starts(layer: FloatLayer) -> NDArray[np.float64]:
    """Return float64[maps], membranes before the first step as snnTorch counts them."""
    zero, theta = _units(layer)
    starts = (layer.v_start - zero) / theta
    return np.where(np.abs(starts) < ROUNDING, 0, starts)
