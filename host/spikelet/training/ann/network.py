"""ReLU networks: what is trained before it becomes spiking, and the gradient of its loss.

An activation is either a plain ReLU or clip-floor-shift, a staircase of as many steps as an
integrate-and-fire neuron of as many time steps can tell apart:

    h = clip * min(1, max(0, floor(levels * z / clip + 1/2) / levels))

Source: Bu et al., Optimal ANN-SNN Conversion for High-accuracy and Ultra-low-latency Spiking Neural
Networks, ICLR (2022), sec. 4, also for its gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import SpikeletError
from spikelet.inputs import encoders
from spikelet.networks.geometry import Geometry
from spikelet.networks.layer_shape import LayerShape, check_chain, check_classes, finite
from spikelet.training.forward import flat, see
from spikelet.training.gradients import cross_entropy, gradient_by_signal, gradient_by_weights

PART = 1024  # samples whose patches are in memory at once

Rounding = Callable[[FloatArray], FloatArray]
"""What makes steps of a slope; only a check of gradients needs another than the floor."""


@dataclass(frozen=True, eq=False)
class ReluLayer(LayerShape):
    """A layer: drives z = inputs @ weights + bias, and what its activation learned.

    Dense where it has no geometry: fan-in is inputs, and every neuron is a map of its own. In a
    convolution a map's neurons share weights and bias, and lie as convolution.py says.

    weights  float64[fan-in, maps]
    bias     float64[maps]
    clip     the largest activation, above 0; None: without an end, or without an activation
    geometry of a convolution
    Raises SpikeletError naming the field with a wrong shape or value.
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
            raise SpikeletError(f"clip is {self.clip:g}; it must be a positive number")


@dataclass(frozen=True, eq=False)
class ReluNetwork:
    """A chain of layers, whose inputs are x / 256 of samples x uint8[n, channels].

    layers   first to last; the drives of the last are the scores of the classes
    classes  a name for each neuron of the last layer
    levels   steps of a clip-floor-shift activation, then all layers but the last have a clip;
             None: plain ReLU, and none has
    Raises SpikeletError naming what does not fit.
    """

    layers: tuple[ReluLayer, ...]
    classes: tuple[str, ...]
    levels: int | None = None

    def __post_init__(self) -> None:
        if len(self.layers) < 2:
            raise SpikeletError(
                "a ReLU network needs at least two layers, for the last has no ReLU"
            )
        check_chain(self.layers)
        check_classes(self.layers, self.classes)
        self._check_activations()

    def _check_activations(self) -> None:
        if self.levels is not None and self.levels < 1:
            raise SpikeletError(f"levels is {self.levels}; it must be at least 1")
        *hidden, last = (layer.clip is not None for layer in self.layers)
        if last or set(hidden) != {self.levels is not None}:
            raise SpikeletError(
                "a clip belongs to every layer but the last where there are levels, "
                "and to none where there are not"
            )

    @property
    def channels(self) -> int:
        """Number of inputs of a sample."""
        return self.layers[0].inputs

    def activations(self, x: NDArray[np.uint8]) -> tuple[NDArray[np.float64], ...]:
        """Return float64[n, neurons] for each layer, for the last one the scores of the classes.

        Raises SpikeletError if x is not uint8[n, channels].
        """
        if x.dtype != np.uint8 or x.shape[1:] != (self.channels,):
            raise SpikeletError(
                f"x is {x.dtype} of shape {x.shape}; this network takes uint8[n, {self.channels}]"
            )
        convolves = any(layer.geometry for layer in self.layers)
        parts = math.ceil(len(x) / PART) if convolves else 1
        found = [self._activations(part) for part in np.array_split(x, max(parts, 1))]
        return tuple(map(np.concatenate, zip(*found, strict=True)))

    def _activations(self, x: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
        parameters = [_parameters(layer) for layer in self.layers]
        geometries = [layer.geometry for layer in self.layers]
        signal = encoders.signal("direct", x, 1)
        _, drives, activations = _forward(parameters, geometries, signal, self.levels, np.floor)
        return [array[0].astype(np.float64) for array in (*activations, drives[-1])]

    def answers(self, x: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return int64[n], the class with the largest score; the lowest index wins a tie."""
        return self.activations(x)[-1].argmax(axis=1)


class Parameters(NamedTuple):
    """What is trained of a layer, or its gradient: as in ReluLayer, clip as an array of one number."""

    weights: FloatArray
    bias: FloatArray
    clip: FloatArray | None


class Objective(NamedTuple):
    """What training minimises: cross-entropy + activity_penalty * activity, the mean over samples.

    activity_penalty  of one neuron at its clip, of plain ReLU at 1; activity is the sum of those
    label_smoothing   probability, 0..1, that the target gives to all classes evenly
    """

    activity_penalty: float = 0.0
    label_smoothing: float = 0.0


class Evaluation(NamedTuple):
    """What an objective comes to on some samples: itself, right answers 0..1, and its gradient."""

    loss: float
    accuracy: float
    gradient: list[Parameters]


def activate(
    drive: FloatArray, clip: FloatArray | None, levels: int | None, rounding: Rounding = np.floor
) -> FloatArray:
    """Return the activations at these drives, of their shape and type."""
    if clip is None or levels is None:
        return np.maximum(drive, 0)
    return clip * np.clip(rounding(drive * levels / clip + 0.5) / levels, 0, 1)


def evaluate(
    parameters: Sequence[Parameters],
    geometries: Sequence[Geometry | None],
    levels: int | None,
    inputs: FloatArray,
    y: NDArray[np.int64],
    objective: Objective,
    rounding: Rounding = np.floor,
) -> Evaluation:
    """Return the objective and its gradient, computed in the type of `inputs`.

    parameters  for each layer
    geometries  of each layer, as in ReluLayer
    levels      as in ReluNetwork
    inputs      float[n, channels], x / 256
    y           int64[n], index of the right class
    The gradient takes the staircase for the slope that it follows: straight through.
    """
    signal = inputs[None]  # the one step of all samples, for what is shared with spiking networks
    seen, drives, activations = _forward(parameters, geometries, signal, levels, rounding)
    loss, by_scores = cross_entropy(drives[-1][0], y, objective.label_smoothing)
    by_drive = by_scores[None]
    price = objective.activity_penalty / len(y)
    gradient = [Parameters(*gradient_by_weights(seen[-1], by_drive), None)]
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
        gradient.append(Parameters(*gradient_by_weights(seen[index], by_drive), by_clip))
    accuracy = float((drives[-1][0].argmax(axis=1) == y).mean())
    return Evaluation(loss, accuracy, gradient[::-1])


def _parameters(layer: ReluLayer) -> Parameters:
    return Parameters(
        layer.weights, layer.bias, None if layer.clip is None else np.array(layer.clip)
    )


def _forward(
    parameters: Sequence[Parameters],
    geometries: Sequence[Geometry | None],
    signal: FloatArray,
    levels: int | None,
    rounding: Rounding,
) -> tuple[list[FloatArray], list[FloatArray], list[FloatArray]]:
    """Return what each layer's weights are multiplied by, its drives, and all hidden activations.

    signal  float[1, n, channels]; drives and activations are float[1, n, neurons]
    """
    seen: list[FloatArray] = []
    drives: list[FloatArray] = []
    activations: list[FloatArray] = []
    for layer, geometry in zip(parameters, geometries, strict=True):
        seen.append(see(signal, geometry))
        drive = seen[-1] @ layer.weights + layer.bias
        drives.append(drive if geometry is None else flat(drive))
        signal = activate(drives[-1], layer.clip, levels, rounding)
        activations.append(signal)
    return seen, drives, activations[:-1]


def _derivatives(
    drive: FloatArray, activation: FloatArray, clip: FloatArray | None, levels: int | None
) -> tuple[FloatArray, FloatArray | None]:
    """Return the derivatives of activations by their drive and, if there is one, by the clip."""
    if clip is None or levels is None:
        return (drive > 0).astype(drive.dtype), None
    half_step = clip / (2 * levels)
    inside = (drive > -half_step) & (drive < clip - half_step)
    # Below the slope an activation is 0; above, it is the clip, and moves with it.
    by_clip = np.where(inside, activation - drive, activation) / clip
    return inside.astype(drive.dtype), by_clip
