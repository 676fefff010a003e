"""Gradients of a spiking network through time, with a surrogate for the step function's own."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.float_network import (
    FloatArray,
    FloatLayer,
    FloatNetwork,
    SpikeFunction,
    Window,
    class_scores,
    integrate,
    step_function,
)

SURROGATE_SLOPE = 5.0  # per membrane unit; the trainer's thresholds are 1
BOXCAR_HALF_WIDTH = 0.5  # membrane units


def fast_sigmoid(distance: FloatArray) -> FloatArray:
    """Return what stands in for the step function's derivative, at membrane minus threshold.

    Source: Zenke and Ganguli, SuperSpike, Neural Computation 30 (2018).
    """
    return 1 / np.square(1 + SURROGATE_SLOPE * np.abs(distance))


def arctan(distance: FloatArray) -> FloatArray:
    """Return what does the same as `fast_sigmoid`, flatter near the threshold, steeper beyond.

    Source: Fang et al., Incorporating Learnable Membrane Time Constant to Enhance Learning of
    Spiking Neural Networks, ICCV (2021), there scaled to another height.
    """
    return 1 / (1 + np.square(SURROGATE_SLOPE * distance))


def boxcar(distance: FloatArray) -> FloatArray:
    """Return 1 within half a unit of the threshold, and 0 farther away.

    Source: Wu et al., Spatio-Temporal Backpropagation for Training High-Performance Spiking Neural
    Networks, Frontiers in Neuroscience 12 (2018), eq. 24.
    """
    return (np.abs(distance) < BOXCAR_HALF_WIDTH).astype(distance.dtype)


SURROGATES: dict[str, SpikeFunction] = {
    "fast-sigmoid": fast_sigmoid,
    "arctan": arctan,
    "boxcar": boxcar,
}
"""What can stand in for the step function's derivative: 1 at the threshold, less beyond."""


class Firing(NamedTuple):
    """What fires, and what takes the place of its derivative.

    spike      only a check of gradients needs another than the step function
    surrogate  one of SURROGATES
    """

    spike: SpikeFunction = step_function
    surrogate: SpikeFunction = fast_sigmoid


class Parameters(NamedTuple):
    """What is trained of a layer: weights float[inputs, neurons] and bias float[neurons]."""

    weights: FloatArray
    bias: FloatArray


class Objective(NamedTuple):
    """What training minimises, the mean over samples of cross-entropy + spike_penalty * spikes.

    spike_penalty    of one spike of a hidden layer
    label_smoothing  probability, 0..1, that the target gives to all classes evenly
    """

    spike_penalty: float = 0.0
    label_smoothing: float = 0.0


class Evaluation(NamedTuple):
    """What an objective comes to on some samples.

    loss      the objective itself
    accuracy  share of right answers, 0..1
    spikes    hidden spikes per sample
    gradient  of the loss, for each layer
    """

    loss: float
    accuracy: float
    spikes: float
    gradient: list[Parameters]


class _Partial(NamedTuple):
    """The partial derivatives of one step, each float[T, n, neurons].

    kept   d after / d before
    taken  d after / d spike
    fired  d spike / d before
    """

    kept: FloatArray
    taken: FloatArray
    fired: FloatArray


def evaluate(
    network: FloatNetwork,
    parameters: Sequence[Parameters],
    signal: FloatArray,
    y: NDArray[np.int64],
    objective: Objective,
    firing: Firing | None = None,
) -> Evaluation:
    """Return the objective and its gradient, computed in the type of `signal`.

    network     its neurons and readout; `parameters` take the place of its weights and biases
    parameters  for each layer
    signal      float[1 or T, n, channels], encoded samples
    y           int64[n], index of the right class
    firing      None: the step function, and the fast sigmoid's derivative in its derivative's place
    """
    firing = firing or Firing()
    signals, windows = _forward(network, parameters, signal, firing.spike)
    scores = class_scores(network.readout, windows[-1])
    loss, by_scores = _cross_entropy(scores, y, objective.label_smoothing)
    spikes = sum(float(window.spikes.sum()) for window in windows[:-1]) / len(y)
    price = objective.spike_penalty / len(y)

    return Evaluation(
        loss=loss + objective.spike_penalty * spikes,
        accuracy=float((scores.argmax(axis=1) == y).mean()),
        spikes=spikes,
        gradient=_backward(
            network, parameters, signals, windows, by_scores, price, firing.surrogate
        ),
    )


def _forward(
    network: FloatNetwork,
    parameters: Sequence[Parameters],
    signal: FloatArray,
    spike: SpikeFunction,
) -> tuple[list[FloatArray], list[Window]]:
    """Return what goes into each layer and what it does."""
    signals: list[FloatArray] = []
    windows: list[Window] = []
    for layer, (weights, bias) in zip(network.layers, parameters, strict=True):
        signals.append(windows[-1].spikes if windows else signal)
        windows.append(integrate(layer, signals[-1] @ weights + bias, network.steps, spike))
    return signals, windows


def _backward(
    network: FloatNetwork,
    parameters: Sequence[Parameters],
    signals: Sequence[FloatArray],
    windows: Sequence[Window],
    by_scores: FloatArray,
    price: float,
    surrogate: SpikeFunction,
) -> list[Parameters]:
    """Return the gradient of a loss with this gradient by the scores, and by each hidden spike."""
    by_spikes, by_after = _through_readout(network.readout, windows[-1], by_scores)
    gradient = []
    for index in reversed(range(len(windows))):
        partial = _derivatives(network.layers[index], windows[index], surrogate)
        by_drive = _through_time(network.layers[index].beta, partial, by_spikes, by_after)
        if len(signals[index]) == 1:  # one drive for all steps
            by_drive = by_drive.sum(axis=0, keepdims=True)
        gradient.append(_by_parameters(signals[index], by_drive))
        if index > 0:
            by_spikes = by_drive @ parameters[index].weights.T + price
            by_after = np.zeros_like(by_spikes)
    return gradient[::-1]


def _cross_entropy(
    scores: FloatArray, y: NDArray[np.int64], smoothing: float
) -> tuple[float, FloatArray]:
    """Return the mean cross-entropy of softmax(scores), and its gradient by the scores.

    Source of the smoothing: Szegedy et al., Rethinking the Inception Architecture (2016), sec. 7.
    """
    target = np.full_like(scores, smoothing / scores.shape[1])
    target[np.arange(len(y)), y] += 1 - smoothing
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -float((target * logs).sum()) / len(y), (np.exp(logs) - target) / len(y)


def _through_readout(
    readout: str, window: Window, by_scores: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the gradients by the last layer's spikes and by its membranes after the reset."""
    nothing = np.zeros_like(window.after)
    if readout == "count":
        return nothing + by_scores, nothing
    steps = len(nothing)
    chosen = window.after.argmax(axis=0) if readout == "max" else steps - 1
    return nothing, (np.arange(steps)[:, None, None] == chosen) * by_scores


def _through_time(
    decay: NDArray[np.float64], partial: _Partial, by_spikes: FloatArray, by_after: FloatArray
) -> FloatArray:
    """Return the gradient by the drive, float[T, n, neurons]: `integrate` walked backwards.

    A membrane reaches the loss by its spike, by what the reset leaves of it, by what its spike
    takes from it in that reset, and through the leak by the next step.
    """
    kept, taken, fired = partial
    beta = decay.astype(by_after.dtype)
    by_drive = np.empty_like(by_after)
    carried = np.zeros_like(by_after[0])
    for t in reversed(range(len(by_after))):
        by_v = by_after[t] + carried
        by_drive[t] = by_v * kept[t] + (by_spikes[t] + by_v * taken[t]) * fired[t]
        carried = beta * by_drive[t]
    return by_drive


def _derivatives(layer: FloatLayer, window: Window, surrogate: SpikeFunction) -> _Partial:
    """Return the derivatives of one step of a layer."""
    before, spikes, _ = window
    ones, nothing = np.ones_like(before), np.zeros_like(before)
    if layer.theta is None:
        return _Partial(ones, nothing, nothing)
    theta = layer.theta.astype(before.dtype)
    fired = surrogate(before - theta)
    if layer.reset == "subtract":
        return _Partial(ones, nothing - theta, fired)
    return _Partial(1 - spikes, layer.v_reset.astype(before.dtype) - before, fired)


def _by_parameters(signal: FloatArray, by_drive: FloatArray) -> Parameters:
    # A product per step, for one of all steps is large enough for BLAS to wake its threads, which
    # costs more than it saves, and makes the sum depend on their number.
    by_weights = (signal.swapaxes(1, 2) @ by_drive).sum(axis=0)
    return Parameters(by_weights, by_drive.sum(axis=(0, 1)))
