"""Gradients of a spiking network through time, with a surrogate for the step function's own."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.networks.float_network import (
    FloatLayer,
    FloatNetwork,
    SpikeFunction,
    Window,
    step_function,
)
from spikelet.networks.geometry import Geometry
from spikelet.networks.readout import pooled
from spikelet.training.forward import Pass, forward
from spikelet.training.parameters import Parameters

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


class Objective(NamedTuple):
    """What training minimises, the mean over samples of cross-entropy + spike_penalty * spikes.

    spike_penalty    of one spike of a hidden layer
    label_smoothing  probability, 0..1, that the target gives to all classes evenly
    class_weights    float[classes], what a sample of each class counts, in the cross-entropy and in
                     the accuracy; None: 1
    """

    spike_penalty: float = 0.0
    label_smoothing: float = 0.0
    class_weights: FloatArray | None = None


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
    """The partial derivatives of each step where neurons fire, float[T, n, neurons].

    kept   d after / d before; None: 1
    taken  d after / d spike; without `kept` float[neurons], the same in each step
    fired  d spike / d before
    """

    kept: FloatArray | None
    taken: FloatArray
    fired: FloatArray


class _Slopes(NamedTuple):
    """The gradient by what happens in each step, each float[T, n, neurons].

    before   membranes as they are compared with the threshold
    drive    what a layer's neurons receive; the same array where no current comes between
    """

    before: FloatArray
    drive: FloatArray


def evaluate(
    network: FloatNetwork,
    parameters: Sequence[Parameters],
    signal: FloatArray,
    y: NDArray[np.int64],
    objective: Objective,
    firing: Firing | None = None,
    passes: Sequence[Pass] | None = None,
    learning: bool = True,
) -> Evaluation:
    """Return the objective and its gradient, computed in the type of `signal`.

    network     its neurons and readout; `parameters` take the place of its own
    parameters  for each layer
    signal      float[1 or T, n, inputs], encoded samples
    y           int64[n], index of the right class
    firing      None: the step function, and the fast sigmoid's derivative in its derivative's place
    passes      the way forward, if it is not to be `forward`'s: its gradient is taken for that of
                these, straight through whatever they round
    learning    whether the gradient is wanted; otherwise it is of no layers
    """
    firing = firing or Firing()
    if passes is None:
        passes = forward(network, parameters, signal, firing.spike)
    last = passes[-1].window
    scores = pooled(network.readout, last.spikes.swapaxes(0, 1), last.after.swapaxes(0, 1))
    weights = None if objective.class_weights is None else objective.class_weights[y]
    loss, by_scores = cross_entropy(scores, y, objective.label_smoothing, weights)
    spikes = sum(float(one.window.spikes.sum()) for one in passes[:-1]) / len(y)
    price = objective.spike_penalty / len(y)
    right = scores.argmax(axis=1) == y
    gradient = []
    if learning:
        surrogate = firing.surrogate
        gradient = _backward(network.readout, parameters, passes, by_scores, price, surrogate)

    return Evaluation(
        loss=loss + objective.spike_penalty * spikes,
        accuracy=float((right if weights is None else right * weights).mean()),
        spikes=spikes,
        gradient=gradient,
    )


def _backward(
    readout: str,
    parameters: Sequence[Parameters],
    passes: Sequence[Pass],
    by_scores: FloatArray,
    price: float,
    surrogate: SpikeFunction,
) -> list[Parameters]:
    """Return the gradient of a loss with this gradient by the scores, and by each hidden spike."""
    by_spikes, by_after = _through_readout(readout, passes[-1].window, by_scores)
    gradient = []
    for index in reversed(range(len(passes))):
        layer, seen, window = passes[index]
        partial = _derivatives(layer, window, surrogate)
        slopes = _through_time(layer, partial, by_spikes, by_after)
        by_drive = slopes.drive
        if len(seen) == 1:  # one drive for all steps
            by_drive = by_drive.sum(axis=0, keepdims=True)
        by_weights, by_bias = gradient_by_weights(seen, by_drive)
        by_own = _by_dynamics(parameters[index], passes[index], slopes)
        gradient.append(Parameters(by_weights, by_bias, *by_own))
        if index > 0:
            by_spikes = (
                gradient_by_signal(by_drive, parameters[index].weights, layer.geometry) + price
            )
            by_after = np.zeros_like(by_spikes)
    return gradient[::-1]


def cross_entropy(
    scores: FloatArray, y: NDArray[np.int64], smoothing: float, weights: FloatArray | None = None
) -> tuple[float, FloatArray]:
    """Return the mean cross-entropy of softmax(scores), and its gradient by the scores.

    weights    float[n], what each sample counts; None: 1
    Source of the smoothing: Szegedy et al., Rethinking the Inception Architecture (2016), sec. 7.
    """
    target = np.full_like(scores, smoothing / scores.shape[1])
    target[np.arange(len(y)), y] += 1 - smoothing
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    losses, by_scores = target * logs, np.exp(logs) - target
    if weights is not None:
        losses, by_scores = losses * weights[:, None], by_scores * weights[:, None]
    return -float(losses.sum()) / len(y), by_scores / len(y)


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
    layer: FloatLayer, partial: _Partial | None, by_spikes: FloatArray, by_after: FloatArray
) -> _Slopes:
    """Return the gradient by each step: `integrate` walked backwards.

    A membrane reaches the loss by its spike, by what the reset leaves of it, by what its spike
    takes from it in that reset, and through the leak by the next step. A spike of a recurrent layer
    is also part of the next step's drive, and a drive stays in the synaptic current.
    """
    dtype = by_after.dtype
    beta = layer.each(layer.beta, dtype)
    alpha = None if layer.alpha is None else layer.each(layer.alpha, dtype)
    back = None if layer.recurrent is None else layer.recurrent.T.astype(dtype)
    by_before = np.empty_like(by_after)
    by_drive = by_before if alpha is None else np.empty_like(by_after)
    carried, last = np.zeros_like(by_after[0]), len(by_after) - 1
    for t in reversed(range(len(by_after))):
        by_v, by_spike = by_after[t] + carried, by_spikes[t]
        if back is not None and t < last:
            by_spike = by_spike + by_drive[t + 1] @ back
        by_before[t] = _through_reset(partial, t, by_v, by_spike)
        if alpha is not None:
            by_drive[t] = by_before[t] + (alpha * by_drive[t + 1] if t < last else 0)
        carried = beta * by_before[t]
    return _Slopes(by_before, by_drive)


def _through_reset(
    partial: _Partial | None, t: int, by_v: FloatArray, by_spike: FloatArray
) -> FloatArray:
    """Return the gradient by the membranes of step t before the reset, of that by those after it."""
    if partial is None:
        return by_v
    kept, taken, fired = partial
    if kept is None:
        return by_v + (by_spike + by_v * taken) * fired[t]
    return by_v * kept[t] + (by_spike + by_v * taken[t]) * fired[t]


def _derivatives(layer: FloatLayer, window: Window, surrogate: SpikeFunction) -> _Partial | None:
    """Return the derivatives of each step of a layer; None where it never fires."""
    before, spikes, _ = window
    if layer.theta is None:
        return None
    fired = surrogate(before - layer.each(layer.theta, before.dtype))
    if layer.reset == "subtract":
        return _Partial(None, -layer.each(layer.subtracted, before.dtype), fired)
    return _Partial(1 - spikes, layer.each(layer.v_reset, before.dtype) - before, fired)


def gradient_by_weights(seen: FloatArray, by_drive: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the gradient by weights and bias, which all pixels of a convolution share."""
    # A product per step, for one of all steps is large enough for BLAS to wake its threads, which
    # costs more than it saves, and makes the sum depend on their number.
    steps, fan_in = len(seen), seen.shape[-1]
    flat = seen.reshape(steps, -1, fan_in)
    by_maps = by_drive.reshape(*flat.shape[:2], -1)
    return (flat.swapaxes(1, 2) @ by_maps).sum(axis=0), by_maps.sum(axis=(0, 1))


def gradient_by_signal(
    by_drive: FloatArray, weights: FloatArray, geometry: Geometry | None
) -> FloatArray:
    """Return the gradient by a layer's inputs, float[T, n, inputs]."""
    if geometry is None:
        return by_drive @ weights.T
    by_maps = by_drive.reshape(*by_drive.shape[:2], geometry.pixels, -1)
    return geometry.fold(by_maps @ weights.T)


def _by_dynamics(
    trained: Parameters, done: Pass, slopes: _Slopes
) -> tuple[FloatArray | None, FloatArray | None, FloatArray | None]:
    """Return the gradient by recurrent weights, beta and alpha, None for what is not trained."""
    layer, _, (before, spikes, after) = done
    by_recurrent = by_beta = by_alpha = None
    if trained.recurrent is not None:
        by_recurrent = (spikes[:-1].swapaxes(1, 2) @ slopes.drive[1:]).sum(axis=0)
    if trained.beta is None and trained.alpha is None:
        return by_recurrent, None, None
    start = np.broadcast_to(layer.each(layer.v_start, before.dtype), before[:1].shape)
    previous = np.concatenate([start, after[:-1]])
    if trained.beta is not None:
        by_beta = _of_maps(slopes.before * previous, layer.maps)
    if trained.alpha is not None:
        # What a membrane received in its step is its current.
        current = before - layer.each(layer.beta, before.dtype) * previous
        by_alpha = _of_maps(slopes.drive[1:] * current[:-1], layer.maps)
    return by_recurrent, by_beta, by_alpha


def _of_maps(values: FloatArray, maps: int) -> FloatArray:
    """Return float[maps], the sum of values [T, n, neurons] over all of a map."""
    return values.reshape(-1, maps).sum(axis=0)
