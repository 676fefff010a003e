"""Convert float networks to integers of at most 8 bits, with the proof of int16.

Each neuron has the largest scale that its bits allow: a common scale of its weights, bias and
threshold changes none of its spikes. Neurons whose membranes are compared for the answer share one
scale. If the proof fails, the layer gets one scale for all neurons, then a floor, then a smaller
scale, and the report lists the changes.

Source for the scale: Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference (2018), sec. 2. Source for one scale per neuron: Krishnamoorthi,
Quantizing Deep Convolutional Networks for Efficient Inference (2018), sec. 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.conversion import quantisation
from spikelet.errors import RefusedInput, SpikeletError
from spikelet.networks.float_network import FloatLayer, FloatNetwork
from spikelet.networks.int16 import INT16_MIN
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.proof import Interval, LayerBounds, layer_bounds

# 4 bits. Conversion refuses a layer that needs fewer levels, because it would lose its accuracy.
LEAST_LEVELS = 7
# The floor of a layer that needs one; it does not affect trained networks.
FLOOR = -8192
# Membrane units that a step at threshold should lose; with fewer the leak is too coarse.
LEAST_LEAK = 4
MAX_GAIN = 7
# Largest scale of a neuron, as a multiple of that of the layer. A larger one would give a nearly dead
# neuron an enormous threshold.
MOST_SCALE = 4


@dataclass(frozen=True, eq=False)
class LayerReport:
    """The result of the conversion of one layer.

    Attributes
    ----------
    scale : float64[maps]
        Membrane units per unit of the float network.
    levels : int
        The largest |weight|.
    bounds : LayerBounds
        The intervals of the proof.
    changes : tuple of str
        A sentence for each change that was needed to fit int16, with its cost.
    """

    scale: NDArray[np.float64]
    levels: int
    bounds: LayerBounds
    changes: tuple[str, ...]


class _Attempt(NamedTuple):
    """The choices that conversion has for a layer; `shared` is one scale for all neurons."""

    levels: int
    gain: int
    floor: int | None
    shared: bool


def convert_network(
    network: FloatNetwork, source_sha256: bytes = bytes(32), bits: int = 8
) -> tuple[Network, tuple[LayerReport, ...]]:
    """Return the integer network and a report for each layer.

    Parameters
    ----------
    network : FloatNetwork
    source_sha256 : bytes[32]
        Stored in the tables as the identity of the network.
    bits : int
        Bits of a weight, 3..8. Fewer than 8 cost accuracy, unless the network was trained for them.

    Raises
    ------
    SpikeletError
        If a layer cannot be made to fit int16, or leaks faster than integers can express. The error
        contains the numbers.
    """
    layers, reports = [], []
    for number, layer in enumerate(network.layers):
        direct = network.encoder == "direct" and number == 0
        try:
            steps = None if network.stream else network.steps
            compared = number == len(network.layers) - 1 and network.readout != "count"
            converted, report = _fit(layer, bits, direct=direct, steps=steps, shared=compared)
        except SpikeletError as error:
            raise type(error)(f"layer {number} {error}") from None
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
        stream=network.stream,
        scaling=network.scaling,
    )
    return integer, tuple(reports)


def _fit(
    layer: FloatLayer, bits: int, *, direct: bool, steps: int | None, shared: bool
) -> tuple[Layer, LayerReport]:
    """Return the layer at the largest scale that is proved to fit, with a floor if that helps.

    It must fit for `steps` steps, or always if `steps` is None. With `shared` all neurons have one
    scale.
    """
    if not layer.weights.any():
        raise RefusedInput("has no weight but zero; train it again")
    attempt = _Attempt(quantisation.largest(bits), _gain(layer, bits), None, shared)
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
                converted.lanes = bounds.lanes
                return converted, LayerReport(
                    _scale(layer, attempt), attempt.levels, bounds, sentences
                )
        attempt = _smaller(attempt, reach, changes)


def _smaller(attempt: _Attempt, reach: Interval, changes: dict[str, str]) -> _Attempt:
    """Return the next attempt after one that exceeded int16, or raise SpikeletError after the last.

    It updates `changes`, a sentence for each difference from the first attempt.
    """
    if not attempt.shared:
        return attempt._replace(shared=True)
    if reach.low < INT16_MIN:
        if attempt.floor is None:
            changes["floor"] = (
                f"it could reach {reach.low}, beyond {INT16_MIN}: "
                f"a floor at {FLOOR} was set, which costs an operation for each step"
            )
            return attempt._replace(floor=FLOOR)
        # A single step already falls below int16.
        del changes["floor"]
        attempt = attempt._replace(floor=None)
    reason = f"it could reach {reach.worst}, beyond {reach.limit}"
    if attempt.gain:
        smaller = attempt._replace(gain=attempt.gain - 1)
        changes["gain"] = (
            f"{_reason(changes.get('gain'), reason)}: "
            f"gain {smaller.gain} was taken, so small membranes lose resolution"
        )
        return smaller
    # Bounds grow in proportion to the scale. A margin of 1 % absorbs the rounding.
    levels = int(attempt.levels * min(abs(reach.limit / reach.worst), 0.99))
    if levels < LEAST_LEVELS:
        raise RefusedInput(
            f"can reach {reach.worst}, {'above' if reach.worst > 0 else 'below'} {reach.limit}, "
            f"with weights of only {attempt.levels} levels; train with fewer steps, a stronger "
            "leak or smaller biases"
        )
    changes["weights"] = (
        f"{_reason(changes.get('weights'), reason)}: weights were scaled down to +-{levels}"
    )
    return attempt._replace(levels=levels)


def _reason(earlier: str | None, reason: str) -> str:
    """Return the reason in the earlier sentence about a change, or else this one."""
    return earlier.partition(":")[0] if earlier else reason


def _scale(layer: FloatLayer, attempt: _Attempt) -> NDArray[np.float64]:
    """Return float64[maps], membrane units per unit of the float network."""
    largest = _largest_weights(layer)
    least = largest.max() / (1 if attempt.shared else MOST_SCALE)
    return attempt.levels / np.maximum(largest, least) * 2.0**attempt.gain


def _largest_weights(layer: FloatLayer) -> NDArray[np.float64]:
    """Return float64[maps], the largest |weight| of each neuron, recurrent weights included."""
    largest = np.abs(layer.weights).max(axis=0)
    if layer.recurrent is None:
        return largest
    return np.maximum(largest, np.abs(layer.recurrent).max(axis=0))


def _whole(weights: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return weights [fan-in, maps] as integers; their sum per neuron is within half a unit.

    Inputs are never negative, and many are active together. So rounding errors of the same sign add
    up and drive a neuron too much. The fewest possible weights, those nearest to a half, are rounded
    the other way.
    """
    nearest = np.rint(weights)
    error = weights - nearest
    missing = np.rint(error.sum(axis=0))
    rank = np.argsort(np.argsort(-np.sign(missing) * error, axis=0), axis=0)
    return (nearest + np.sign(missing) * (rank < np.abs(missing))).astype(np.int8)


def _quantised(layer: FloatLayer, attempt: _Attempt, *, direct: bool) -> Layer | Interval:
    """Return the layer in integers, or the interval of its parameters if that exceeds int16.

    The bias compensates for rounding down: the leak leaves half a unit too much in each step, and a
    direct drive shifted right by 8 is half a unit too small.
    """
    scale = _scale(layer, attempt)
    d, r = leak_integers(layer.beta)
    current_d, current_r = _current_leak(layer)
    correction = (2**attempt.gain / 2 if direct else 0.0) - _rounding(layer, d, current_d)
    values = {
        "bias": layer.bias * scale + correction,
        "v_reset": layer.v_reset * scale,
        "v_start": layer.v_start * scale,
    }
    if layer.theta is not None:
        values |= {"theta": layer.theta * scale, "rho": layer.subtracted * scale}
    rounded = {name: np.rint(value).astype(np.int64) for name, value in values.items()}
    everything = np.concatenate(list(rounded.values()))
    reach = Interval(int(everything.min()), int(everything.max()))
    if not reach.fits:
        return reach
    unit = scale / 2**attempt.gain
    own = layer.recurrent
    return Layer(
        weights=_whole(layer.weights * unit),
        recurrent=None if own is None else _whole(own * unit),
        current_d=current_d,
        current_r=current_r,
        geometry=layer.geometry,
        gain=attempt.gain,
        d=d,
        r=r,
        low=attempt.floor,
        reset=layer.reset,
        **rounded,
    )


def _current_leak(layer: FloatLayer) -> tuple[NDArray[np.int64] | None, int]:
    """Return current_d and current_r, None and 8 without a synaptic current."""
    return (None, 8) if layer.alpha is None else leak_integers(layer.alpha)


def _rounding(
    layer: FloatLayer, d: NDArray[np.int64], current_d: NDArray[np.int64] | None
) -> NDArray[np.float64]:
    """Return float64[maps], the excess of each step's drive because leaks are rounded down.

    A current that leaks keeps half a unit too much in each step. The excess of the membrane is
    corrected in the bias, which first accumulates in the current; so the current multiplies it.
    """
    of_membrane = np.where(d > 0, 0.5, 0.0)
    if layer.alpha is None or current_d is None:
        return of_membrane
    leak = np.where(current_d > 0, 1 - layer.alpha, 1.0)
    return of_membrane * leak + np.where(current_d > 0, 0.5, 0.0)


def leak_integers(beta: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """Return the d and r whose leaks 1 - d / 2**r come nearest to beta.

    The smallest such r wins, so that a leak by a power of two becomes a shift.

    Parameters
    ----------
    beta : float64[neurons]

    Returns
    -------
    d : int64[neurons]
    r : int

    Raises
    ------
    SpikeletError
        If a beta is below 1/512, because d cannot express a leak that keeps less than 1/256.
    """
    fastest = float(beta.min())
    if fastest < 1 / 512:
        raise RefusedInput(f"has beta {fastest:g}; the fastest leak in integers keeps 1/256 a step")
    candidates = []
    for r in range(8, 16):
        d = np.clip(np.rint((1 - beta) * 2**r), 0, 255)
        error = float(np.abs(1 - d / 2**r - beta).max())
        candidates.append((error, r, d.astype(np.int64)))
    error, r, d = min(candidates, key=lambda candidate: candidate[:2])
    return d, r


def _gain(layer: FloatLayer, bits: int) -> int:
    """Return the smallest gain at which the leak of a membrane near threshold is fine enough.

    Weights of fewer than 8 bits get 1 more for each missing bit, so that membranes are as fine as
    with 8.
    """
    missing = quantisation.BITS[1] - bits
    d, r = leak_integers(layer.beta)
    if layer.theta is None or not layer.theta.any() or not d.any():
        return missing
    slowest = d[d > 0].min() / 2**r
    levels = quantisation.largest(quantisation.BITS[1])
    lost = np.abs(layer.theta).max() * slowest * levels / _largest_weights(layer).max()
    return int(np.clip(np.ceil(np.log2(LEAST_LEAK / lost)) + missing, missing, MAX_GAIN))
