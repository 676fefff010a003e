"""Compare spikes and classes with other frameworks, on networks they trained."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from spikelet.inputs import encoders

REASON = "PyTorch, snnTorch or Norse is missing: pip install '.[frameworks]'"
torch = pytest.importorskip("torch", reason=REASON)

# At these sizes more threads only wait for each other.
torch.set_num_threads(1)

SAME_CLASSES = 0.98
"""Least share of samples with equal classes in Spikelet and in the framework."""

SCORES = {
    "count": lambda outputs: outputs.sum(axis=1),
    "max": lambda outputs: outputs.max(axis=1),
    "last": lambda outputs: outputs[:, -1],
}
"""By readout: the scores of classes from outputs[n, T, classes]; the largest is the answer."""


@dataclass(frozen=True)
class Coding:
    """The encoding of samples into inputs, equal for the framework and for Spikelet."""

    encoder: str
    steps: int

    def signal(self, x, shape=()):
        """Return the inputs of a network.

        Parameters
        ----------
        x : uint8[n, channels]
        shape : tuple of int
            The shape of each sample; empty for that of x.

        Returns
        -------
        float32[T, n, channels], or float32[T, n, *shape]
        """
        value = encoders.parameter(self.encoder, None)
        signal = encoders.signal(self.encoder, x, self.steps, value, np.float32)
        signal = np.broadcast_to(signal, (self.steps, *signal.shape[1:]))
        return torch.tensor(signal.reshape(*signal.shape[:2], *(shape or x.shape[1:])))


@dataclass(frozen=True)
class Run:
    """The results of a framework's own simulator.

    Attributes
    ----------
    outputs : float[n, T, classes]
        Outputs of the network.
    spikes : list of bool[n, T, neurons]
        Spikes of each cell that fires.
    """

    outputs: np.ndarray
    spikes: list[np.ndarray]

    def answers(self, readout):
        """Return int64[n], the lowest index among the largest scores."""
        return SCORES[readout](self.outputs).argmax(axis=1)


def recorded(cells, simulate: Callable[[], "torch.Tensor"]) -> Run:
    """Run a simulation and record the spikes of cells.

    Parameters
    ----------
    cells : list of torch.nn.Module
    simulate : callable
        Returns the outputs, Tensor[T, n, classes].

    Returns
    -------
    Run
    """
    fired = [[] for _ in cells]

    def listening(steps):
        def listen(cell, inputs, output):
            spikes = output[0] if isinstance(output, tuple) else output
            steps.append(spikes.numpy().reshape(len(spikes), -1) > 0)

        return listen

    hooks = [
        cell.register_forward_hook(listening(steps))
        for cell, steps in zip(cells, fired, strict=True)
    ]
    with torch.no_grad():
        outputs = simulate()
    for hook in hooks:
        hook.remove()
    return Run(outputs.numpy().swapaxes(0, 1), [np.stack(steps, axis=1) for steps in fired])


def train(network, simulate, signal, labels, epochs=3):
    """Train with the framework's own surrogate gradients.

    Parameters
    ----------
    network : torch.nn.Module
    simulate : callable
        Takes a signal Tensor[T, n, ...] and returns the network's outputs Tensor[T, n, classes].
    signal : Tensor[T, n, ...]
    labels : int64[n]
    epochs : int
    """
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    targets = torch.tensor(labels)
    for _ in range(epochs):
        for batch in torch.randperm(len(targets)).split(64):
            scores = 10 * simulate(signal[:, batch]).mean(dim=0)
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(scores, targets[batch]).backward()
            optimiser.step()


def share_of_same_spikes(actual, expected):
    """Return the shares of (sample, step, neuron) that agree, layer by layer.

    Both are lists of bool[n, T, neurons], one per layer that fires. Each layer must have some spikes and
    some steps without; otherwise agreement would prove little.
    """
    for spikes in expected:
        assert 0.005 < spikes.mean() < 0.95
    return [float((ours == theirs).mean()) for ours, theirs in zip(actual, expected, strict=True)]
