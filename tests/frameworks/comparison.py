"""What comparisons with other frameworks share: digits, training by their own gradients, agreement."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from spikelet.inputs import encoders

REASON = "PyTorch, snnTorch or Norse is missing: pip install '.[frameworks]'"
torch = pytest.importorskip("torch", reason=REASON)

torch.set_num_threads(1)  # at these sizes more only wait for each other

SAME_CLASSES = 0.98
"""The share of samples on which an imported network must answer as its framework does."""

SCORES = {
    "count": lambda outputs: outputs.sum(axis=1),
    "max": lambda outputs: outputs.max(axis=1),
    "last": lambda outputs: outputs[:, -1],
}
"""What the answer is the largest of, from outputs[n, T, classes], by readout."""


@dataclass(frozen=True)
class Coding:
    """How samples become a network's inputs, the same ones for the framework and for Spikelet."""

    encoder: str
    steps: int

    def signal(self, x, shape=()):
        """Return float32[T, n, channels] of x uint8[n, channels]; each sample in `shape`, if given."""
        value = encoders.parameter(self.encoder, None)
        signal = encoders.signal(self.encoder, x, self.steps, value, np.float32)
        signal = np.broadcast_to(signal, (self.steps, *signal.shape[1:]))
        return torch.tensor(signal.reshape(*signal.shape[:2], *(shape or x.shape[1:])))


@dataclass(frozen=True)
class Run:
    """What a framework's own simulator did.

    outputs  float[n, T, classes], of the network
    spikes   a bool[n, T, neurons] for each of its cells that fire
    """

    outputs: np.ndarray
    spikes: list[np.ndarray]

    def answers(self, readout):
        """Return int64[n], the lowest index among the largest scores."""
        return SCORES[readout](self.outputs).argmax(axis=1)


def recorded(cells, simulate: Callable[[], "torch.Tensor"]) -> Run:
    """Return what `simulate` returns, Tensor[T, n, classes], and what the cells fired meanwhile."""
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

    simulate  takes a signal Tensor[T, n, ...] and returns the network's outputs Tensor[T, n, classes]
    """
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    targets = torch.tensor(labels)
    for _ in range(epochs):
        for batch in torch.randperm(len(targets)).split(64):
            scores = 10 * simulate(signal[:, batch]).mean(dim=0)
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(scores, targets[batch]).backward()
            optimiser.step()


def share_of_same_spikes(made, wanted):
    """Return the shares of (sample, step, neuron) that agree, a layer after the other.

    Both are a bool[n, T, neurons] per layer that fires; every one of them must have some spikes and
    some steps without, or agreement would mean nothing.
    """
    for spikes in wanted:
        assert 0.005 < spikes.mean() < 0.95
    return [float((ours == theirs).mean()) for ours, theirs in zip(made, wanted, strict=True)]
