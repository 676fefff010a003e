"""Inputs and neurons of a layer, float or integer, dense or a convolution."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput
from spikelet.inputs import class_names
from spikelet.networks.geometry import Geometry


class LayerShape:
    """The weights of a layer, and the numbers that follow from their shape.

    Attributes
    ----------
    weights : array[fan-in, maps]
        Without a geometry fan-in is inputs, and every neuron is a map.
    geometry : Geometry or None
        Shape of a convolution.
    recurrent : array[neurons, neurons] or None
        Weights of the spikes of the layer itself in the step before.
    """

    weights: NDArray[Any]
    geometry: Geometry | None
    recurrent: NDArray[Any] | None = None

    def check_shape(self) -> None:
        """Raise SpikeletError unless weights, geometry and recurrence go together."""
        shape, geometry = np.shape(self.weights), self.geometry
        if len(shape) != 2 or 0 in shape:
            raise RefusedInput(f"weights have shape {shape}; they must be [fan-in, neurons]")
        if geometry and geometry.fan_in != shape[0]:
            raise RefusedInput(
                f"weights have shape {shape}; a kernel of {geometry.kernel} pixels and "
                f"{geometry.channels} channels takes {geometry.fan_in} weights for each map"
            )
        if self.recurrent is not None and geometry:
            raise RefusedInput("a convolution cannot be recurrent; only a dense layer can")

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.geometry.inputs if self.geometry else self.weights.shape[0]

    @property
    def maps(self) -> int:
        """Number of neurons at each place of a convolution's kernel, or of all neurons if dense."""
        return self.weights.shape[1]

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return self.maps * (self.geometry.pixels if self.geometry else 1)


def check_chain(layers: Sequence[LayerShape]) -> None:
    """Raise SpikeletError unless the inputs of each layer are the neurons of the one before."""
    for position, (layer, successor) in enumerate(pairwise(layers)):
        if layer.neurons != successor.inputs:
            raise RefusedInput(
                f"layer {position} has {layer.neurons} neurons, "
                f"but layer {position + 1} takes {successor.inputs} inputs"
            )


def check_classes(layers: Sequence[LayerShape], classes: Sequence[str]) -> None:
    """Raise SpikeletError unless each neuron of the last layer has a class."""
    neurons = layers[-1].neurons
    class_names.check_names(classes)
    if len(classes) != neurons:
        raise RefusedInput(
            f"there are {len(classes)} classes for the last layer's {neurons} neurons"
        )


def finite(field: str, values: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the values of a field as float64.

    Raises
    ------
    SpikeletError
        If they have another shape or are not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise RefusedInput(f"{field} has shape {array.shape}; it must be {shape}")
    if not np.isfinite(array).all():
        raise RefusedInput(f"{field} holds values that are not finite")
    return array
