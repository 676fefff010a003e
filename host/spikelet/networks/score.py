"""How good a network is on labelled samples, and what an inference costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikelet.inputs.dataset import Dataset
from spikelet.networks.float_network import FloatNetwork, FloatTrace
from spikelet.networks.network import Network
from spikelet.networks.reference import Trace
from spikelet.networks.synaptic_events import synaptic_events


@dataclass(frozen=True)
class Score:
    """What a network reached.

    accuracy           float, 0..1, share of the samples with the right answer
    synaptic_events    float, mean per sample, as cost.synaptic_events counts them
    spikes             float, mean per sample, of all layers
    """

    accuracy: float
    synaptic_events: float
    spikes: float


def evaluate(network: Network | FloatNetwork, samples: Dataset) -> Score:
    """Return the score of a network on samples, simulated here.

    Raises SpikeletError if the samples do not fit the network.
    """
    return of_trace(network, samples, network.simulate(samples.x))


def of_trace(network: Network | FloatNetwork, samples: Dataset, trace: Trace | FloatTrace) -> Score:
    """Return the score of a network whose simulation of the samples is at hand."""
    return Score(
        accuracy=accuracy(whole_windows(network, trace.answers), samples),
        synaptic_events=synaptic_events(network, samples.x, trace.spikes),
        spikes=sum(np.count_nonzero(spikes) for spikes in trace.spikes) / len(samples),
    )


def accuracy(answers: NDArray[np.int64], samples: Dataset) -> float:
    """Return the share of answers that are the samples' classes, 0..1.

    answers    int64[n]; of a stream int64[n, answers], each of which counts
    """
    return float((answers.reshape(len(samples), -1) == samples.y[:, None]).mean())


def whole_windows(network: Network | FloatNetwork, answers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the answers that take account of a whole window; all of them where none does.

    answers    int64[n]; of a stream int64[n, answers]
    """
    if network.stream is None:
        return answers
    earlier = network.stream.window // network.stream.hop - 1
    return answers[:, min(earlier, answers.shape[1] - 1) :]
