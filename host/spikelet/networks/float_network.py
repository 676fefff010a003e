"""The float network, which is trained, exchanged as a NIR graph and converted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import RefusedInput, UsageError
from spikelet.inputs import encoders
from spikelet.inputs.scaling import Scaling
from spikelet.networks import raster, summary
from spikelet.networks.equality import equal
from spikelet.networks.geometry import Geometry, weighted
from spikelet.networks.layer_shape import LayerShape, check_chain, check_classes, finite
from spikelet.networks.protocol import StreamWindow, check_coding, check_samples
from spikelet.networks.readout import class_scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESETS = ("subtract", "set")


SpikeFunction = Callable[[FloatArray], FloatArray]
"""Turns membrane minus threshold into spikes of the same shape and type."""


@dataclass(frozen=True, eq=False)
class FloatLayer(LayerShape):
    """A layer of leaky integrate-and-fire neurons; membranes have no unit of their own.

    Without a geometry the layer is dense: fan-in is inputs, and every neuron is a map of its own. In a
    convolution the neurons of a map share weights and parameters. geometry.py defines their order.

    Attributes
    ----------
    weights : float64[fan-in, maps]
        Drive per input spike.
    bias : float64[maps]
        Drive added in each step.
    beta : float64[maps]
        Share of the membrane kept from step to step, 0..1; 1 never leaks.
    theta : float64[maps] or None
        Threshold: a neuron fires at v >= theta. None for a readout that never fires.
    reset : str
        "subtract": v loses rho on firing; "set": v becomes v_reset.
    v_reset : float64[maps]
    v_start : float64[maps]
        Membranes before the first step.
    rho : float64[maps] or None
        None for theta.
    recurrent : float64[neurons, neurons] or None
        Drive per spike of the layer itself in the step before.
    alpha : float64[maps] or None
        Share of a synaptic current kept from step to step. The current starts at 0, the drive feeds
        it, and it feeds the membrane instead of the drive. None for no current.
    geometry : Geometry or None
        Shape of a convolution.

    Raises
    ------
    SpikeletError
        If a field has a wrong shape or value; it names the field.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    beta: NDArray[np.float64]
    theta: NDArray[np.float64] | None
    reset: str
    v_reset: NDArray[np.float64]
    v_start: NDArray[np.float64]
    rho: NDArray[np.float64] | None = None
    recurrent: NDArray[np.float64] | None = None
    alpha: NDArray[np.float64] | None = None
    geometry: Geometry | None = None

    def __post_init__(self) -> None:
        self.check_shape()
        self._check_array("weights", self.weights.shape)
        for field in ("bias", "beta", "v_reset", "v_start"):
            self._check_array(field, self.weights.shape[1:])
        for field in ("theta", "rho", "alpha"):
            if getattr(self, field) is not None:
                self._check_array(field, self.weights.shape[1:])
        if self.rho is not None and self.theta is None:
            raise RefusedInput(
                "rho is subtracted by a spike, but without theta the layer never fires; omit it"
            )
        for field, share in (("beta", self.beta), ("alpha", self.alpha)):
            if share is not None and (share.min() < 0 or share.max() > 1):
                raise RefusedInput(
                    f"{field} lies in {share.min():g}..{share.max():g}; it must be in 0..1"
                )
        if self.recurrent is not None:
            self._check_array("recurrent", (self.neurons, self.neurons))
        _check_choice("reset", self.reset, RESETS)

    def _check_array(self, field: str, shape: tuple[int, ...]) -> None:
        """Store the field as float64, or raise SpikeletError unless finite and of this shape."""
        object.__setattr__(self, field, finite(field, getattr(self, field), shape))

    @property
    def subtracted(self) -> NDArray[np.float64]:
        """The amount that a spike subtracts, float64[maps], if reset is "subtract"."""
        assert self.theta is not None
        return self.theta if self.rho is None else self.rho

    def each(self, values: NDArray[np.float64], dtype: DTypeLike = np.float64) -> FloatArray:
        """Return a parameter [maps] as dtype[neurons]."""
        spread = values.astype(dtype)
        return np.tile(spread, self.geometry.pixels) if self.geometry else spread


@dataclass(frozen=True, eq=False)
class FloatTrace:
    """The simulation of n samples by a float network.

    Attributes
    ----------
    answers : int64[n] or int64[n, answers]
        Index of the class; two dimensions for a stream.
    inputs : int64[inputs]
        Events of each input, in all samples together.
    spikes : tuple of bool[n, T, neurons]
        The spikes of each layer. T counts the steps of all samples of a stream.
    membranes : tuple of float64[n, T, neurons]
        The membranes of each layer after the reset.
    """

    answers: NDArray[np.int64]
    inputs: NDArray[np.int64]
    spikes: tuple[NDArray[np.bool_], ...]
    membranes: tuple[NDArray[np.float64], ...]

    def plot(self, sample: int = 0) -> Figure:
        """Draw the spikes of one sample; see `raster.plot`."""
        return raster.plot(self.spikes, sample)


@dataclass(frozen=True, eq=False, repr=False)
class FloatNetwork:
    """A chain of layers.

    In each step every layer runs once, on the spikes of its predecessor in the same step.

    Attributes
    ----------
    layers : tuple of FloatLayer
        First to last.
    encoder : str
        Turns x into the inputs of the first layer; see encoders.py.
    steps : int
        T, steps per sample.
    readout : str
        The answer is the class with the largest spike "count", the largest "max" membrane over the
        steps, or the largest "last" membrane. The lowest index wins a tie.
    classes : tuple of str
        Name of each neuron of the last layer.
    dt : float
        Seconds per step.
    encoder_parameter : int
        Parameter of the encoder, if it has one; see encoders.py.
    stream : StreamWindow or None
        The intervals of the answers of a stream, whose state lasts from sample to sample. None: each
        sample starts anew and has its own answer.
    scaling : Scaling or None
        Turns raw readings into x. None: x is the reading.

    Raises
    ------
    SpikeletError
        If the fields do not fit together; it names the field or layer.
    """

    layers: tuple[FloatLayer, ...]
    encoder: str
    steps: int
    readout: str
    classes: tuple[str, ...]
    dt: float = 1e-3
    encoder_parameter: int = 0
    stream: StreamWindow | None = None
    scaling: Scaling | None = None

    def __post_init__(self) -> None:
        _check_chain(self.layers)
        check_coding(self)
        if not 0 < self.dt < np.inf:
            raise UsageError(f"dt is {self.dt}; it must be a positive number of seconds")
        self._check_readout()

    def __eq__(self, other: object) -> bool:
        return equal(self, other) if isinstance(other, FloatNetwork) else NotImplemented

    # Equal networks are equal in every field, and their arrays may be changed in place.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"FloatNetwork({summary.one_line(self)})"

    def _repr_html_(self) -> str:
        """Return a table for a notebook."""
        return summary.html(self)

    def _check_readout(self) -> None:
        check_classes(self.layers, self.classes)
        if self.readout == "count" and self.layers[-1].theta is None:
            raise UsageError("readout count needs a last layer with a threshold")

    @property
    def inputs(self) -> int:
        """Number of inputs of the first layer."""
        return self.layers[0].inputs

    @property
    def channels(self) -> int:
        """Number of values of a sample."""
        return self.inputs // encoders.inputs(self.encoder, 1)

    def simulate(self, x: NDArray[Any]) -> FloatTrace:
        """Run samples, each from the start membranes.

        Parameters
        ----------
        x : uint8[n, channels] or uint8[n, samples, channels]
            Three dimensions for a stream. If the network has a scaling, signed integers are raw
            readings.

        Raises
        ------
        SpikeletError
            If x has another type or shape.
        """
        x = check_samples(x, self)
        signal = encoders.signal(self.encoder, x, self.steps, self.encoder_parameter)
        inputs = encoders.input_events(self.encoder, x, signal)
        steps = self.steps * (x.shape[1] if self.stream else 1)
        windows = []
        for layer in self.layers:
            drive = weighted(signal, layer.weights, layer.geometry) + layer.each(layer.bias)
            windows.append(integrate(layer, drive, steps))
            signal = windows[-1].spikes
        spikes = tuple(window.spikes.swapaxes(0, 1) > 0 for window in windows)
        membranes = tuple(window.after.swapaxes(0, 1).astype(np.float64) for window in windows)
        scores = class_scores(self, spikes[-1], membranes[-1])
        return FloatTrace(scores.argmax(axis=-1), inputs, spikes, membranes)


class LayerActivity(NamedTuple):
    """Membranes and spikes of a layer in T steps.

    Attributes
    ----------
    before : float[T, n, neurons]
        Membranes that are compared with the threshold.
    spikes : float[T, n, neurons]
        1 for a membrane that reached the threshold, else 0.
    after : float[T, n, neurons]
        Membranes after the reset.
    """

    before: FloatArray
    spikes: FloatArray
    after: FloatArray


def step_function(distance: FloatArray) -> FloatArray:
    """Return 1 if a membrane has reached its threshold (distance >= 0), else 0."""
    return (distance >= 0).astype(distance.dtype)


def integrate(
    layer: FloatLayer, drive: FloatArray, steps: int, spike: SpikeFunction = step_function
) -> LayerActivity:
    """Advance the neurons of `layer` by `steps` steps, computing in the type of `drive`.

    Source: Gerstner et al., Neuronal Dynamics (2014), sec. 1.3, forward Euler. For the synaptic
    current: Cramer et al., The Heidelberg Spiking Data Sets (2020), eq. 3; here the current first
    takes the drive of the step, then feeds the membrane.

    Parameters
    ----------
    layer : FloatLayer
    drive : float[T, n, neurons] or float[1, n, neurons]
        In membrane units, without the spikes of the layer itself. [1, n, neurons] is the same in each
        step.
    steps : int
        T.
    spike : callable
        Turns membrane minus threshold into spikes. Only a check of gradients replaces the step
        function.

    Returns
    -------
    LayerActivity
    """
    shape, dtype = (steps, *drive.shape[1:]), drive.dtype
    before, spikes, after = window = LayerActivity(*(np.zeros(shape, dtype) for _ in range(3)))
    beta, v = layer.each(layer.beta, dtype), layer.each(layer.v_start, dtype)
    alpha = None if layer.alpha is None else layer.each(layer.alpha, dtype)
    theta = None if layer.theta is None else layer.each(layer.theta, dtype)
    recurrent = None if layer.recurrent is None else layer.recurrent.astype(dtype)
    feed = np.zeros(shape[1:], dtype)
    for t, current in enumerate(np.broadcast_to(drive, shape)):
        arriving = current
        if recurrent is not None and t > 0:
            arriving = arriving + spikes[t - 1] @ recurrent
        feed = arriving if alpha is None else alpha * feed + arriving
        np.add(beta * v, feed, out=before[t])
        if theta is None:
            after[t] = before[t]
        else:
            spikes[t] = spike(before[t] - theta)
            after[t] = reset_membranes(layer, before[t], spikes[t])
        v = after[t]
    return window


def reset_membranes(layer: FloatLayer, before: FloatArray, spikes: FloatArray) -> FloatArray:
    """Return membranes after the reset, in the type of `before`."""
    if layer.reset == "subtract":
        return before - spikes * layer.each(layer.subtracted, before.dtype)
    return before * (1 - spikes) + spikes * layer.each(layer.v_reset, before.dtype)


def _check_choice(field: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise UsageError(f"{field} is {value!r}; it must be one of {', '.join(choices)}")


def _check_chain(layers: Sequence[FloatLayer]) -> None:
    if not layers:
        raise RefusedInput("a network needs at least one layer")
    for position, layer in enumerate(layers[:-1]):
        if layer.theta is None:
            raise RefusedInput(f"layer {position} never fires; only the last may have no theta")
    check_chain(layers)
