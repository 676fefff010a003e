"""A layer of the integer network: int8 weights and int16 parameters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelet.errors import RefusedInput
from spikelet.networks.float_network import RESETS
from spikelet.networks.geometry import Geometry
from spikelet.networks.int16 import INT16_MAX, INT16_MIN
from spikelet.networks.layer_shape import LayerShape


@dataclass(eq=False)
class Layer(LayerShape):
    """A layer of integer leaky integrate-and-fire neurons.

    Without a geometry the layer is dense: fan-in is inputs, and every neuron is a map of its own. In a
    convolution the neurons of a map share weights and parameters. geometry.py defines their order. A
    parameter may be one number for all maps.

    Attributes
    ----------
    weights : int8[fan-in, maps]
    theta : int16[maps] or None
        Threshold: a neuron fires at V >= theta. None: it never fires.
    gain : int
        0..7: left shift of the weighted sum.
    bias : int16[maps]
        Added to the drive.
    d : int16[maps]
        0..255: in each step V loses (V * d) >> r.
    r : int
        8..15.
    low : int16[maps] or None
        Floor: V is never below it. None for no floor.
    rho : int16[maps]
        The amount that V loses on firing if reset is "subtract".
    v_reset : int16[maps]
        The value of V after firing if reset is "set".
    reset : str
        "subtract" or "set".
    v_start : int16[maps]
        V before the first step.
    recurrent : int8[neurons, neurons] or None
        Weights of the spikes of the layer itself in the step before.
    current_d : int16[maps] or None
        Leak of a synaptic current, like d. None for no current.
    current_r : int
        Like r.
    geometry : Geometry or None
        Shape of a convolution.
    pairs : bool
        Whether a dense layer stores its weights in 16 bits each, which is faster on some boards and
        takes twice the space.
    lanes : bool
        Whether the proof covers membranes minus theta and minus low: they stay in int16, too.

    Raises
    ------
    SpikeletError
        If a field has an impossible shape or value; it names the field.
    """

    weights: NDArray[np.int8]
    theta: Any = None
    gain: int = 0
    bias: Any = 0
    d: Any = 0
    r: int = 8
    low: Any = None
    rho: Any = 0
    v_reset: Any = 0
    reset: str = "subtract"
    v_start: Any = 0
    recurrent: NDArray[np.int8] | None = None
    current_d: Any = None
    current_r: int = 8
    geometry: Geometry | None = None
    pairs: bool = False
    lanes: bool = False

    def __post_init__(self) -> None:
        _check_int8("weights", self.weights)
        self.check_shape()
        if self.recurrent is not None:
            _check_int8("recurrent", self.recurrent)
            if self.recurrent.shape != (self.neurons, self.neurons):
                raise RefusedInput(
                    f"recurrent weights are {list(self.recurrent.shape)}; "
                    f"they must be [{self.neurons}, {self.neurons}]"
                )
        for name in ("bias", "d", "rho", "v_reset", "v_start", "low", "theta", "current_d"):
            value = getattr(self, name)
            if value is not None:
                setattr(self, name, _int16(name, value, self.maps))
        leaks = [("d", self.d), ("current_d", self.current_d)]
        for name, value, low, high in (
            ("gain", self.gain, 0, 7),
            ("r", self.r, 8, 15),
            ("current_r", self.current_r, 8, 15),
            *((name, d.min(), 0, 255) for name, d in leaks if d is not None),
            *((name, d.max(), 0, 255) for name, d in leaks if d is not None),
        ):
            if not low <= value <= high:
                raise RefusedInput(f"{name} is {value}; it must be in {low}..{high}")
        if self.reset not in RESETS:
            raise RefusedInput(f"reset is {self.reset!r}; it must be one of {', '.join(RESETS)}")

    @property
    def weight_bits(self) -> int:
        """Number of bits that the weights need, at least 4."""
        everything = self.rows
        furthest = max(int(everything.max()), -1 - int(everything.min()))
        return max(4, furthest.bit_length() + 1)

    @property
    def rows(self) -> NDArray[np.int8]:
        """The weights of the inputs, followed by the recurrent weights."""
        if self.recurrent is None:
            return self.weights
        return np.concatenate([self.weights, self.recurrent])

    def each(self, values: NDArray[np.int16]) -> NDArray[np.int64]:
        """Return a parameter [maps] as int64[neurons]."""
        return np.tile(values.astype(np.int64), self.neurons // self.maps)


def _check_int8(name: str, weights: NDArray[np.int8]) -> None:
    if weights.dtype != np.int8:
        raise RefusedInput(f"{name} are {weights.dtype}{list(weights.shape)}; they must be int8")


def _int16(name: str, value: ArrayLike, maps: int) -> NDArray[np.int16]:
    """Return one number, or one per map, as int16[maps], or raise SpikeletError."""
    array = np.asarray(value)
    if array.shape not in ((), (1,), (maps,)) or array.dtype.kind not in "iu":
        raise RefusedInput(
            f"{name} is {array.dtype}{list(array.shape)}; it must be one int16 or [{maps}]"
        )
    if array.min() < INT16_MIN or array.max() > INT16_MAX:
        raise RefusedInput(
            f"{name} lies in {array.min()}..{array.max()}; it must fit {INT16_MIN}..{INT16_MAX}"
        )
    return np.broadcast_to(array.astype(np.int16), (maps,)).copy()
