"""A layer's weights and parameters as the reference simulator computes with them.

numpy has no fast product of integers, but BLAS for floats, and those are exact here: a sum of whole
numbers is, in any order, as long as no part of it reaches 2**24 in float32 or 2**53 in float64.
States are integers, of as few bits as hold all that a layer can reach: the fewer, the faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import AnyIntArray, FloatArray
from spikelet.inputs.encoders import DIRECT_SCALE
from spikelet.networks.geometry import Geometry, weighted
from spikelet.networks.int16 import INT16_MAX

if TYPE_CHECKING:
    from spikelet.networks.layer import Layer


FLOAT32_EXACT = 2**24
MATRIX_SIZE = 2**16
"""Weights of a matrix that a convolution is written out as: more take longer than its patches do."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """What a layer's state is computed from; gain, reset and current_r as in Layer.

    neurons    of the layer
    weights    float32 or float64 [fan-in, maps]; without a geometry [inputs, neurons]
    geometry   of a convolution, unless it is written out as a matrix of its inputs and neurons
    recurrent  float32 or float64 [neurons, neurons]; None
    exact      integers that hold every sum of weights
    kind       integers that hold every state
    proved     whether no state can leave int16; coarser than the conversion's proof, and its own
    d, r       V loses (V * d) >> r; without d, V >> r, and without r nothing
    Parameters are kind[1, neurons], or kind[] where all neurons have the same.
    """

    neurons: int
    weights: FloatArray
    geometry: Geometry | None
    recurrent: FloatArray | None
    exact: type[np.signedinteger]
    kind: type[np.signedinteger]
    proved: bool
    gain: int
    bias: AnyIntArray
    d: AnyIntArray | None
    r: AnyIntArray | None
    low: AnyIntArray | None
    theta: AnyIntArray | None
    rho: AnyIntArray
    v_reset: AnyIntArray
    v_start: AnyIntArray
    reset: str
    current_d: AnyIntArray | None
    current_r: AnyIntArray


_prepared: WeakKeyDictionary[Layer, tuple[list[Any], Numbers]] = WeakKeyDictionary()


def numbers(layer: Layer, direct: bool, steps: int | None) -> Numbers:
    """Return a layer's numbers, which are kept as long as the layer and its use stay the same.

    direct  whether its inputs are x itself, 0..255, and not spikes
    steps   after which its state starts anew; None: it never does
    """
    content = _content(layer)
    content += layer.weights.shape, direct, steps
    kept = _prepared.get(layer)
    if kept is None or kept[0] != content:
        _prepared[layer] = kept = content, _numbers(layer, direct, steps)
    return kept[1]


def _content(layer: Layer) -> list[Any]:
    """Return what a layer's fields hold: of arrays their bytes, since they may be changed in place."""
    fields = vars(layer).values()
    return [value.tobytes() if type(value) is np.ndarray else value for value in fields]


def _numbers(layer: Layer, direct: bool, steps: int | None) -> Numbers:
    weights, geometry = layer.weights.astype(np.float64), layer.geometry
    if geometry and geometry.inputs * layer.neurons <= MATRIX_SIZE:
        weights, geometry = weighted(np.eye(geometry.inputs), weights, geometry), None
    largest = (DIRECT_SCALE - 1 if direct else 1) * (geometry.most_inputs if geometry else 1)
    sums, own = largest * _largest_sum(weights), _largest_sum(layer.recurrent)
    drive = (sums // DIRECT_SCALE + 1 if direct else sums) + own
    drive = (drive << layer.gain) + _largest(layer.bias)
    proved = steps is not None and _reach(layer, drive, steps) <= INT16_MAX
    d, r = _leak(layer)
    narrow = proved and d is None and layer.current_d is None
    # Products with d have 8 bits more than a membrane.
    kind = np.int16 if narrow else _integers(max(2**24, drive + 2**16))
    real = np.float32 if max(sums, own) < FLOAT32_EXACT else np.float64

    def each(values: NDArray[np.int16] | None) -> Any:
        """Return kind[1, neurons] of [maps], or kind[] where all are the same."""
        if values is None:
            return None
        same = (values == values[0]).all()
        return np.array(values[0] if same else layer.each(values)[None], kind)

    return Numbers(
        neurons=layer.neurons,
        weights=weights.astype(real),
        geometry=geometry,
        recurrent=None if layer.recurrent is None else layer.recurrent.astype(real),
        exact=_integers(sums),
        kind=kind,
        proved=proved,
        gain=layer.gain,
        bias=each(layer.bias),
        d=each(d),
        r=None if r is None else np.array(r, kind),
        low=each(layer.low),
        theta=each(layer.theta),
        rho=each(layer.rho),
        v_reset=each(layer.v_reset),
        v_start=each(layer.v_start),
        reset=layer.reset,
        current_d=each(layer.current_d),
        current_r=np.array(layer.current_r, kind),
    )


def _leak(layer: Layer) -> tuple[NDArray[np.int16] | None, int | None]:
    """Return d and r as Numbers has them: a d of 2**k for all neurons is a shift by r - k."""
    d = int(layer.d[0])
    if not layer.d.any():
        return None, None
    if (layer.d == d).all() and d.bit_count() == 1:
        return None, layer.r - d.bit_length() + 1
    return layer.d, layer.r


def _reach(layer: Layer, drive: int, steps: int) -> int:
    """Return what no |V| and no |current| exceeds, if no |drive| does: no leak makes them larger."""
    if layer.current_d is not None:
        drive *= steps
    start = max(_largest(layer.v_start), _largest(layer.v_reset), _largest(layer.low))
    return start + steps * (drive + _largest(layer.rho))


def _largest(values: NDArray[Any] | None) -> int:
    return 0 if values is None else int(np.abs(values.astype(np.int64)).max())


def _largest_sum(weights: NDArray[Any] | None) -> int:
    """Return the largest |sum| of any of a neuron's weights [fan-in, neurons]."""
    return 0 if weights is None else int(np.abs(weights.astype(np.float64)).sum(axis=0).max())


def _integers(largest: int) -> type[np.signedinteger]:
    return np.int32 if largest < 2**31 else np.int64
