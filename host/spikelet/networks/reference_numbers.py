"""Prepare the weights and parameters of a layer for the reference simulator.

numpy has no fast product of integers, but BLAS for floats. Floats are exact here: a sum of whole
numbers is exact in any order if all partial sums stay below 2**24 in float32 or 2**53 in float64.
States are integers, with the fewest bits that hold all values a layer can reach, because these are
the fastest.
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
"""Largest size of a matrix that replaces a convolution: a larger one takes longer than patches."""

UNFOLDED_SIZE = 2**24
"""Most values from which the matrix of a convolution is made."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """The operands of a layer's equations; gain, reset and current_r as in Layer.

    Parameters are kind[1, neurons], or kind[] if all neurons have the same value.

    Attributes
    ----------
    neurons : int
        Number of neurons.
    weights : float32[fan-in, maps] or float64[fan-in, maps]
        Without a geometry [inputs, neurons].
    geometry : Geometry or None
        Shape of a convolution; None if weights are its matrix [inputs, neurons].
    recurrent : float32[neurons, neurons] or float64[neurons, neurons] or None
    exact : type
        Integers that hold every sum of weights.
    kind : type
        Integers that hold every state.
    proved : bool
        Whether all states stay within int16. This proof is independent of the conversion's, and
        coarser.
    d, r : integers or None
        V loses (V * d) >> r. Without d it loses V >> r; without r it loses 0.
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


def layer_numbers(layer: Layer, direct: bool, steps: int | None) -> Numbers:
    """Return the numbers of a layer, from a cache if the layer and its use are unchanged.

    Parameters
    ----------
    layer : Layer
    direct : bool
        Whether its inputs are x itself, 0..255, and not spikes.
    steps : int or None
        Number of steps after which its state starts anew; None if its state lasts.
    """
    content = _content(layer)
    content += layer.weights.shape, direct, steps
    cached = _prepared.get(layer)
    if cached is None or cached[0] != content:
        _prepared[layer] = cached = content, _numbers(layer, direct, steps)
    return cached[1]


def _content(layer: Layer) -> list[Any]:
    """Return the values of a layer's fields; arrays as bytes, because they may change in place."""
    fields = vars(layer).values()
    return [value.tobytes() if type(value) is np.ndarray else value for value in fields]


def _small(geometry: Geometry, neurons: int) -> bool:
    """Return whether a convolution is worth a matrix: it is small, and so is the making of it."""
    unfolded = geometry.inputs * geometry.padded_inputs
    return geometry.inputs * neurons <= MATRIX_SIZE and unfolded <= UNFOLDED_SIZE


def _numbers(layer: Layer, direct: bool, steps: int | None) -> Numbers:
    weights, geometry = layer.weights.astype(np.float64), layer.geometry
    if geometry and _small(geometry, layer.neurons):
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
        """Return a parameter [maps] as kind[1, neurons], or as kind[] if all values are the same."""
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
    """Return d and r for Numbers: a d of 2**k for all neurons is a shift by r - k."""
    d = int(layer.d[0])
    if not layer.d.any():
        return None, None
    if (layer.d == d).all() and d.bit_count() == 1:
        return None, layer.r - d.bit_length() + 1
    return layer.d, layer.r


def _reach(layer: Layer, drive: int, steps: int) -> int:
    """Return a bound of |V| and |current| for this bound of |drive|; leaks only lower them."""
    if layer.current_d is not None:
        drive *= steps
    start = max(_largest(layer.v_start), _largest(layer.v_reset), _largest(layer.low))
    return start + steps * (drive + _largest(layer.rho))


def _largest(values: NDArray[Any] | None) -> int:
    return 0 if values is None else int(np.abs(values.astype(np.int64)).max())


def _largest_sum(weights: NDArray[Any] | None) -> int:
    """Return the largest |sum| of any subset of a neuron's weights [fan-in, neurons]."""
    return 0 if weights is None else int(np.abs(weights.astype(np.float64)).sum(axis=0).max())


def _integers(largest: int) -> type[np.signedinteger]:
    return np.int32 if largest < 2**31 else np.int64
