"""Make streams for tests: networks proved for endless input, random recordings."""

import numpy as np

from spikelet.inputs.encoders import PARAMETERS, inputs
from spikelet.inputs.scaling import Scaling
from spikelet.networks import proof
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.protocol import StreamWindow
from spikert.network.tables import ENCODERS, READOUTS

CHANNELS, HIDDEN, CLASSES = 3, 12, 4
TURNS = 7
SEEDS = range(12)
# The quick run takes these on boards: every encoder, every readout, three of them scaled.
QUICK_SEEDS = (0, 1, 2, 4, 5, 9)


def stream_network(seed: int) -> Network:
    """Return a network of two leaking layers; seeds cycle through encoders, readouts and scalings."""
    rng = np.random.default_rng([seed, 3])
    encoder, readout = ENCODERS[seed % len(ENCODERS)], READOUTS[seed // 2 % 3]
    hop = int(rng.integers(1, 9))
    width = inputs(encoder, CHANNELS)
    hidden = rng.integers(-60, 100, (width, HIDDEN)).astype(np.int8)
    last = rng.integers(-60, 100, (HIDDEN, CLASSES)).astype(np.int8)
    least, most = PARAMETERS.get(encoder, (0, 0))
    network = Network(
        encoder=encoder,
        steps=int(rng.integers(1, 4)),
        readout=readout,
        classes=tuple(f"class {j}" for j in range(CLASSES)),
        layers=[
            Layer(hidden, theta=90, rho=90, d=rng.integers(8, 40, HIDDEN)),
            Layer(last, theta=200 if readout == "count" else None, rho=200, d=16),
        ],
        source_sha256=rng.bytes(32),
        scaling=_scaling(rng) if seed % 4 == 1 else None,
        encoder_parameter=least + 6 % (most - least + 1),
        stream=StreamWindow(hop * int(rng.integers(1, 4)), hop),
    )
    assert all(layer.reach.fits and layer.settled for layer in proof.prove(network))
    return network


def recordings(network: Network, seed: int, n: int) -> np.ndarray:
    """Return the readings of `n` recordings of TURNS turns, in the network's input format."""
    rng = np.random.default_rng([seed, 4])
    shape = n, TURNS * network.stream.hop, network.channels
    x = np.abs((rng.integers(-40, 41, shape).cumsum(axis=1) + 300) % 510 - 255)
    return x.astype(np.uint8) if network.scaling is None else network.scaling.undo(x)


def _scaling(rng: np.random.Generator) -> Scaling:
    offset, scale = rng.integers(-9000, 9000, CHANNELS), rng.integers(100, 900, CHANNELS)
    return Scaling(offset.astype(np.int32), scale.astype(np.int32), 12)
