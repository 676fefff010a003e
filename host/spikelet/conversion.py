"""Float networks to integer ones: weights of at most 8 bits, and the proof that int16 holds them.

Each layer has one scale, the largest that its bits allow; scaling a layer's weights, bias and threshold
alike changes none of its spikes. Where the proof fails, the layer gets a floor, then a smaller scale,
and the report says so. Source for the scale: Jacob et al., Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference (2018), sec. 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet import quantisation
from spikelet.bounds import INT16_MIN, Interval, LayerBounds, layer_bounds
from spikelet.errors import SpikeletError
from spikelet.float_network import FloatLayer, FloatNetwork
from spikelet.network import Layer, Network

LEAST_LEVELS = 7  # 4 bits; below that a layer is refused rather than spoilt
FLOOR = -8192  # where a floor is needed; trained networks do not notice it
LEAST_LEAK = 4  # membrane units that a step at threshold should lose, or the leak is too coarse
MAX_GAIN = 7


@dataclass(frozen=True, eq=False)
class LayerReport:
    """What conversion did to one layer.

    scale     float, membrane units per unit of the float network
    levels    int, the largest |weight|
    bounds    what the proof found
    changes   sentences: what had to be done to make it fit, and what that costs
    """

    scale: float
    levels: int
    bounds: LayerBounds
    changes: tuple[str, ...]


class _Attempt(NamedTuple):
    """The choices that conversion has for a layer."""

    levels: int
    gain: int
    floor: int | None


def convert(
    network: FloatNetwork, source_sha256: bytes = bytes(32), bits: int = 8
) -> tuple[Network, tuple[LayerReport, ...]]:
    """Return the integer network and a report for each layer.

    source_sha256    bytes[32], kept in the tables as the network's identity
    bits             3..8, that a weight may take; fewer than 8 cost accuracy, unless the network was
                     trained for them
    Raises SpikeletError with the numbers where a layer cannot be made to fit int16, or leaks faster
    than integers can express.
    """
    layers, reports = [], []
    for number, layer in enumerate(network.layers):
        direct = network.encoder == "direct" and number == 0
        try:
            converted, report = _fit(layer, bits, direct=direct, steps=network.steps)
        except SpikeletError as error:
            raise SpikeletError(f"layer {number} {error}") from None
        layers.append(converted)
        reports.append(report)
    integer = Network(
        encoder=network.encoder,
        steps=network.steps,
        readout=network.readout,
        classes=network.classes,
        layers=layers,
        source_sha256=source_sha256,
        encoder_parameter=network.encoder_parameter,
    )
    return integer, tuple(reports)


def _fit(layer: FloatLayer, bits: int, *, direct: bool, steps: int) -> tuple[Layer, LayerReport]:
    """Return the layer at the largest scale that is proved to fit, with a floor if that helps."""
    if not layer.weights.any():
        raise SpikeletError("has no weight but zero; train it again")
    attempt = _Attempt(quantisation.largest(bits), _gain(layer, bits), None)
    changes: dict[str, str] = {}
    while True:
        converted = _quantised(layer, attempt, direct=direct)
        if isinstance(converted, Interval):
            reach = converted
        else:
            bounds = layer_bounds(converted, direct=direct, steps=steps)
            reach = bounds.reach
            if reach.fits:
                sentences = tuple(changes.values())
                return converted, LayerReport(
                    _scale(layer, attempt), attempt.levels, bounds, sentences
                )
        attempt = _smaller(attempt, reach, changes)


def _smaller(attempt: _Attempt, reach: Interval, changes: dict[str, str]) -> _Attempt:
    """Return the next attempt after one that reached too far.

    changes    a sentence for each thing that differs from the first attempt, kept up to date
    Raises SpikeletError when there is nothing left to try.
    """
    if reach.low < INT16_MIN:
        if attempt.floor is None:
            changes["floor"] = (
                f"it could reach {reach.low}, beyond {INT16_MIN}: "
                f"a floor at {FLOOR} was set, which costs an operation for each step"
            )
            return attempt._replace(floor=FLOOR)
        del changes["floor"]  # a single step falls too far already
        attempt = attempt._replace(floor=None)
    found = f"it could reach {reach.worst}, beyond {reach.limit}"
    if attempt.gain:
        smaller = attempt._replace(gain=attempt.gain - 1)
        changes["gain"] = (
            f"{_reason(changes.get('gain'), found)}: "
            f"gain {smaller.gain} was taken, so small membranes lose resolution"
        )
        return smaller
    # bounds grow with the scale; a little less than in proportion leaves room for rounding
    levels = int(attempt.levels * min(abs(reach.limit / reach.worst), 0.99))
    if levels < LEAST_LEVELS:
        raise SpikeletError(
            f"can reach {reach.worst}, {'above' if reach.worst > 0 else 'below'} {reach.limit}, "
            f"with weights of only {attempt.levels} levels; train with fewer steps, a stronger "
            "leak or smaller biases"
        )
    changes["weights"] = (
        f"{_reason(changes.get('weights'), found)}: weights were scaled down to +-{levels}"
    )
    return attempt._replace(levels=levels)


def _reason(earlier: str | None, found: str) -> str:
    """Return why a change was first made, if it was made before."""
    return earlier.partition(":")[0] if earlier else found


def _scale(layer: FloatLayer, attempt: _Attempt) -> float:
    """Return membrane units per unit of the float network."""
    return float(attempt.levels / np.abs(layer.weights).max() * 2**attempt.gain)


def _quantised(layer: FloatLayer, attempt: _Attempt, *, direct: bool) -> Layer | Interval:
    """Return the layer in integers, or what its parameters reach where that is beyond int16.

    Two floors are made good in the bias: a leak rounded down leaves half a unit too much in each
    step, and a direct drive shifted right by 8 is half a unit too small.
    """
    scale = _scale(layer, attempt)
    d, r = leak_integers(layer.beta)
    correction = (2**attempt.gain / 2 if direct else 0.0) - np.where(d > 0, 0.5, 0.0)
    values = {
        "bias": layer.bias * scale + correction,
        "v_reset": layer.v_reset * scale,
        "v_start": layer.v_start * scale,
    }
    if layer.theta is not None:
        values["theta"] = values["rho"] = layer.theta * scale
    rounded = {name: np.rint(value).astype(np.int64) for name, value in values.items()}
    everything = np.concatenate(list(rounded.values()))
    reach = Interval(int(everything.min()), int(everything.max()))
    if not reach.fits:
        return reach
    return Layer(
        weights=np.rint(layer.weights * (scale / 2**attempt.gain)).astype(np.int8),
        gain=attempt.gain,
        d=d,
        r=r,
        low=attempt.floor,
        reset=layer.reset,
        **rounded,
    )


def leak_integers(beta: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """Return d int64[neurons] and r whose leaks 1 - d / 2**r come nearest to beta float64[neurons].

    The smallest such r wins, so that a leak by a power of two is found as one. Raises SpikeletError
    for a beta below 1/256, which forgets more than d can express.
    """
    fastest = float(beta.min())
    if fastest < 1 / 512:
        raise SpikeletError(
            f"has beta {fastest:g}; the fastest leak in integers keeps 1/256 a step"
        )
    candidates = []
    for r in range(8, 16):
        d = np.clip(np.rint((1 - beta) * 2**r), 0, 255)
        error = float(np.abs(1 - d / 2**r - beta).max())
        candidates.append((error, r, d.astype(np.int64)))
    error, r, d = min(candidates, key=lambda candidate: candidate[:2])
    return d, r


def _gain(layer: FloatLayer, bits: int) -> int:
    """Return the smallest gain at which the leak of a membrane near threshold is not too coarse.

    Weights of fewer bits get as many more, so that membranes are as fine as with 8.
    """
    missing = quantisation.BITS[1] - bits
    d, r = leak_integers(layer.beta)
    if layer.theta is None or not layer.theta.any() or not d.any():
        return missing
    slowest = d[d > 0].min() / 2**r
    levels = quantisation.largest(quantisation.BITS[1])
    lost = np.abs(layer.theta).max() * slowest * levels / np.abs(layer.weights).max()
    return int(np.clip(np.ceil(np.log2(LEAST_LEAK / lost)) + missing, missing, MAX_GAIN))
