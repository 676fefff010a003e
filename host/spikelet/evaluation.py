"""How good a network is on labelled samples, and what an inference costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikelet.dataset import Dataset
from spikelet.encoding import synaptic_events
from spikelet.float_network import FloatNetwork
from spikelet.network import Network


@dataclass(frozen=True)
class Score:
    """What a network reached.

    accuracy           float, 0..1, share of the samples with the right answer
    synaptic_events    float, mean per sample, as float_network.synaptic_events counts them
    spikes             float, mean per sample, of all layers
    """

    accuracy: float
    synaptic_events: float
    spikes: float


def evaluate(network: Network | FloatNetwork, samples: Dataset) -> Score:
    """Return the score of a network on samples, simulated here.

    Raises SpikeletError if the samples do not fit the network.
    """
    trace = network.simulate(samples.x)
    return Score(
        accuracy=accuracy(trace.answers, samples),
        synaptic_events=synaptic_events(
            network.encoder, samples.x, trace.spikes, network.encoder_parameter
        ),
        spikes=sum(np.count_nonzero(spikes) for spikes in trace.spikes) / len(samples),
    )


def accuracy(answers: NDArray[np.int64], samples: Dataset) -> float:
    """Return the share of answers int64[n] that are the samples' classes, 0..1."""
    return float((answers == samples.y).mean())
