"""The float network: what is trained, exchanged as a NIR graph, and converted to integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import SpikeletError
from spikelet.inputs import encoders
from spikelet.inputs.scaling import Scaling
from spikelet.networks import raster, summary
from spikelet.networks.equality import equal
from spikelet.networks.geometry import Geometry, weighted
from spikelet.networks.layer_shape import LayerShape, check_chain, check_classes, finite
from spikelet.networks.protocol import Stream, check_coding, check_samples
from spikelet.networks.readout import class_scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESETS = ("subtract", "set")


SpikeFunction = Callable[[FloatArray], FloatArray]
"""Turns membrane minus threshold into spikes of the same shape and type."""


@dataclass(frozen=True, eq=False)
class FloatLayer(LayerShape):
    """A layer of leaky integrate-and-fire neurons; membranes have no unit of their own.

    Dense where it has no geometry: fan-in is inputs, and every neuron is a map of its own. In a
    convolution a map's neurons share weights and parameters, and lie as convolution.py says.

    weights  float64[fan-in, maps], drive per input spike
    bias     float64[maps], drive added in each step
    beta     float64[maps], share of the membrane kept from step to step, 0..1; 1 never leaks
    theta    float64[maps], a neuron fires at v >= theta; None for a readout that never fires
    reset    "subtract": v loses rho when it fires; "set": v becomes v_reset
    v_reset  float64[maps]
    v_start  float64[maps], membranes before the first step
    rho      float64[maps]; None: theta
    recurrent  float64[neurons, neurons], drive per spike of the layer's own of the step before; None
    alpha    float64[maps], share kept from step to step of a synaptic current, which starts at 0, is
             fed by the drive and feeds the membrane in its place; None: there is no such current
    geometry of a convolution
    Raises SpikeletError naming the field with a wrong shape or value.
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
            raise SpikeletError(
                "rho is what a spike takes off, but without theta none comes; omit it"
            )
        for field, kept in (("beta", self.beta), ("alpha", self.alpha)):
            if kept is not None and (kept.min() < 0 or kept.max() > 1):
                raise SpikeletError(
                    f"{field} lies in {kept.min():g}..{kept.max():g}; it must be in 0..1"
                )
        if self.recurrent is not None:
            self._check_array("recurrent", (self.neurons, self.neurons))
        _check_choice("reset", self.reset, RESETS)

    def _check_array(self, field: str, shape: tuple[int, ...]) -> None:
        """Keep the field as float64, if it has this shape and every value is finite."""
        object.__setattr__(self, field, finite(field, getattr(self, field), shape))

    @property
    def subtracted(self) -> NDArray[np.float64]:
        """What a spike takes off, float64[maps], where reset is "subtract" and there is a theta."""
        assert self.theta is not None
        return self.theta if self.rho is None else self.rho

    def each(self, values: NDArray[np.float64], dtype: DTypeLike = np.float64) -> FloatArray:
        """Return a parameter [maps] as dtype[neurons]."""
        spread = values.astype(dtype)
        return np.tile(spread, self.geometry.pixels) if self.geometry else spread


@dataclass(frozen=True, eq=False)
class FloatTrace:
    """What a network did on n samples.

    answers    int64[n], index of the class; of a stream int64[n, answers]
    spikes     a bool[n, T, neurons] per layer; T counts the steps of all samples of a stream
    membranes  a float64[n, T, neurons] per layer, after the reset
    """

    answers: NDArray[np.int64]
    spikes: tuple[NDArray[np.bool_], ...]
    membranes: tuple[NDArray[np.float64], ...]

    def plot(self, sample: int = 0) -> Figure:
        """Draw the spikes of one sample; see `raster.plot`."""
        return raster.plot(self.spikes, sample)


@dataclass(frozen=True, eq=False, repr=False)
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
    stream   of a network whose state lasts from sample to sample, how often it answers; None: every
             sample starts anew and has its own answer
    scaling  from raw readings to x; None: x is the reading
    Raises SpikeletError naming what does not fit.
    """

    layers: tuple[FloatLayer, ...]
    encoder: str
    steps: int
    readout: str
    classes: tuple[str, ...]
    dt: float = 1e-3
    encoder_parameter: int = 0
    stream: Stream | None = None
    scaling: Scaling | None = None

    def __post_init__(self) -> None:
        _check_chain(self.layers)
        check_coding(self)
        if not 0 < self.dt < np.inf:
            raise SpikeletError(f"dt is {self.dt}; it must be a positive number of seconds")
        self._check_readout()

    def __eq__(self, other: object) -> bool:
        return equal(self, other) if isinstance(other, FloatNetwork) else NotImplemented

    # Equal networks are equal in every field, and their arrays may be changed in place.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"FloatNetwork({summary.line(self)})"

    def _repr_html_(self) -> str:
        """Return a table for a notebook."""
        return summary.html(self)

    def _check_readout(self) -> None:
        check_classes(self.layers, self.classes)
        if self.readout == "count" and self.layers[-1].theta is None:
            raise SpikeletError("readout count needs a last layer with a threshold")

    @property
    def inputs(self) -> int:
        """Number of the first layer's inputs."""
        return self.layers[0].inputs

    @property
    def channels(self) -> int:
        """Number of values of a sample."""
        return self.inputs // encoders.inputs(self.encoder, 1)

    def simulate(self, x: NDArray[Any]) -> FloatTrace:
        """Run the samples x, each from the start membranes.

        x    uint8[n, channels]; of a stream uint8[n, samples, channels]; raw readings, of any other
             integers, where the network scales them
        Raises SpikeletError if x has another type or shape.
        """
        x = check_samples(x, self)
        signal = encoders.signal(self.encoder, x, self.steps, self.encoder_parameter)
        steps = self.steps * (x.shape[1] if self.stream else 1)
        windows = []
        for layer in self.layers:
            drive = weighted(signal, layer.weights, layer.geometry) + layer.each(layer.bias)
            windows.append(integrate(layer, drive, steps))
            signal = windows[-1].spikes
        spikes = tuple(window.spikes.swapaxes(0, 1) > 0 for window in windows)
        membranes = tuple(window.after.swapaxes(0, 1).astype(np.float64) for window in windows)
        scores = class_scores(self, spikes[-1], membranes[-1])
        return FloatTrace(scores.argmax(axis=-1), spikes, membranes)


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

    drive  float[T, n, neurons], membrane units, without the layer's own spikes; or [1, n, neurons],
           the same in each step
    spike  what fires; only a check of gradients needs another than the step function
    Source: Gerstner et al., Neuronal Dynamics (2014), sec. 1.3, forward Euler; the synaptic current:
    Cramer et al., The Heidelberg Spiking Data Sets (2020), eq. 3, here fed before it feeds.
    """
    shape, dtype = (steps, *drive.shape[1:]), drive.dtype
    before, spikes, after = window = Window(*(np.zeros(shape, dtype) for _ in range(3)))
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
        raise SpikeletError(f"{field} is {value!r}; it must be one of {', '.join(choices)}")


def _check_chain(layers: Sequence[FloatLayer]) -> None:
    if not layers:
        raise SpikeletError("a network needs at least one layer")
    for position, layer in enumerate(layers[:-1]):
        if layer.theta is None:
            raise SpikeletError(f"layer {position} never fires; only the last may have no theta")
    check_chain(layers)
