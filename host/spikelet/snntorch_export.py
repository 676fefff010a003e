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

Source: snnTorch 1.0.0, `_nir_to_snntorch_module` in snntorch/import_nir.py and `forward` in
snntorch/_neurons/leaky.py.
"""

from itertools import pairwise
from typing import NamedTuple

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.float_network import FloatLayer, FloatNetwork

DT = 1e-4  # seconds, that snnTorch takes a step to be
LEAST_LEAK = 2.0**-24  # of neurons that have none: 1 - 2**-25 and less rounds to 1 in float32
OUT_OF_REACH = 1e30  # a threshold; infinity times no spike would be no number
ROUNDING = 1e-9  # relative, far above what float64 does to theta / beta, far below float32
LATE = """\
for name in {names}:
    neurons = getattr(network, name)
    setattr(network, name, snntorch.Leaky(neurons.beta, neurons.threshold, init_hidden=True))
"""
STARTS = """\
for name in {names}:
    neurons = getattr(network, name)
    neurons.mem = (1 - 1 / neurons.beta).expand(samples, -1).clone()
"""


class _Units(NamedTuple):
    """Membranes of a layer are zero + theta times those in snnTorch, each float64[neurons]."""

    zero: NDArray[np.float64]
    theta: NDArray[np.float64]


def for_snntorch(network: FloatNetwork) -> nir.NIRGraph:
    """Return the network as a graph that snnTorch reads.

    Raises SpikeletError naming the layer that snnTorch's neurons cannot be.
    """
    if network.stream is not None:
        raise SpikeletError("snnTorch runs no streams; only static networks can be exported to it")
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input(np.array([network.channels]))}
    for number, layer in enumerate(network.layers):
        try:
            weights, bias = _with_threshold_1(layer)
        except SpikeletError as error:
            raise SpikeletError(f"layer {number} {error}") from None
        nodes[f"synapses_{number}"] = nir.Affine(np.ascontiguousarray(weights.T), bias)
        nodes[f"neurons_{number}"] = _neurons(layer)
    nodes["output"] = nir.Output(np.array([network.layers[-1].neurons]))
    return nir.NIRGraph(nodes, list(pairwise(nodes)))


def snippet(network: FloatNetwork) -> str:
    """Return what snnTorch must be told before each batch of `samples`; "" where no spike subtracts.

    It is Python for `network = import_from_nir(graph)`, with the graph that `for_snntorch` returned.
    """
    late = {
        f"neurons_{number}": layer
        for number, layer in enumerate(network.layers)
        if layer.theta is not None and layer.reset == "subtract"
    }
    starting = [name for name, layer in late.items() if _starts(layer).any()]
    told = LATE.format(names=list(late)) if late else ""
    return told + (STARTS.format(names=starting) if starting else "")


def _neurons(layer: FloatLayer) -> nir.LIF:
    tau = DT / np.maximum(1 - layer.beta, LEAST_LEAK)
    zeros = np.zeros_like(tau)
    theta = zeros + (1 if layer.theta is not None else OUT_OF_REACH)
    return nir.LIF(tau=tau, r=tau / DT, v_leak=zeros, v_threshold=theta, v_reset=zeros)


def _with_threshold_1(layer: FloatLayer) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights float64[inputs, neurons] and bias float64[neurons] for thresholds of 1."""
    for field in ("recurrent", "alpha", "geometry"):
        if getattr(layer, field) is not None:
            raise SpikeletError(
                f"has {field}, which Spikelet cannot bring to snnTorch; only plain dense layers can be"
            )
    subtracts = layer.theta is not None and layer.reset == "subtract"
    if subtracts and not layer.beta.all():
        raise SpikeletError(
            "has neurons with beta 0, from which snnTorch cannot subtract a threshold a step "
            "after the spike; train it with --reset set"
        )
    zero, theta = _units(layer)
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
    return layer.weights / theta, (layer.bias - (1 - layer.beta) * zero) / theta


def _units(layer: FloatLayer) -> _Units:
    if layer.theta is None:
        return _Units(np.zeros(layer.neurons), np.ones(layer.neurons))
    if layer.reset == "set":
        return _Units(layer.v_reset, layer.theta - layer.v_reset)
    lost = layer.beta * layer.subtracted
    return _Units(layer.theta - lost, lost)


def _starts(layer: FloatLayer) -> NDArray[np.float64]:
    """Return float64[neurons], membranes before the first step as snnTorch counts them."""
    zero, theta = _units(layer)
    starts = (layer.v_start - zero) / theta
    return np.where(np.abs(starts) < ROUNDING, 0, starts)
