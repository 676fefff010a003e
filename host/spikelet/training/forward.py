"""The forward pass of training: what every layer sees and what it does with it."""

from collections.abc import Sequence
from typing import NamedTuple

from spikelet.arrays import FloatArray
from spikelet.networks.float_network import (
    FloatLayer,
    FloatNetwork,
    SpikeFunction,
    Window,
    integrate,
    step_function,
)
from spikelet.networks.geometry import Geometry
from spikelet.training.parameters import Parameters, with_dynamics


class Pass(NamedTuple):
    """One layer on its way forward.

    layer   with the leaks and recurrent weights that were used
    seen    float[T, n, inputs], of a convolution float[T, n, pixels, fan-in], what the weights are
            multiplied by; with 1 for T, the same in each step
    window  what the neurons did
    """

    layer: FloatLayer
    seen: FloatArray
    window: Window


def forward(
    network: FloatNetwork,
    parameters: Sequence[Parameters],
    signal: FloatArray,
    spike: SpikeFunction = step_function,
) -> list[Pass]:
    """Return what each layer does, computed in the type of `signal`.

    network     its neurons; `parameters` take the place of their own
    signal      float[1 or T, n, inputs], encoded samples; T as many steps as it has, or, with 1, as
                the network has for each sample
    """
    steps = network.steps if len(signal) == 1 else len(signal)
    passes: list[Pass] = []
    for layer, trained in zip(network.layers, parameters, strict=True):
        used = with_dynamics(layer, trained)
        seen = see(signal, layer.geometry)
        drive = flat(seen @ trained.weights + trained.bias)
        passes.append(Pass(used, seen, integrate(used, drive, steps, spike)))
        signal = passes[-1].window.spikes
    return passes


def see(signal: FloatArray, geometry: Geometry | None) -> FloatArray:
    """Return what the weights of a layer are multiplied by; see Pass."""
    return signal if geometry is None else geometry.unfold(signal)


def flat(by_maps: FloatArray) -> FloatArray:
    """Return float[T, n, neurons] of what a layer's maps have, as float[T, n, pixels, maps] or so."""
    return by_maps.reshape(*by_maps.shape[:2], -1)
