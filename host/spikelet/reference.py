"""The reference simulator: what every board must do, spike for spike.

Written for itself, vectorised over samples; it shares no arithmetic with the firmware.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelet import encoding
from spikelet.bounds import INT16_MAX, INT16_MIN
from spikelet.errors import SpikeletError
from spikelet.float_network import check_samples

if TYPE_CHECKING:
    from spikelet.network import Layer, Network

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Trace:
    """What a network did on n samples.

    answers     int64[n], index of the class
    spikes      a uint8[n, T, neurons] per layer, 1 where a neuron fired
    membranes   an int16[n, neurons] per layer, at the window's end
    """

    answers: IntArray
    spikes: tuple[NDArray[np.uint8], ...]
    membranes: tuple[NDArray[np.int16], ...]


def simulate(network: Network, x: NDArray[np.uint8]) -> Trace:
    """Run samples through a network, each from the start membranes.

    x    uint8[n, channels], the encoder's inputs
    Raises SpikeletError if x has another dtype or shape, or if a membrane leaves int16, which the
    proof of the conversion excludes.
    """
    check_samples(x, network.channels)
    spikes = []
    windows = []
    signal, shifts = _encoded(network, x)
    for number, layer in enumerate(network.layers):
        total = _weighted(signal, layer)
        if number == 0:
            total >>= shifts
        drive = np.broadcast_to(
            (total << layer.gain) + layer.bias, (len(x), network.steps, layer.neurons)
        )
        signal, membranes, reached = _integrate(layer, drive)
        for value in reached:
            if not INT16_MIN <= value <= INT16_MAX:
                raise SpikeletError(
                    f"layer {number} reaches {value}, outside int16; convert the graph again"
                )
        spikes.append(signal)
        windows.append(membranes)
    scores = {
        "count": spikes[-1].sum(axis=1, dtype=np.int64),
        "max": windows[-1].max(axis=1),
        "last": windows[-1][:, -1],
    }[network.readout]
    return Trace(
        answers=scores.argmax(axis=1),
        spikes=tuple(spikes),
        membranes=tuple(window[:, -1].astype(np.int16) for window in windows),
    )


def _encoded(network: Network, x: NDArray[np.uint8]) -> tuple[NDArray[Any], IntArray]:
    """Return what the first layer weighs, [n, T or 1, channels], and the shifts of its sums."""
    if network.encoder == "direct":
        return x[:, None], np.array([[8]])
    coding = network.steps, network.encoder_parameter
    spikes = encoding.spikes(network.encoder, x, *coding)
    return spikes, encoding.drive_shifts(network.encoder, *coding)[:, None]


def _weighted(signal: NDArray[Any], layer: Layer) -> IntArray:
    """Return int64[n, T, neurons], the weighted sums of the signal [n, T, inputs].

    In float64, whose integers are exact below 2**53, because integers have no fast product.
    """
    return (signal.astype(np.float64) @ layer.weights.astype(np.float64)).astype(np.int64)


def _integrate(
    layer: Layer, drive: IntArray
) -> tuple[NDArray[np.uint8], IntArray, tuple[int, int]]:
    """Advance neurons through the drives int64[n, T, neurons].

    Returns their spikes, their membranes after each step, both [n, T, neurons], and the lowest and
    the highest membrane before any floor or reset.
    """
    spikes = np.zeros(drive.shape, np.uint8)
    membranes = np.zeros(drive.shape, np.int64)
    v = np.broadcast_to(layer.v_start.astype(np.int64), drive[:, 0].shape)
    d = layer.d.astype(np.int64)
    lowest = highest = 0
    for t in range(drive.shape[1]):
        v = v - np.floor_divide(v * d, 1 << layer.r) + drive[:, t]
        lowest, highest = int(v.min(initial=lowest)), int(v.max(initial=highest))
        if layer.low is not None:
            v = np.maximum(v, layer.low)
        if layer.theta is not None:
            fired = v >= layer.theta
            v = np.where(fired, layer.v_reset if layer.reset == "set" else v - layer.rho, v)
            spikes[:, t] = fired
        membranes[:, t] = v
    return spikes, membranes, (lowest, highest)
