"""Convert a ReLU network to integrate-and-fire neurons, whose spike counts are the activations.

A neuron starts at half its threshold theta, receives the drive z in each of T steps, and loses theta
with each spike. It then spikes clip(floor(T * z / theta + 1/2), 0, T) times. This is clip-floor-shift
with T levels, in which a spike is worth theta. The encoder `direct` gives the first layer such a
constant drive. Later layers receive spikes that come early or late, so the equation is approximate.

The balance is the choice of theta. A large theta rounds small activations to 0; a small one cuts large
activations. The choices are:

- learned: the clip that training found for clip-floor-shift;
- maximum: the largest activation on samples;
- percentile: a percentile of the activations above 0 on samples.

The last layer never fires: in T steps it sums up T times the scores of the ReLU network. Pooling sums
spikes as it sums activations, so all this also holds for convolutions and pooling.

Source: Diehl et al., Fast-classifying, high-accuracy spiking deep networks through weight and
threshold balancing, IJCNN (2015), for the maximum; Rueckauer et al., Conversion of Continuous-Valued
Deep Networks to Efficient Event-Driven Networks, Frontiers in Neuroscience 11 (2017), for
the percentile; Bu et al., Optimal ANN-SNN Conversion for High-accuracy and Ultra-low-latency Spiking
Neural Networks, ICLR (2022), for the learned clip and the start at half a threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spikelet.conversion.convert import convert_network
from spikelet.errors import RefusedInput, SpikeletError, UsageError
from spikelet.inputs.dataset import Dataset
from spikelet.networks.float_network import FloatLayer, FloatNetwork
from spikelet.networks.score import evaluate
from spikelet.training.ann.network import ReluNetwork

BALANCES = ("learned", "maximum", "percentile")
PERCENTILE = 99.9


@dataclass(frozen=True)
class Reached:
    """Results of a converted network with one number of steps.

    Attributes
    ----------
    steps : int
        The number of steps, T.
    accuracy_float : float
        Accuracy 0..1 before conversion to integers.
    accuracy : float or None
        Accuracy 0..1 of the integers; None if this number of steps does not fit int16.
    synaptic_events : float or None
        Mean per sample, of the integers; None if `accuracy` is.
    refusal : str
        One sentence: the reason why the steps do not fit int16. "" if they fit.
    """

    steps: int
    accuracy_float: float
    accuracy: float | None
    synaptic_events: float | None
    refusal: str = ""


def thresholds(
    network: ReluNetwork,
    balance: str,
    x: NDArray[np.uint8],
    percentile: float = PERCENTILE,
) -> tuple[float, ...]:
    """Return theta of each hidden layer.

    Parameters
    ----------
    network : ReluNetwork
    balance : str
        One of BALANCES.
    x : uint8[n, channels]
        Samples to measure activations on; "learned" needs none.
    percentile : float
        Above 0, at most 100; used by "percentile" only.

    Raises
    ------
    SpikeletError
        If the network has no learned clip, or a layer no activation above 0.
    """
    if balance not in BALANCES:
        raise UsageError(f"balance is {balance!r}; it must be one of {', '.join(BALANCES)}")
    if not 0 < percentile <= 100:
        raise UsageError(f"percentile is {percentile:g}; it must be above 0 and at most 100")
    if balance == "learned":
        return _learned(network)
    share = 100.0 if balance == "maximum" else percentile
    hidden = network.activations(x)[:-1]
    return tuple(_exceeded_by_few(layer, share, number) for number, layer in enumerate(hidden))


def convert_ann(network: ReluNetwork, thetas: Sequence[float], steps: int) -> FloatNetwork:
    """Return the spiking network.

    Parameters
    ----------
    network : ReluNetwork
    thetas : sequence of float
        Thresholds of the hidden layers.
    steps : int
        The number of steps, T.

    Raises
    ------
    SpikeletError
        If T is out of range.
    """
    # The activation that an input spike represents.
    worth, layers = 1.0, []
    for layer, theta in zip(network.layers, (*thetas, None), strict=True):
        ones, zeros = np.ones(layer.maps), np.zeros(layer.maps)
        layers.append(
            FloatLayer(
                weights=layer.weights * worth,
                bias=layer.bias,
                beta=ones,
                theta=None if theta is None else ones * theta,
                reset="subtract",
                v_reset=zeros,
                v_start=zeros if theta is None else ones * theta / 2,
                geometry=layer.geometry,
            )
        )
        worth = theta or 1.0
    return FloatNetwork(tuple(layers), "direct", steps, "last", network.classes)


def against_steps(
    network: FloatNetwork, samples: Dataset, all_steps: Sequence[int]
) -> tuple[Reached, ...]:
    """Return the results of a converted network on samples, for each number of steps."""
    return tuple(_reached(replace(network, steps=steps), samples) for steps in all_steps)


def _learned(network: ReluNetwork) -> tuple[float, ...]:
    clips = tuple(layer.clip for layer in network.layers if layer.clip is not None)
    if not clips:
        raise UsageError(
            "the ReLU network has no learned clip; balance it by maximum or percentile"
        )
    return clips


def _exceeded_by_few(activations: NDArray[np.float64], percent: float, number: int) -> float:
    """Return a percentile of the activations above 0."""
    active = activations[activations > 0]
    if not active.size:
        raise RefusedInput(
            f"layer {number} has no activation above 0 on {len(activations)} samples; "
            "give samples like those that the network was trained on"
        )
    return float(np.percentile(active, percent))


def _reached(network: FloatNetwork, samples: Dataset) -> Reached:
    accuracy = evaluate(network, samples).accuracy
    try:
        integer, _ = convert_network(network)
    except SpikeletError as error:
        return Reached(network.steps, accuracy, None, None, str(error))
    score = evaluate(integer, samples)
    return Reached(network.steps, accuracy, score.accuracy, score.synaptic_events)
