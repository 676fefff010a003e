"""A ReLU network in int8, without spikes: what a spiking one is compared with.

Weights have one scale for a layer and no offset, activations are u8 from 0 to the largest that the
calibration samples reach. The equation is firmware/spikert/bench/dense.py's. Source: Jacob et al.,
Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference (2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.networks import lif_file
from spikelet.networks.int16 import INT16_MAX
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.training.ann.network import ReluNetwork

LARGEST_WEIGHT, LARGEST = 127, 255
SHIFT = 8  # of a sum, before its bias
FACTOR_BITS = 14  # so that the product of a factor and 16 bits fits 31 bits


@dataclass(frozen=True, eq=False)
class DenseLayer:
    """A layer in integers.

    weights          int8[inputs, neurons]
    bias             int16[neurons], in the unit of shifted sums
    factor, shift    of the requantisation; a factor of 0 leaves the sums as they are
    """

    weights: NDArray[np.int8]
    bias: NDArray[np.int16]
    factor: int = 0
    shift: int = 0

    def run(self, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return int64[n, neurons] of x int64[n, inputs]: outputs 0..255, or the last layer's sums."""
        sums = (x @ self.weights.astype(np.int64) >> SHIFT) + self.bias
        if not self.factor:
            return sums
        half = 1 << self.shift >> 1
        return np.clip((sums * self.factor + half) >> self.shift, 0, LARGEST)


@dataclass(frozen=True, eq=False)
class DenseNetwork:
    """A chain of layers, for samples x uint8[n, channels]."""

    layers: tuple[DenseLayer, ...]

    def answers(self, x: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return int64[n], the class with the largest sum; the lowest index wins a tie."""
        values = x.astype(np.int64)
        for layer in self.layers:
            values = layer.run(values)
        return values.argmax(axis=1)

    @property
    def products(self) -> int:
        """Multiplications of an inference, those with zero as well."""
        return sum(layer.weights.size for layer in self.layers)

    @property
    def scaling(self) -> list[tuple[int, int]]:
        """Factor and shift of each layer but the last."""
        return [(layer.factor, layer.shift) for layer in self.layers[:-1]]

    def tables(self, *, pairs: bool = False) -> bytes:
        """Return the bytes of a .lif file with the weights and biases, which kernels can hold.

        pairs    whether weights stand in 16 bits
        """
        layers = [
            Layer(layer.weights, theta=INT16_MAX, bias=layer.bias, lanes=True, pairs=pairs)
            for layer in self.layers
        ]
        names = tuple(map(str, range(layers[-1].neurons)))
        return lif_file.to_bytes(Network("direct", 1, "max", names, layers))


def quantise(network: ReluNetwork, calibration: NDArray[np.uint8]) -> DenseNetwork:
    """Return the network in integers.

    calibration    uint8[n, channels], whose largest activations become 255
    Raises SpikeletError for a network of convolutions or of other activations than ReLU.
    """
    if network.levels is not None or any(layer.geometry for layer in network.layers):
        raise SpikeletError(
            "only dense ReLU networks are compared with; train one without convolutions and levels"
        )
    reached = network.activations(calibration)
    layers, unit = [], 1 / 256  # of an input
    for number, layer in enumerate(network.layers):
        scale, weights, bias = _integers(layer.weights, layer.bias, unit)
        if number == len(network.layers) - 1:
            layers.append(DenseLayer(weights, bias))
            continue
        wanted = float(reached[number].max()) / LARGEST
        factor, shift = _ratio(scale * unit / wanted * 2.0**SHIFT)
        layers.append(DenseLayer(weights, bias, factor, shift))
        unit = wanted
    return DenseNetwork(tuple(layers))


def _integers(
    weights: NDArray[np.float64], bias: NDArray[np.float64], unit: float
) -> tuple[float, NDArray[np.int8], NDArray[np.int16]]:
    """Return the unit of weights, these and the biases as integers whose sums fit 16 bits.

    Half a unit of a sum is added to the biases for what its shift drops.
    """
    most = LARGEST_WEIGHT
    while most:
        scale = float(np.abs(weights).max()) / most
        found = np.rint(weights / scale).astype(np.int8)
        offset = np.rint(bias / (scale * unit * 2**SHIFT) + 0.5)
        furthest = (LARGEST * np.abs(found.astype(np.int64)).sum(axis=0) >> SHIFT) + 1
        if (furthest + np.abs(offset)).max() <= INT16_MAX:
            return scale, found, offset.astype(np.int16)
        most //= 2
    raise SpikeletError(
        f"a layer of {len(weights)} inputs has too many for sums of 16 bits; compare a smaller one"
    )


def _ratio(value: float) -> tuple[int, int]:
    """Return factor and shift, value being about factor / 2**shift."""
    shift = min(30, FACTOR_BITS - ceil(log2(value)))
    if shift < 0:
        raise SpikeletError(f"outputs are {value:g} times the sums, which no shift expresses")
    return round(value * 2**shift), shift
