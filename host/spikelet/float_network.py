"""The float network: what is trained, exchanged as a NIR graph, and converted to integers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet import encoding
from spikelet.errors import SpikeletError
from spikert.tables import READOUTS

RESETS = ("subtract", "set")
MAX_STEPS = 65535

FloatArray = encoding.FloatArray
"""float32 or float64; what is computed from it keeps its type."""

SpikeFunction = Callable[[FloatArray], FloatArray]
"""Turns membrane minus threshold into spikes of the same shape and type."""


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """A dense layer of leaky integrate-and-fire neurons; membranes have no unit of their own.

    weights  float64[inputs, neurons], drive per input spike
    bias     float64[neurons], drive added in each step
    beta     float64[neurons], share of the membrane kept from step to step, 0..1; 1 never leaks
    theta    float64[neurons], a neuron fires at v >= theta; None for a readout that never fires
    reset    "subtract": v loses theta when it fires; "set": v becomes v_reset
    v_reset  float64[neurons]
    v_start  float64[neurons], membranes before the first step
    Raises SpikeletError naming the field with a wrong shape or value.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    beta: NDArray[np.float64]
    theta: NDArray[np.float64] | None
    reset: str
    v_reset: NDArray[np.float64]
    v_start: NDArray[np.float64]

    def __post_init__(self) -> None:
        if np.ndim(self.weights) != 2 or 0 in np.shape(self.weights):
            raise SpikeletError(
                f"weights have shape {np.shape(self.weights)}; they must be [inputs, neurons]"
            )
        self._check_array("weights", self.weights.shape)
        for field in ("bias", "beta", "v_reset", "v_start"):
            self._check_array(field, self.weights.shape[1:])
        if self.theta is not None:
            self._check_array("theta", self.weights.shape[1:])
        if self.beta.min() < 0 or self.beta.max() > 1:
            raise SpikeletError(
                f"beta lies in {self.beta.min():g}..{self.beta.max():g}; it must be in 0..1"
            )
        _check_choice("reset", self.reset, RESETS)

    def _check_array(self, field: str, shape: tuple[int, ...]) -> None:
        """Keep the field as float64, if it has this shape and every value is finite."""
        array = np.asarray(getattr(self, field), dtype=np.float64)
        if array.shape != shape:
            raise SpikeletError(f"{field} has shape {array.shape}; it must be {shape}")
        if not np.isfinite(array).all():
            raise SpikeletError(f"{field} holds values that are not finite")
        object.__setattr__(self, field, array)

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.weights.shape[0]

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return self.weights.shape[1]


@dataclass(frozen=True, eq=False)
class FloatTrace:
    """What a network did on n samples.

    answers    int64[n], index of the class
    spikes     a bool[n, T, neurons] per layer
    membranes  a float64[n, T, neurons] per layer, after the reset
    """

    answers: NDArray[np.int64]
    spikes: tuple[NDArray[np.bool_], ...]
    membranes: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """A chain of layers; in each step every layer runs once, on its predecessor's spikes of it.

    layers   first to last
    encoder  how x becomes the first layer's inputs; encoding.signal says what each does
    steps    T, steps per sample
    readout  the answer is the class with the largest spike "count", the largest "max" membrane
             over the steps, or the largest "last" membrane; the lowest index wins a tie
    classes  a name for each neuron of the last layer
    dt       seconds per step
    encoder_parameter  of those encoders that have one, see encoding.py
    Raises SpikeletError naming what does not fit.
    """

    layers: tuple[FloatLayer, ...]
    encoder: str
    steps: int
    readout: str
    classes: tuple[str, ...]
    dt: float = 1e-3
    encoder_parameter: int = 0

    def __post_init__(self) -> None:
        encoding.check(self.encoder, self.encoder_parameter)
        _check_choice("readout", self.readout, READOUTS)
        if not 1 <= self.steps <= MAX_STEPS:
            raise SpikeletError(f"steps is {self.steps}; it must be 1..{MAX_STEPS}")
        if not 0 < self.dt < np.inf:
            raise SpikeletError(f"dt is {self.dt}; it must be a positive number of seconds")
        _check_chain(self.layers)
        self._check_readout()

    def _check_readout(self) -> None:
        last = self.layers[-1]
        if len(self.classes) != last.neurons:
            raise SpikeletError(
                f"there are {len(self.classes)} classes for the last layer's {last.neurons} neurons"
            )
        if self.readout == "count" and last.theta is None:
            raise SpikeletError("readout count needs a last layer with a threshold")

    @property
    def channels(self) -> int:
        """Number of inputs of a sample."""
        return self.layers[0].inputs

    def simulate(self, x: NDArray[np.uint8]) -> FloatTrace:
        """Run the samples x, uint8[n, channels], each from the start membranes.

        Raises SpikeletError if x has another type or shape.
        """
        check_samples(x, self.channels)
        signal = encoding.signal(self.encoder, x, self.steps, self.encoder_parameter)
        windows = []
        for layer in self.layers:
            drive = signal @ layer.weights + layer.bias
            windows.append(integrate(layer, drive, self.steps))
            signal = windows[-1].spikes
        scores = class_scores(self.readout, windows[-1])
        return FloatTrace(
            answers=scores.argmax(axis=1),
            spikes=tuple(window.spikes.swapaxes(0, 1) > 0 for window in windows),
            membranes=tuple(window.after.swapaxes(0, 1).astype(np.float64) for window in windows),
        )


class Window(NamedTuple):
    """What a layer did in T steps, each float[T, n, neurons].

    before  membranes as they are compared with the threshold
    spikes  1 where it was reached, else 0
    after   membranes after the reset
    """

    before: FloatArray
    spikes: FloatArray
    after: FloatArray


def step_function(distance: FloatArray) -> FloatArray:
    """Return 1 where a membrane has reached its threshold (distance >= 0), else 0."""
    return (distance >= 0).astype(distance.dtype)


def integrate(
    layer: FloatLayer, drive: FloatArray, steps: int, spike: SpikeFunction = step_function
) -> Window:
    """Advance the neurons of `layer` by `steps` steps, computing in the type of `drive`.

    drive  float[T, n, neurons], membrane units; or [1, n, neurons], the same in each step
    spike  what fires; only a check of gradients needs another than the step function
    Source: Gerstner et al., Neuronal Dynamics (2014), sec. 1.3, forward Euler.
    """
    shape = (steps, *drive.shape[1:])
    before, spikes, after = window = Window(*(np.zeros(shape, drive.dtype) for _ in range(3)))
    beta = layer.beta.astype(drive.dtype)
    v = layer.v_start.astype(drive.dtype)
    for t, current in enumerate(np.broadcast_to(drive, shape)):
        np.add(beta * v, current, out=before[t])
        if layer.theta is None:
            after[t] = before[t]
        else:
            spikes[t] = spike(before[t] - layer.theta.astype(drive.dtype))
            after[t] = reset_membranes(layer, before[t], spikes[t])
        v = after[t]
    return window


def reset_membranes(layer: FloatLayer, before: FloatArray, spikes: FloatArray) -> FloatArray:
    """Return membranes after the reset, in the type of `before`."""
    if layer.reset == "subtract":
        assert layer.theta is not None
        return before - spikes * layer.theta.astype(before.dtype)
    return before * (1 - spikes) + spikes * layer.v_reset.astype(before.dtype)


def class_scores(readout: str, window: Window) -> FloatArray:
    """Return float[n, classes], of which the largest is the answer, from the last layer's window."""
    if readout == "count":
        return window.spikes.sum(axis=0)
    return window.after.max(axis=0) if readout == "max" else window.after[-1]


def _check_choice(field: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise SpikeletError(f"{field} is {value!r}; it must be one of {', '.join(choices)}")


def _check_chain(layers: Sequence[FloatLayer]) -> None:
    if not layers:
        raise SpikeletError("a network needs at least one layer")
    for position, (layer, successor) in enumerate(pairwise(layers)):
        if layer.theta is None:
            raise SpikeletError(f"layer {position} never fires; only the last may have no theta")
        if layer.neurons != successor.inputs:
            raise SpikeletError(
                f"layer {position} has {layer.neurons} neurons, "
                f"but layer {position + 1} takes {successor.inputs} inputs"
            )


def check_samples(x: NDArray[Any], channels: int) -> None:
    """Raise SpikeletError unless x is uint8[n, channels]."""
    if x.dtype != np.uint8 or x.ndim != 2 or x.shape[1] != channels:
        raise SpikeletError(
            f"x is {x.dtype} of shape {x.shape}; this network takes uint8[n, {channels}]"
        )
