"""Make NIR graphs, and simulate them by NIR's own equations, channels first."""

from dataclasses import replace
from itertools import pairwise

import nir
import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.graphs.foreign import read
from spikelet.graphs.foreign.read import ImportOptions

PLAIN = ImportOptions("direct", 30, "count", dt=1e-3, reset="subtract")
SNNTORCH = replace(PLAIN, dt=None, reset=None, framework="snntorch")
NORSE = replace(PLAIN, dt=None, reset=None, framework="norse")
SAMPLES = 20


def chain(*nodes, edges=None, extra=None):
    """Return a graph of the nodes in this order; add missing Input and Output."""
    if not isinstance(nodes[0], nir.Input):
        nodes = (nir.Input(nodes[0].input_type), *nodes)
    if not isinstance(nodes[-1], nir.Output):
        nodes = (*nodes, nir.Output(nodes[-1].output_type))
    named = {f"{i}:{type(node).__name__}": node for i, node in enumerate(nodes)}
    ways = list(pairwise(named))
    named |= extra or {}
    return nir.NIRGraph(named, ways if edges is None else edges(ways), type_check=False)


def lif(random, n, reset=0.0):
    """Return LIF neurons with different parameters, beta 0.7..0.95 at 1 ms."""
    return nir.LIF(
        tau=random.uniform(3e-3, 2e-2, n),
        r=random.uniform(3, 8, n),
        v_leak=random.normal(0, 0.1, n),
        v_threshold=random.uniform(0.4, 0.8, n),
        v_reset=np.full(n, reset),
    )


def small(*between, **changes):
    """Return a graph of 2 inputs and 2 LIF neurons, with other nodes before them."""
    parameters = {"tau": 5e-3, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0} | changes
    neurons = nir.LIF(**{key: np.full(2, value) for key, value in parameters.items()})
    return chain(nir.Input(np.array([2])), *between, neurons, nir.Output(np.array([2])))


def cycle(graph, neurons, *between):
    """Return the graph with a recurrent connection of neurons through other nodes."""
    extra = {f"{neurons}/{i}": node for i, node in enumerate(between)}
    edges = [*graph.edges, *pairwise([neurons, *extra, neurons])]
    return nir.NIRGraph({**graph.nodes, **extra}, edges, type_check=False)


def snntorch_leaky(beta, threshold):
    """Return the node that snnTorch's exporter writes for Leaky, with its float32 rounding."""
    beta, threshold = np.float32(beta), np.float32(threshold)
    with np.errstate(divide="ignore"):
        tau = 1e-4 / (1 - beta)
    return nir.LIF(tau, tau / 1e-4, np.zeros_like(beta), threshold, np.zeros_like(threshold))


def through_file(graph, path, options=PLAIN):
    """Import the graph from a file that nir wrote."""
    nir.write(path, graph)
    return read.read_foreign(path, options)


def samples(random, *shape):
    """Return uint8[SAMPLES, ...] of a shape."""
    return random.integers(0, 256, (SAMPLES, *shape), dtype=np.uint8)


def refusal(graph, options=PLAIN):
    """Return the error message for a refused graph."""
    with pytest.raises(SpikeletError) as caught:
        read.foreign_from_nir(graph, options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def texts(imported, node="", grade=None):
    """Return the texts of the report on a node, all or those with a grade."""
    return [e.text for e in imported.account if e.node == node and grade in (None, e.grade)]


def entry(imported, node, grade="exact"):
    """Return the first entry of the report on a node with this grade."""
    return next(e for e in imported.account if (e.node, e.grade) == (node, grade))


def channels_last(values):
    """Return [n, channels, height, width] in Spikelet's order, [n, values]."""
    return np.moveaxis(values, 1, -1).reshape(len(values), -1)


def assert_spikes(actual, expected):
    """Compare spikes; each layer must have some spikes, and some steps without."""
    assert expected
    for layer, right in zip(actual, expected, strict=True):
        assert 0.01 < right.mean() < 0.99
        np.testing.assert_array_equal(layer, right)


def euler(graph, x, steps, dt, reset):
    """Simulate a chain by NIR's own equations, one node after the other.

    Nodes must be in the order of the chain, those of recurrent connections after the Output. A current
    is updated before the membrane that it feeds, and recurrent spikes arrive a step later.

    Parameters
    ----------
    graph : nir.NIRGraph
    x : uint8[n, ...]
        Samples in NIR's shape.
    steps : int
    dt : float
        Seconds per step.
    reset : str
        "subtract" or "set".

    Returns
    -------
    list of bool[n, T, neurons]
        For each node that fires; channels last if it has a shape.
    """
    state = _State(graph, dt, reset)
    fired = {}
    for _ in range(steps):
        signal = x / 256
        for name, node in graph.nodes.items():
            signal = state.after(name, node, signal)
            if hasattr(node, "v_threshold") or isinstance(node, nir.Threshold):
                fired.setdefault(name, []).append(signal > 0)
            if isinstance(node, nir.Output):
                break
    return [
        np.stack([channels_last(spikes) for spikes in by_step], axis=1)
        for by_step in fired.values()
    ]


def drive(graph, x):
    """Return the drive of the first neurons for samples x, channels last."""
    signal = x / 256
    for node in graph.nodes.values():
        if hasattr(node, "r"):
            break
        signal = passed(node, signal)
    return channels_last(signal)


class _State:
    """Membranes, currents and last spikes of all nodes, by name."""

    def __init__(self, graph, dt, reset):
        self.graph, self.dt, self.reset = graph, dt, reset
        self.v = dict.fromkeys(graph.nodes, 0.0)
        self.i = dict.fromkeys(graph.nodes, 0.0)
        self.last = {}
        names = list(graph.nodes)
        end = next(name for name, node in graph.nodes.items() if isinstance(node, nir.Output))
        self.back = names[names.index(end) + 1 :]

    def after(self, name, node, signal):
        """Return the output of a node in this step."""
        if hasattr(node, "r"):
            return self._neurons(name, node, signal + self._returned(name, signal))
        return passed(node, signal)

    def _returned(self, name, signal):
        """Return the recurrent drive from the neurons' spikes of the step before."""
        total = np.zeros_like(signal)
        for before, after in self.graph.edges:
            if after != name or before not in self.back:
                continue
            names, back = [before], self.last.get(name, np.zeros_like(signal))
            while names[0] != name:
                names.insert(0, next(b for b, a in self.graph.edges if a == names[0]))
            for each in names[1:]:
                back = self.after(each, self.graph.nodes[each], back)
            total = total + back
        return total

    def _neurons(self, name, node, drive):
        v, dt = self.v[name], self.dt
        if hasattr(node, "tau_syn"):
            i = self.i[name]
            drive = self.i[name] = i + dt / node.tau_syn * (node.w_in * drive - i)
        tau = getattr(node, "tau", getattr(node, "tau_mem", None))
        leak = 0 if tau is None else node.v_leak - v
        v = self.v[name] = v + dt / (1 if tau is None else tau) * (leak + node.r * drive)
        if not hasattr(node, "v_threshold"):
            return v
        spikes = (v > node.v_threshold) * 1.0
        after = v - node.v_threshold if self.reset == "subtract" else node.v_reset
        self.v[name] = np.where(spikes > 0, after, v)
        self.last[name] = spikes
        return spikes


def passed(node, signal):
    """Return the output of a node without a state."""
    return _OUTPUTS.get(type(node), lambda node, signal: signal)(node, signal)


def convolution(node, signal):
    """Return the correlation of signal [n, channels, ...] with a kernel, by definition."""
    over_time = isinstance(node, nir.Conv1d)
    weight = node.weight[:, :, None] if over_time else node.weight
    image = signal[:, :, None] if over_time else signal
    stride, dilation = (
        ((1, value) if over_time else tuple(np.broadcast_to(value, 2)))
        for value in (node.stride, node.dilation)
    )
    spans = [(k - 1) * d for k, d in zip(weight.shape[2:], dilation, strict=True)]
    if isinstance(node.padding, str):
        near = [span // 2 if node.padding == "same" else 0 for span in spans]
        far = [
            span - n if node.padding == "same" else 0 for span, n in zip(spans, near, strict=True)
        ]
    else:
        near = far = (0, node.padding) if over_time else tuple(np.broadcast_to(node.padding, 2))
    padded = np.pad(image, ((0, 0), (0, 0), (near[0], far[0]), (near[1], far[1])))
    out = [(padded.shape[2 + a] - spans[a] - 1) // stride[a] + 1 for a in (0, 1)]
    output = np.zeros((len(signal), len(weight), *out))
    per_group, outputs = weight.shape[1], len(weight) // node.groups
    for o, y, x in np.ndindex(len(weight), *out):
        group = o // outputs
        for c, ky, kx in np.ndindex(*weight.shape[1:]):
            row, column = y * stride[0] + ky * dilation[0], x * stride[1] + kx * dilation[1]
            source = padded[:, group * per_group + c, row, column]
            output[:, o, y, x] += weight[o, c, ky, kx] * source
    output += np.reshape(node.bias, (-1, 1, 1))
    return output[:, :, 0] if over_time else output


def pooling(node, signal):
    """Return sums or averages over windows of signal [n, channels, height, width]."""
    (rows, columns), stride, padding = (
        tuple(np.broadcast_to(value, 2).astype(int))
        for value in (node.kernel_size, node.stride, node.padding)
    )
    padded = np.pad(signal, ((0, 0), (0, 0), *((p, p) for p in padding)))
    out = [
        (size - window) // step + 1
        for size, window, step in zip(padded.shape[2:], (rows, columns), stride, strict=True)
    ]
    output = np.zeros((*signal.shape[:2], *out))
    for y, x in np.ndindex(*out):
        top, left = y * stride[0], x * stride[1]
        output[:, :, y, x] = padded[:, :, top : top + rows, left : left + columns].sum(axis=(2, 3))
    return output / (rows * columns) if isinstance(node, nir.AvgPool2d) else output


def matrix(node, signal):
    """Return signal [n, inputs] times a matrix, plus a bias if there is one."""
    return signal @ node.weight.T + getattr(node, "bias", 0)


_OUTPUTS = {
    nir.Linear: matrix,
    nir.Affine: matrix,
    nir.Scale: lambda node, signal: node.scale * signal,
    nir.Flatten: lambda node, signal: signal.reshape(len(signal), -1),
    nir.Conv1d: convolution,
    nir.Conv2d: convolution,
    nir.SumPool2d: pooling,
    nir.AvgPool2d: pooling,
    nir.Threshold: lambda node, signal: (signal > node.threshold) * 1.0,
}
