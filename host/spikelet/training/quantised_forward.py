"""Compute the forward pass of training with the integers that conversion would produce.

Training then sees the spikes that a board will emit. The proof keeps every number within 24 bits,
which float32 represents exactly. The results are scaled back to the units of the float network. The
backward pass treats every rounding, shift and floor as the identity.
Source: Bengio, Leonard and Courville, Estimating or Propagating Gradients Through Stochastic Neurons
(2013), sec. 4, the straight-through estimator; Jacob et al., Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference (2018), sec. 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.conversion import convert
from spikelet.networks.float_network import FloatLayer, FloatNetwork, LayerActivity
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.training.forward import Pass, flatten, unfold_inputs


@dataclass(frozen=True, eq=False)
class Rounded:
    """A float network and its conversion to integers.

    Attributes
    ----------
    network : FloatNetwork
        Its weights are rounded already, so that conversion would not change them.
    integers : Network
        The same network as a board runs it.
    scales : sequence of float64[maps]
        For each layer, integer membrane units per unit of `network`.
    """

    network: FloatNetwork
    integers: Network
    scales: Sequence[NDArray[np.float64]]


def quantise(network: FloatNetwork, bits: int) -> Rounded:
    """Round a network to weights of this number of bits.

    Raises
    ------
    SpikeletError
        If the integers do not fit int16.
    """
    integers, reports = convert.convert_network(network, bits=bits)
    scales = [report.scale for report in reports]
    layers = map(_on_grid, network.layers, integers.layers, scales)
    return Rounded(replace(network, layers=tuple(layers)), integers, scales)


def forward(rounded: Rounded, signal: FloatArray) -> list[Pass]:
    """Return the pass of each layer, in the units of the float network.

    Parameters
    ----------
    rounded : Rounded
    signal : float[1 or T, n, inputs]
        As `training.forward.forward` takes it.
    """
    steps = rounded.network.steps if len(signal) == 1 else len(signal)
    passes: list[Pass] = []
    for layer, integers, scale in zip(
        rounded.network.layers, rounded.integers.layers, rounded.scales, strict=True
    ):
        inputs = unfold_inputs(signal, integers.geometry)
        # The direct encoder's x / 256 and the phase encoder's 2**-k represent shifts of the sum.
        sums = np.floor(flatten(inputs @ integers.weights.astype(signal.dtype)))
        window = integrate_integers(integers, sums, steps)
        passes.append(Pass(layer, inputs, _scaled(window, layer.each(scale))))
        signal = window.spikes
    return passes


def integrate_integers(layer: Layer, sums: FloatArray, steps: int) -> LayerActivity:
    """Return membranes and spikes of integer neurons, as whole numbers in the type of `sums`.

    Parameters
    ----------
    layer : Layer
    sums : float[T, n, neurons] or float[1, n, neurons]
        Weighted inputs after the encoder's shift; the second form is the same in each step.
    steps : int
        The number of steps, T.
    """
    shape, dtype = (steps, *sums.shape[1:]), sums.dtype
    before, spikes, after = window = LayerActivity(*(np.zeros(shape, dtype) for _ in range(3)))
    bias, v = layer.each(layer.bias).astype(dtype), layer.each(layer.v_start).astype(dtype)
    leak, current_leak = _leak(layer, layer.d, layer.r, dtype), None
    if layer.current_d is not None:
        current_leak = _leak(layer, layer.current_d, layer.current_r, dtype)
    low = None if layer.low is None else layer.each(layer.low).astype(dtype)
    recurrent = None if layer.recurrent is None else layer.recurrent.astype(dtype)
    current = np.zeros(shape[1:], dtype)
    for t, total in enumerate(np.broadcast_to(sums, shape)):
        own = spikes[t - 1] @ recurrent if recurrent is not None and t > 0 else 0
        feed = (total + own) * 2**layer.gain + bias
        if current_leak is not None:
            feed = current = current - np.floor(current * current_leak) + feed
        np.add(v - np.floor(v * leak), feed, out=before[t])
        if low is not None:
            np.maximum(before[t], low, out=before[t])
        spikes[t], after[t] = _fired(layer, before[t])
        v = after[t]
    return window


def _leak(layer: Layer, d: NDArray[np.int16], r: int, dtype: np.dtype[np.floating]) -> FloatArray:
    """Return dtype[neurons], the share lost in each step, before the loss is rounded down."""
    return layer.each(d).astype(dtype) / dtype.type(2**r)


def _fired(layer: Layer, before: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return spikes, and membranes after the reset."""
    if layer.theta is None:
        return np.zeros_like(before), before
    dtype = before.dtype
    spikes = (before >= layer.each(layer.theta)).astype(dtype)
    if layer.reset == "subtract":
        return spikes, before - spikes * layer.each(layer.rho).astype(dtype)
    return spikes, np.where(spikes > 0, layer.each(layer.v_reset).astype(dtype), before)


def _scaled(window: LayerActivity, scale: FloatArray) -> LayerActivity:
    """Return membranes in units of the float network."""
    return LayerActivity(window.before / scale, window.spikes, window.after / scale)


def _on_grid(layer: FloatLayer, integers: Layer, scale: NDArray[np.float64]) -> FloatLayer:
    """Return a float layer with the rounded weights."""
    unit = 2**integers.gain / scale
    own = integers.recurrent
    return replace(
        layer,
        weights=integers.weights * unit,
        recurrent=None if own is None else own * unit,
    )
