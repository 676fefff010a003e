"""Backpropagate through time, with a surrogate for the derivative of the step function."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.networks.float_network import (
    FloatLayer,
    FloatNetwork,
    LayerActivity,
    SpikeFunction,
    step_function,
)
from spikelet.networks.geometry import Geometry
from spikelet.networks.readout import pooled
from spikelet.training.forward import Pass, forward
from spikelet.training.parameters import LayerParameters

# Per membrane unit; the trainer's thresholds are 1.
SURROGATE_SLOPE = 5.0
# Membrane units.
BOXCAR_HALF_WIDTH = 0.5


def fast_sigmoid(distance: FloatArray) -> FloatArray:
    """Return the surrogate derivative at `distance`, the membrane minus the threshold.

    Source: Zenke and Ganguli, SuperSpike, Neural Computation 30 (2018).
    """
    return 1 / np.square(1 + SURROGATE_SLOPE * np.abs(distance))


def arctan(distance: FloatArray) -> FloatArray:
    """Return a surrogate derivative that is flatter than `fast_sigmoid` near the threshold.

    Farther away it is steeper.
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
"""Surrogates for the step function's derivative by name: 1 at the threshold, less beyond."""


class Firing(NamedTuple):
    """The spike function and its surrogate derivative.

    Attributes
    ----------
    spike : callable
        The step function, or a smooth function for a check of gradients.
    surrogate : callable
        One of SURROGATES.
    """

    spike: SpikeFunction = step_function
    surrogate: SpikeFunction = fast_sigmoid


class Loss(NamedTuple):
    """The objective: the mean over samples of cross-entropy + spike_penalty * spikes.

    Attributes
    ----------
    spike_penalty : float
        Penalty of one spike of a hidden layer.
    label_smoothing : float
        Probability 0..1 that the target spreads evenly over all classes.
    class_weights : float[classes] or None
        Weight of a sample of each class, in the cross-entropy and in the accuracy; None: 1.
    """

    spike_penalty: float = 0.0
    label_smoothing: float = 0.0
    class_weights: FloatArray | None = None


class LossGradient(NamedTuple):
    """Value and gradient of the objective on some samples.

    Attributes
    ----------
    loss : float
        Value of the objective.
    accuracy : float
        Share of right answers, 0..1.
    spikes : float
        Hidden spikes per sample.
    gradient : list of LayerParameters
        Gradient of the loss, for each layer.
    """

    loss: float
    accuracy: float
    spikes: float
    gradient: list[LayerParameters]


class _Partial(NamedTuple):
    """Partial derivatives of each step in a layer that fires, float[T, n, neurons].

    Attributes
    ----------
    after_by_before : float[T, n, neurons] or None
        d after / d before; None: 1.
    after_by_spike : float[T, n, neurons] or float[neurons]
        d after / d spike; the second form, the same in each step, if `after_by_before` is None.
    spike_by_before : float[T, n, neurons]
        d spike / d before.
    """

    after_by_before: FloatArray | None
    after_by_spike: FloatArray
    spike_by_before: FloatArray


class _Slopes(NamedTuple):
    """The gradient by the membranes and drives of each step, each float[T, n, neurons].

    Attributes
    ----------
    before : float[T, n, neurons]
        By the membranes at the comparison with the threshold.
    drive : float[T, n, neurons]
        By the drives of the neurons; the same array as `before` if the layer has no current.
    """

    before: FloatArray
    drive: FloatArray


def loss_gradient(
    network: FloatNetwork,
    parameters: Sequence[LayerParameters],
    signal: FloatArray,
    y: NDArray[np.int64],
    objective: Loss,
    firing: Firing | None = None,
    passes: Sequence[Pass] | None = None,
    learning: bool = True,
) -> LossGradient:
    """Return the objective and its gradient, computed in the type of `signal`.

    Parameters
    ----------
    network : FloatNetwork
        Its neurons and readout are used; `parameters` replace its parameters.
    parameters : sequence of LayerParameters
        One for each layer.
    signal : float[1 or T, n, inputs]
        Encoded samples.
    y : int64[n]
        Index of the right class.
    objective : Loss
    firing : Firing, optional
        By default the step function, with `fast_sigmoid` as its derivative.
    passes : sequence of Pass, optional
        A forward pass to use instead of `forward`. Its roundings count as the identity: a
        straight-through estimator.
    learning : bool
        Compute the gradient; otherwise the list of gradients is empty.
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

    return LossGradient(
        loss=loss + objective.spike_penalty * spikes,
        accuracy=float((right if weights is None else right * weights).mean()),
        spikes=spikes,
        gradient=gradient,
    )


def _backward(
    readout: str,
    parameters: Sequence[LayerParameters],
    passes: Sequence[Pass],
    by_scores: FloatArray,
    price: float,
    surrogate: SpikeFunction,
) -> list[LayerParameters]:
    """Return the gradient of a loss with this gradient by the scores, and by each hidden spike."""
    by_spikes, by_after = _through_readout(readout, passes[-1].window, by_scores)
    gradient = []
    for index in reversed(range(len(passes))):
        layer, inputs, window = passes[index]
        partial = _derivatives(layer, window, surrogate)
        slopes = _through_time(layer, partial, by_spikes, by_after)
        by_drive = slopes.drive
        # All steps share one drive.
        if len(inputs) == 1:
            by_drive = by_drive.sum(axis=0, keepdims=True)
        by_weights, by_bias = gradient_by_weights(inputs, by_drive)
        by_own = _by_dynamics(parameters[index], passes[index], slopes)
        gradient.append(LayerParameters(by_weights, by_bias, *by_own))
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

    Source of the smoothing: Szegedy et al., Rethinking the Inception Architecture (2016), sec. 7.

    Parameters
    ----------
    scores : float[n, classes]
    y : int64[n]
        Index of the right class.
    smoothing : float
        Label smoothing 0..1.
    weights : float[n], optional
        Weight of each sample; by default 1.
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
    readout: str, window: LayerActivity, by_scores: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the gradients by the last layer's spikes and by its membranes after the reset."""
    zeros = np.zeros_like(window.after)
    if readout == "count":
        return zeros + by_scores, zeros
    steps = len(zeros)
    chosen = window.after.argmax(axis=0) if readout == "max" else steps - 1
    return zeros, (np.arange(steps)[:, None, None] == chosen) * by_scores


def _through_time(
    layer: FloatLayer, partial: _Partial | None, by_spikes: FloatArray, by_after: FloatArray
) -> _Slopes:
    """Return the gradient by each step: walk `integrate` backwards.

    A membrane affects the loss in four ways: by its spike; by its remainder after the reset; by the
    amount that its spike removes in that reset; and through the leak by the next step. In a recurrent
    layer a spike is also part of the next step's drive. A drive stays in the synaptic current.
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
    """Return the gradient by the membranes of step t before the reset, from that after the reset."""
    if partial is None:
        return by_v
    after_by_before, after_by_spike, spike_by_before = partial
    if after_by_before is None:
        return by_v + (by_spike + by_v * after_by_spike) * spike_by_before[t]
    return by_v * after_by_before[t] + (by_spike + by_v * after_by_spike[t]) * spike_by_before[t]


def _derivatives(
    layer: FloatLayer, window: LayerActivity, surrogate: SpikeFunction
) -> _Partial | None:
    """Return the derivatives of each step of a layer; None if it never fires."""
    before, spikes, _ = window
    if layer.theta is None:
        return None
    fired = surrogate(before - layer.each(layer.theta, before.dtype))
    if layer.reset == "subtract":
        return _Partial(None, -layer.each(layer.subtracted, before.dtype), fired)
    return _Partial(1 - spikes, layer.each(layer.v_reset, before.dtype) - before, fired)


def gradient_by_weights(seen: FloatArray, by_drive: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the gradient by weights and bias, which all pixels of a convolution share.

    Parameters
    ----------
    seen : float[T, n, inputs] or float[T, n, pixels, fan-in]
        As in `Pass`.
    by_drive : float[T, n, neurons]
        Gradient by the drives.
    """
    # One product per step: with a larger product BLAS would start threads. They cost more time than
    # they save, and the sum would depend on their number.
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
    trained: LayerParameters, layer_pass: Pass, slopes: _Slopes
) -> tuple[FloatArray | None, FloatArray | None, FloatArray | None]:
    """Return the gradient by recurrent weights, beta and alpha, None for those not trained."""
    layer, _, (before, spikes, after) = layer_pass
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
        # The current is the amount that a membrane receives in a step.
        current = before - layer.each(layer.beta, before.dtype) * previous
        by_alpha = _of_maps(slopes.drive[1:] * current[:-1], layer.maps)
    return by_recurrent, by_beta, by_alpha


def _of_maps(values: FloatArray, maps: int) -> FloatArray:
    """Return float[maps], the sum of values [T, n, neurons] over all steps, samples and pixels."""
    return values.reshape(-1, maps).sum(axis=0)
