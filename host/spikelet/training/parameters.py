"""Convert between a network, its trained parameters and the arrays of the optimiser."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spikelet.arrays import FloatArray
from spikelet.conversion import quantisation
from spikelet.networks.float_network import FloatLayer, FloatNetwork
from spikelet.training import leaks


class LayerParameters(NamedTuple):
    """Parameters of a layer as in FloatLayer, or the gradient by them.

    If a field is None, training leaves that parameter of the layer unchanged.
    """

    weights: FloatArray
    bias: FloatArray
    recurrent: FloatArray | None = None
    beta: FloatArray | None = None
    alpha: FloatArray | None = None


def trained(network: FloatNetwork, learn_leaks: bool) -> list[LayerParameters]:
    """Return the trained parameters of each layer, float32, with leaks as logits."""
    return [_trained(layer, learn_leaks) for layer in network.layers]


def _trained(layer: FloatLayer, learn_leaks: bool) -> LayerParameters:
    return LayerParameters(
        weights=layer.weights.astype(np.float32),
        bias=layer.bias.astype(np.float32),
        recurrent=None if layer.recurrent is None else layer.recurrent.astype(np.float32),
        beta=leaks.logits(layer.beta) if learn_leaks else None,
        alpha=leaks.logits(layer.alpha) if learn_leaks and layer.alpha is not None else None,
    )


def quantised(trained: Sequence[LayerParameters], bits: int | None) -> list[LayerParameters]:
    """Return the parameters for a forward pass or a conversion: leaks rounded, weights clipped.

    Parameters
    ----------
    trained : sequence of LayerParameters
        With leaks as logits.
    bits : int or None
        Clip the weights as conversion to this number of bits does; None: do not clip.
    """
    return [_used(one, bits) for one in trained]


def _used(trained: LayerParameters, bits: int | None) -> LayerParameters:
    if bits is not None:
        weights, own = trained.weights, trained.recurrent
        trained = trained._replace(
            weights=quantisation.clipped(weights, bits),
            recurrent=None if own is None else quantisation.clipped(own, bits),
        )
    return trained._replace(
        beta=None if trained.beta is None else leaks.representable_leaks(trained.beta),
        alpha=None if trained.alpha is None else leaks.representable_leaks(trained.alpha),
    )


def by_trained(
    trained: Sequence[LayerParameters], gradient: Sequence[LayerParameters]
) -> list[LayerParameters]:
    """Return the gradient by the trained parameters, from that by the parameters of the pass.

    They differ in leaks: `trained` has their logits, and the pass has the shares kept.
    """
    return [_by_trained(*pair) for pair in zip(trained, gradient, strict=True)]


def _by_trained(trained: LayerParameters, gradient: LayerParameters) -> LayerParameters:
    if trained.beta is not None and gradient.beta is not None:
        gradient = gradient._replace(beta=gradient.beta * leaks.slope(trained.beta))
    if trained.alpha is not None and gradient.alpha is not None:
        gradient = gradient._replace(alpha=gradient.alpha * leaks.slope(trained.alpha))
    return gradient


def arrays(parameters: Sequence[LayerParameters]) -> list[FloatArray]:
    """Return the arrays of all layers, always in the same order."""
    return [array for layer in parameters for array in layer if array is not None]


def with_dynamics(layer: FloatLayer, trained: LayerParameters) -> FloatLayer:
    """Return the layer with the trained leaks and recurrent weights, if there are any."""
    changes = {
        name: getattr(trained, name).astype(np.float64)
        for name in ("recurrent", "beta", "alpha")
        if getattr(trained, name) is not None
    }
    return replace(layer, **changes) if changes else layer


def network_with(network: FloatNetwork, parameters: Sequence[LayerParameters]) -> FloatNetwork:
    """Return the network with these parameters."""
    layers = (
        replace(
            with_dynamics(layer, trained),
            weights=trained.weights.astype(np.float64),
            bias=trained.bias.astype(np.float64),
        )
        for layer, trained in zip(network.layers, parameters, strict=True)
    )
    return replace(network, layers=tuple(layers))


def with_weights(
    parameters: Sequence[LayerParameters], network: FloatNetwork
) -> list[LayerParameters]:
    """Return the parameters with their weights replaced by the network's, float32."""
    return [
        one._replace(weights=layer.weights.astype(np.float32))
        for one, layer in zip(parameters, network.layers, strict=True)
    ]
