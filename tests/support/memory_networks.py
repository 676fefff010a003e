"""Networks of all kinds of layers and realistic sizes, to count their memory."""

import numpy as np

from spikelet.networks.geometry import Geometry
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.protocol import StreamWindow


def dense(inputs: int, neurons: int, **parameters) -> Layer:
    """Return a dense layer that leaks by a shift and allows comparing two neurons at once."""
    weights = np.ones((inputs, neurons), np.int8)
    return Layer(weights, **{"theta": 90, "rho": 90, "d": 16, "lanes": True, **parameters})


def network(encoder: str, *layers: Layer, **options) -> Network:
    """Return a network of these layers."""
    classes = tuple(str(j) for j in range(layers[-1].neurons))
    return Network(encoder, 4, "count", classes, list(layers), **options)


def with_wide_layer(neurons: int) -> Network:
    """Return a network with a wide layer, whose sums are small enough for the proof."""
    answer = Layer(np.eye(neurons, 2, dtype=np.int8), theta=90, rho=90, d=16, lanes=True)
    return network("rate", dense(1, neurons), answer)


def convolution() -> Layer:
    """Return a convolution of 16 x 16 pixels with 8 maps."""
    geometry = Geometry((16, 16), 1, (3, 3), (14, 14))
    return Layer(np.ones((9, 8), np.int8), theta=90, rho=90, d=16, geometry=geometry)


NETWORKS = {
    "digits": network("rate", dense(64, 32), dense(32, 10)),
    "direct": network("direct", dense(64, 128), dense(128, 10)),
    "wide": network("rate", dense(784, 128), dense(128, 10)),
    "pairs": network("rate", dense(200, 128, pairs=True), dense(128, 10, low=-900)),
    "per map": network("latency", dense(64, 96, bias=np.arange(96)), dense(96, 10)),
    "convolution": network("rate", convolution(), dense(1568, 10)),
    "current": network(
        "bernoulli",
        dense(40, 100, recurrent=np.ones((100, 100), np.int8), current_d=20),
        dense(100, 5),
        encoder_parameter=1,
    ),
    "stream": network(
        "delta",
        dense(12, 64, recurrent=np.ones((64, 64), np.int8)),
        dense(64, 6),
        encoder_parameter=3,
        stream=StreamWindow(64, 16),
    ),
}
