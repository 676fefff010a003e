"""What is trained of a network: arrays for the optimiser, and what a layer is run with."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spikelet.arrays import FloatArray
from spikelet.conversion import quantisation
from spikelet.networks.float_network import FloatLayer, FloatNetwork
from spikelet.training import leaks


class Parameters(NamedTuple):
    """What is trained of a layer, as in FloatLayer, or the gradient by it.

    None: the layer keeps what it has.
    """

    weights: FloatArray
    bias: FloatArray
    recurrent: FloatArray | None = None
    beta: FloatArray | None = None
    alpha: FloatArray | None = None


def trained(network: FloatNetwork, learn_leaks: bool) -> list[Parameters]:
    """Return what is trained of each layer, float32; of leaks their logits."""
    return [_trained(layer, learn_leaks) for layer in network.layers]


def _trained(layer: FloatLayer, learn_leaks: bool) -> Parameters:
    return Parameters(
        weights=layer.weights.astype(np.float32),
        bias=layer.bias.astype(np.float32),
        recurrent=None if layer.recurrent is None else layer.recurrent.astype(np.float32),
        beta=leaks.logits(layer.beta) if learn_leaks else None,
        alpha=leaks.logits(layer.alpha) if learn_leaks and layer.alpha is not None else None,
    )


def used(trained: Sequence[Parameters], bits: int | None) -> list[Parameters]:
    """Return what layers are run with, and what conversion to so many bits is given."""
    return [_used(one, bits) for one in trained]


def _used(trained: Parameters, bits: int | None) -> Parameters:
    if bits is not None:
        weights, own = trained.weights, trained.recurrent
        trained = trained._replace(
            weights=quantisation.clipped(weights, bits),
            recurrent=None if own is None else quantisation.clipped(own, bits),
        )
    return trained._replace(
        beta=None if trained.beta is None else leaks.kept(trained.beta),
        alpha=None if trained.alpha is None else leaks.kept(trained.alpha),
    )


def by_trained(trained: Sequence[Parameters], gradient: Sequence[Parameters]) -> list[Parameters]:
    """Return the gradient by what is trained, of the gradient by what layers are run with."""
    return [_by_trained(*pair) for pair in zip(trained, gradient, strict=True)]


def _by_trained(trained: Parameters, gradient: Parameters) -> Parameters:
    if trained.beta is not None and gradient.beta is not None:
        gradient = gradient._replace(beta=gradient.beta * leaks.slope(trained.beta))
    if trained.alpha is not None and gradient.alpha is not None:
        gradient = gradient._replace(alpha=gradient.alpha * leaks.slope(trained.alpha))
    return gradient


def arrays(parameters: Sequence[Parameters]) -> list[FloatArray]:
    """Return the arrays of all layers, in an order that never changes."""
    return [array for layer in parameters for array in layer if array is not None]


def with_dynamics(layer: FloatLayer, trained: Parameters) -> FloatLayer:
    """Return the layer with the leaks and recurrent weights that are trained, if any are."""
    changes = {
        name: getattr(trained, name).astype(np.float64)
        for name in ("recurrent", "beta", "alpha")
        if getattr(trained, name) is not None
    }
    return replace(layer, **changes) if changes else layer


def network_with(network: FloatNetwork, parameters: Sequence[Parameters]) -> FloatNetwork:
    """Return the network with these in the place of its own."""
    layers = (
        replace(
            with_dynamics(layer, trained),
            weights=trained.weights.astype(np.float64),
            bias=trained.bias.astype(np.float64),
        )
        for layer, trained in zip(network.layers, parameters, strict=True)
    )
    return replace(network, layers=tuple(layers))


def with_weights(parameters: Sequence[Parameters], network: FloatNetwork) -> list[Parameters]:
    """Return the parameters with the network's weights, float32, in the place of their own."""
    return [
        one._replace(weights=layer.weights.astype(np.float32))
        for one, layer in zip(parameters, network.layers, strict=True)
    ]
