"""Score a network on labelled samples: accuracy and cost of an inference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikelet.inputs.dataset import Dataset
from spikelet.networks.float_network import FloatNetwork, FloatTrace
from spikelet.networks.network import Network
from spikelet.networks.reference import Trace
from spikelet.networks.synaptic_events import count_synaptic_events


@dataclass(frozen=True)
class Score:
    """Accuracy and cost of a network.

    Attributes
    ----------
    accuracy : float
        Share of right answers, 0..1.
    synaptic_events : float
        Mean per sample; see `count_synaptic_events`.
    spikes : float
        Mean per sample, of all layers.
    """

    accuracy: float
    synaptic_events: float
    spikes: float


def evaluate(network: Network | FloatNetwork, samples: Dataset) -> Score:
    """Simulate a network on samples and return its score.

    Raises
    ------
    SpikeletError
        If the samples do not fit the network.
    """
    return of_trace(network, samples, network.simulate(samples.x))


def of_trace(network: Network | FloatNetwork, samples: Dataset, trace: Trace | FloatTrace) -> Score:
    """Return the score of a network from its simulation of the samples."""
    return Score(
        accuracy=accuracy(whole_windows(network, trace.answers), samples),
        synaptic_events=count_synaptic_events(network, trace),
        spikes=sum(np.count_nonzero(spikes) for spikes in trace.spikes) / len(samples),
    )


def accuracy(answers: NDArray[np.int64], samples: Dataset) -> float:
    """Return the share of answers, 0..1, that are the classes of their samples.

    Parameters
    ----------
    answers : int64[n] or int64[n, answers]
        Every answer of a stream counts.
    samples : Dataset
    """
    return float((answers.reshape(len(samples), -1) == samples.y[:, None]).mean())


def whole_windows(network: Network | FloatNetwork, answers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the answers that use a whole window; if all windows are partial, the last answer.

    Parameters
    ----------
    network : Network or FloatNetwork
    answers : int64[n] or int64[n, answers]
        Two dimensions for a stream.
    """
    if network.stream is None:
        return answers
    earlier = network.stream.window // network.stream.hop - 1
    return answers[:, min(earlier, answers.shape[1] - 1) :]
