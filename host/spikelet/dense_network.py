"""A ReLU network in int8, without spikes: what a spiking one is compared with.

Weights have one scale for a layer and no offset, activations are u8 from 0 to the largest that the
calibration samples reach. The equation is firmware/spikert/bench_dense.py's. Source: Jacob et al.,
Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference (2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.relu_network import ReluNetwork
from spikert.bench_dense import WEIGHT_BIAS, padded

LARGEST_WEIGHT, LARGEST = 127, 255
ACCUMULATOR_BITS = 16  # that are left of a sum before it is multiplied
FACTOR_BITS = 14  # so that the product fits 31 bits
TOGETHER = 4  # neurons whose weights lie side by side in the layout "pairs"


@dataclass(frozen=True, eq=False)
class DenseLayer:
    """A layer in integers.

    weights                 int8[inputs, neurons]
    bias                    int32[neurons], in the sums' unit
    before, factor, shift   of the requantisation; a factor of 0 leaves the sums as they are
    """

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    before: int = 0
    factor: int = 0
    shift: int = 0

    def run(self, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return int64[n, neurons] of x int64[n, inputs]: outputs 0..255, or the last layer's sums."""
        sums = x @ self.weights.astype(np.int64) + self.bias
        if not self.factor:
            return sums
        half = 1 << self.shift >> 1
        return np.clip(((sums >> self.before) * self.factor + half) >> self.shift, 0, LARGEST)

    def on_board(self, layout: str) -> tuple[Any, ...]:
        """Return the layer as bench_dense.py takes it, its weights in the layout of a module."""
        inputs, neurons = self.weights.shape
        bias = self.bias.tolist()
        weights = _laid_out(self.weights, layout)
        return inputs, neurons, weights, bias, self.before, self.factor, self.shift


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
        """Multiplications of an inference."""
        return sum(layer.weights.size for layer in self.layers)


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
        scale = float(np.abs(layer.weights).max()) / LARGEST_WEIGHT
        weights = np.rint(layer.weights / scale).astype(np.int8)
        bias = np.rint(layer.bias / (scale * unit)).astype(np.int32)
        if number == len(network.layers) - 1:
            layers.append(DenseLayer(weights, bias))
            continue
        wanted = float(reached[number].max()) / LARGEST
        before = _before(weights, bias)
        factor, shift = _ratio(scale * unit / wanted * 2.0**before)
        layers.append(DenseLayer(weights, bias, before, factor, shift))
        unit = wanted
    return DenseNetwork(tuple(layers))


def _before(weights: NDArray[np.int8], bias: NDArray[np.int32]) -> int:
    """Return how far sums are shifted right so that the largest one possible has 16 bits."""
    furthest = LARGEST * np.abs(weights.astype(np.int64)).sum(axis=0) + np.abs(bias)
    return max(0, int(furthest.max()).bit_length() + 1 - ACCUMULATOR_BITS)


def _ratio(value: float) -> tuple[int, int]:
    """Return factor and shift, value being about factor / 2**shift."""
    shift = min(30, FACTOR_BITS - int(np.ceil(np.log2(value))))
    if shift < 0:
        raise SpikeletError(f"outputs are {value:g} times the sums, which no shift expresses")
    return round(value * 2**shift), shift


def _laid_out(weights: NDArray[np.int8], layout: str) -> bytes:
    """Return biased weights as bytes, in the layout "rows" or "pairs"; see the modules bench_*.py."""
    inputs, neurons = weights.shape
    biased = weights.astype(np.int16) + WEIGHT_BIAS
    if layout == "rows":
        rows = np.zeros((neurons, padded(inputs)), np.uint8)
        rows[:, :inputs] = biased.T
        return rows.tobytes()
    blocks = -(-neurons // TOGETHER)
    pairs = np.full((padded(inputs), blocks * TOGETHER), WEIGHT_BIAS, "<u2")
    pairs[:inputs, :neurons] = biased
    return pairs.reshape(-1, blocks, TOGETHER).swapaxes(0, 1).tobytes()
