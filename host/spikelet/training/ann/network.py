"""ReLU networks to be converted to spiking ones, and the gradient of their loss.

An activation is either a plain ReLU or clip-floor-shift. The latter is a staircase of `levels` steps.
An integrate-and-fire neuron can express exactly these values in `levels` time steps:

    h = clip * min(1, max(0, floor(levels * z / clip + 1/2) / levels))

Source, also for its gradient: Bu et al., Optimal ANN-SNN Conversion for High-accuracy and
Ultra-low-latency Spiking Neural Networks, ICLR (2022), sec. 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import RefusedInput, UsageError
from spikelet.inputs import encoders
from spikelet.networks.geometry import Geometry
from spikelet.networks.layer_shape import LayerShape, check_chain, check_classes, finite
from spikelet.training.forward import flatten, unfold_inputs
from spikelet.training.gradients import cross_entropy, gradient_by_signal, gradient_by_weights

# Samples whose patches are in memory at once.
PART = 1024

Rounding = Callable[[FloatArray], FloatArray]
"""Turns a slope into steps: the floor, or another function for a check of gradients."""


@dataclass(frozen=True, eq=False)
class ReluLayer(LayerShape):
    """A layer: drives z = inputs @ weights + bias, and the clip of its activation.

    A layer without a geometry is dense: its fan-in is its number of inputs, and each neuron is a map.
    In a convolution the neurons of a map share weights and bias. networks/geometry.py gives their
    order.

    Attributes
    ----------
    weights : float64[fan-in, maps]
    bias : float64[maps]
    clip : float or None
        The largest activation, above 0. None: unlimited, or no activation.
    geometry : Geometry or None
        Geometry of a convolution.

    Raises
    ------
    SpikeletError
        If a field has a wrong shape or value; the message names the field.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    clip: float | None = None
    geometry: Geometry | None = None

    def __post_init__(self) -> None:
        self.check_shape()
        for field, shape in (("weights", self.weights.shape), ("bias", self.weights.shape[1:])):
            object.__setattr__(self, field, finite(field, getattr(self, field), shape))
        if self.clip is not None and not 0 < self.clip < np.inf:
            raise UsageError(f"clip is {self.clip:g}; it must be a positive number")


@dataclass(frozen=True, eq=False)
class ReluNetwork:
    """A chain of layers, whose inputs are x / 256 of samples x uint8[n, channels].

    Attributes
    ----------
    layers : tuple of ReluLayer
        First to last. The drives of the last layer are the scores of the classes.
    classes : tuple of str
        A name for each neuron of the last layer.
    levels : int or None
        Steps of the clip-floor-shift activation; all layers but the last then have a clip.
        None: plain ReLU, without clips.

    Raises
    ------
    SpikeletError
        If the layers, classes or levels do not fit each other.
    """

    layers: tuple[ReluLayer, ...]
    classes: tuple[str, ...]
    levels: int | None = None

    def __post_init__(self) -> None:
        if len(self.layers) < 2:
            raise UsageError(
                "a ReLU network needs at least two layers, because the last has no ReLU"
            )
        check_chain(self.layers)
        check_classes(self.layers, self.classes)
        self._check_activations()

    def _check_activations(self) -> None:
        if self.levels is not None and self.levels < 1:
            raise UsageError(f"levels is {self.levels}; it must be at least 1")
        *hidden, last = (layer.clip is not None for layer in self.layers)
        if last or set(hidden) != {self.levels is not None}:
            raise UsageError(
                "a clip belongs to every layer but the last if the network has levels, "
                "and to no layer if it has none"
            )

    @property
    def channels(self) -> int:
        """Number of inputs of a sample."""
        return self.layers[0].inputs

    def activations(self, x: NDArray[np.uint8]) -> tuple[NDArray[np.float64], ...]:
        """Return the activations of each layer, and for the last one the scores of the classes.

        Parameters
        ----------
        x : uint8[n, channels]

        Returns
        -------
        tuple of float64[n, neurons]

        Raises
        ------
        SpikeletError
            If x has another type or shape.
        """
        if x.dtype != np.uint8 or x.shape[1:] != (self.channels,):
            raise RefusedInput(
                f"x is {x.dtype} of shape {x.shape}; this network takes uint8[n, {self.channels}]"
            )
        convolves = any(layer.geometry for layer in self.layers)
        parts = math.ceil(len(x) / PART) if convolves else 1
        by_part = [self._activations(part) for part in np.array_split(x, max(parts, 1))]
        return tuple(map(np.concatenate, zip(*by_part, strict=True)))

    def _activations(self, x: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
        parameters = [_parameters(layer) for layer in self.layers]
        geometries = [layer.geometry for layer in self.layers]
        signal = encoders.signal("direct", x, 1)
        _, drives, activations = _forward(parameters, geometries, signal, self.levels, np.floor)
        return [array[0].astype(np.float64) for array in (*activations, drives[-1])]

    def answers(self, x: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return int64[n], the class with the largest score; the lowest index wins a tie."""
        return self.activations(x)[-1].argmax(axis=1)


class AnnParameters(NamedTuple):
    """Parameters of a layer or their gradient: as in ReluLayer, with clip as an array of one number."""

    weights: FloatArray
    bias: FloatArray
    clip: FloatArray | None


class AnnLoss(NamedTuple):
    """The objective: the mean over samples of cross-entropy + activity_penalty * activity.

    Attributes
    ----------
    activity_penalty : float
        Penalty of one neuron at its clip, or at 1 with plain ReLU. Activity is the sum over all
        hidden neurons, in that unit.
    label_smoothing : float
        Probability 0..1 that the target spreads evenly over all classes.
    """

    activity_penalty: float = 0.0
    label_smoothing: float = 0.0


class AnnLossGradient(NamedTuple):
    """Value of the objective on some samples, accuracy 0..1, and the gradient for each layer."""

    loss: float
    accuracy: float
    gradient: list[AnnParameters]


def activation(
    drive: FloatArray, clip: FloatArray | None, levels: int | None, rounding: Rounding = np.floor
) -> FloatArray:
    """Return the activations at these drives, in the shape and type of the drives."""
    if clip is None or levels is None:
        return np.maximum(drive, 0)
    return clip * np.clip(rounding(drive * levels / clip + 0.5) / levels, 0, 1)


def ann_loss_gradient(
    parameters: Sequence[AnnParameters],
    geometries: Sequence[Geometry | None],
    levels: int | None,
    inputs: FloatArray,
    y: NDArray[np.int64],
    objective: AnnLoss,
    rounding: Rounding = np.floor,
) -> AnnLossGradient:
    """Return the objective and its gradient, computed in the type of `inputs`.

    For the gradient the slope replaces the staircase: a straight-through estimator.

    Parameters
    ----------
    parameters : sequence of AnnParameters
        One for each layer.
    geometries : sequence of Geometry or None
        One for each layer, as in ReluLayer.
    levels : int or None
        As in ReluNetwork.
    inputs : float[n, channels]
        x / 256.
    y : int64[n]
        Index of the right class.
    objective : AnnLoss
    rounding : callable
        Rounding of the activations.
    """
    # Functions shared with spiking networks expect an axis of steps.
    signal = inputs[None]
    unfolded, drives, activations = _forward(parameters, geometries, signal, levels, rounding)
    loss, by_scores = cross_entropy(drives[-1][0], y, objective.label_smoothing)
    by_drive = by_scores[None]
    price = objective.activity_penalty / len(y)
    gradient = [AnnParameters(*gradient_by_weights(unfolded[-1], by_drive), None)]
    for index in reversed(range(len(activations))):
        activation, clip = activations[index], parameters[index].clip
        unit = 1 if clip is None else clip
        loss += float(price * (activation / unit).sum())
        successor = parameters[index + 1].weights, geometries[index + 1]
        by_activation = gradient_by_signal(by_drive, *successor) + price / unit
        slope, by_clip = _derivatives(drives[index], activation, clip, levels)
        if clip is not None:
            by_clip = (by_activation * by_clip).sum() - price * activation.sum() / clip**2
        by_drive = by_activation * slope
        gradient.append(AnnParameters(*gradient_by_weights(unfolded[index], by_drive), by_clip))
    accuracy = float((drives[-1][0].argmax(axis=1) == y).mean())
    return AnnLossGradient(loss, accuracy, gradient[::-1])


def _parameters(layer: ReluLayer) -> AnnParameters:
    return AnnParameters(
        layer.weights, layer.bias, None if layer.clip is None else np.array(layer.clip)
    )


def _forward(
    parameters: Sequence[AnnParameters],
    geometries: Sequence[Geometry | None],
    signal: FloatArray,
    levels: int | None,
    rounding: Rounding,
) -> tuple[list[FloatArray], list[FloatArray], list[FloatArray]]:
    """Return the unfolded inputs and the drives of each layer, and all hidden activations.

    `signal` is float[1, n, channels]; drives and activations are float[1, n, neurons].
    """
    inputs: list[FloatArray] = []
    drives: list[FloatArray] = []
    activations: list[FloatArray] = []
    for layer, geometry in zip(parameters, geometries, strict=True):
        inputs.append(unfold_inputs(signal, geometry))
        drive = inputs[-1] @ layer.weights + layer.bias
        drives.append(drive if geometry is None else flatten(drive))
        signal = activation(drives[-1], layer.clip, levels, rounding)
        activations.append(signal)
    return inputs, drives, activations[:-1]


def _derivatives(
    drive: FloatArray, activation: FloatArray, clip: FloatArray | None, levels: int | None
) -> tuple[FloatArray, FloatArray | None]:
    """Return the derivatives of activations by their drive and by the clip, or None without a clip."""
    if clip is None or levels is None:
        return (drive > 0).astype(drive.dtype), None
    half_step = clip / (2 * levels)
    inside = (drive > -half_step) & (drive < clip - half_step)
    # Below the slope an activation is 0; above, it equals the clip and changes with it.
    by_clip = np.where(inside, activation - drive, activation) / clip
    return inside.astype(drive.dtype), by_clip
