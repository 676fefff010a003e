"""Quantise a ReLU network to int8, to compare a spiking network with it.

The weights of a layer have one scale and no offset. Activations are uint8, from 0 to the largest
activation of the calibration samples. firmware/spikert/bench/dense.py computes the same equation.
Source: Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference (2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput
from spikelet.networks import lif_file
from spikelet.networks.int16 import INT16_MAX
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.training.ann.network import ReluNetwork

LARGEST_WEIGHT, LARGEST = 127, 255
# Right shift of a sum, before its bias is added.
SHIFT = 8
# The product of a factor and 16 bits then fits 31 bits.
FACTOR_BITS = 14


@dataclass(frozen=True, eq=False)
class DenseLayer:
    """A layer in integers.

    Attributes
    ----------
    weights : int8[inputs, neurons]
    bias : int16[neurons]
        In the unit of shifted sums.
    factor, shift : int
        Requantisation by factor / 2**shift; a factor of 0 leaves the sums unchanged.
    """

    weights: NDArray[np.int8]
    bias: NDArray[np.int16]
    factor: int = 0
    shift: int = 0

    def run(self, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the outputs 0..255 of a layer, or the sums of the last layer.

        Parameters
        ----------
        x : int64[n, inputs]

        Returns
        -------
        int64[n, neurons]
        """
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
        """Multiplications of an inference, including those with zero."""
        return sum(layer.weights.size for layer in self.layers)

    @property
    def scaling(self) -> list[tuple[int, int]]:
        """Factor and shift of each layer but the last."""
        return [(layer.factor, layer.shift) for layer in self.layers[:-1]]

    def tables(self, *, pairs: bool = False) -> bytes:
        """Return the bytes of a .lif file with the weights and biases, for the kernels to hold.

        Parameters
        ----------
        pairs : bool
            Store weights in 16 bits.
        """
        layers = [
            Layer(layer.weights, theta=INT16_MAX, bias=layer.bias, lanes=True, pairs=pairs)
            for layer in self.layers
        ]
        names = tuple(map(str, range(layers[-1].neurons)))
        return lif_file.to_bytes(Network("direct", 1, "max", names, layers))


def quantise(network: ReluNetwork, calibration: NDArray[np.uint8]) -> DenseNetwork:
    """Return the network in integers.

    Parameters
    ----------
    network : ReluNetwork
    calibration : uint8[n, channels]
        Samples; their largest activation in a layer becomes 255.

    Raises
    ------
    SpikeletError
        If the network has convolutions, or activations other than ReLU.
    """
    if network.levels is not None or any(layer.geometry for layer in network.layers):
        raise RefusedInput(
            "only dense ReLU networks are compared with; train one without convolutions and levels"
        )
    reached = network.activations(calibration)
    # The first unit is that of an input.
    layers, unit = [], 1 / 256
    for number, layer in enumerate(network.layers):
        scale, weights, bias = _integers(layer.weights, layer.bias, unit)
        if number == len(network.layers) - 1:
            layers.append(DenseLayer(weights, bias))
            continue
        output_unit = float(reached[number].max()) / LARGEST
        factor, shift = _ratio(scale * unit / output_unit * 2.0**SHIFT)
        layers.append(DenseLayer(weights, bias, factor, shift))
        unit = output_unit
    return DenseNetwork(tuple(layers))


def _integers(
    weights: NDArray[np.float64], bias: NDArray[np.float64], unit: float
) -> tuple[float, NDArray[np.int8], NDArray[np.int16]]:
    """Return the weights' unit, and weights and biases as integers whose sums fit 16 bits.

    Biases are half a unit higher, because the shift of a sum rounds down.
    """
    most = LARGEST_WEIGHT
    while most:
        scale = float(np.abs(weights).max()) / most
        integers = np.rint(weights / scale).astype(np.int8)
        offset = np.rint(bias / (scale * unit * 2**SHIFT) + 0.5)
        furthest = (LARGEST * np.abs(integers.astype(np.int64)).sum(axis=0) >> SHIFT) + 1
        if (furthest + np.abs(offset)).max() <= INT16_MAX:
            return scale, integers, offset.astype(np.int16)
        most //= 2
    raise RefusedInput(
        f"a layer of {len(weights)} inputs has too many for sums of 16 bits; compare a smaller one"
    )


def _ratio(value: float) -> tuple[int, int]:
    """Return (factor, shift) such that factor / 2**shift is about `value`."""
    shift = min(30, FACTOR_BITS - ceil(log2(value)))
    if shift < 0:
        raise RefusedInput(f"outputs are {value:g} times the sums, which no shift expresses")
    return round(value * 2**shift), shift
