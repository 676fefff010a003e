"""Compute the forward pass of training, and record each layer's inputs and activity."""

from collections.abc import Sequence
from typing import NamedTuple

from spikelet.arrays import FloatArray
from spikelet.networks.float_network import (
    FloatLayer,
    FloatNetwork,
    LayerActivity,
    SpikeFunction,
    integrate,
    step_function,
)
from spikelet.networks.geometry import Geometry
from spikelet.training.parameters import LayerParameters, with_dynamics


class Pass(NamedTuple):
    """One layer in a forward pass.

    Attributes
    ----------
    layer : FloatLayer
        The layer with the leaks and recurrent weights of this pass.
    seen : float[T, n, inputs] or float[T, n, pixels, fan-in]
        Factors of the weights; a convolution has the second form. If T is 1, they are the same in
        each step.
    window : LayerActivity
        Membranes and spikes of the neurons.
    """

    layer: FloatLayer
    seen: FloatArray
    window: LayerActivity


def forward(
    network: FloatNetwork,
    parameters: Sequence[LayerParameters],
    signal: FloatArray,
    spike: SpikeFunction = step_function,
) -> list[Pass]:
    """Return the pass of each layer, computed in the type of `signal`.

    Parameters
    ----------
    network : FloatNetwork
        Its neurons are used; `parameters` replace its parameters.
    parameters : sequence of LayerParameters
        One for each layer.
    signal : float[1 or T, n, inputs]
        Encoded samples. If the first axis is 1, the signal is the same in each of the network's
        steps.
    spike : callable
        The spike function.
    """
    steps = network.steps if len(signal) == 1 else len(signal)
    passes: list[Pass] = []
    for layer, trained in zip(network.layers, parameters, strict=True):
        used = with_dynamics(layer, trained)
        inputs = unfold_inputs(signal, layer.geometry)
        drive = flatten(inputs @ trained.weights + trained.bias)
        passes.append(Pass(used, inputs, integrate(used, drive, steps, spike)))
        signal = passes[-1].window.spikes
    return passes


def unfold_inputs(signal: FloatArray, geometry: Geometry | None) -> FloatArray:
    """Return the factors of a layer's weights; see `Pass.seen`."""
    return signal if geometry is None else geometry.unfold(signal)


def flatten(by_maps: FloatArray) -> FloatArray:
    """Join pixels and maps: return float[T, n, neurons] of float[T, n, ..., maps]."""
    return by_maps.reshape(*by_maps.shape[:2], -1)
