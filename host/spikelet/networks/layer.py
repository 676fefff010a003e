"""A layer of the integer network: int8 weights and int16 parameters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelet.errors import SpikeletError
from spikelet.networks.float_network import RESETS
from spikelet.networks.geometry import Geometry
from spikelet.networks.int16 import INT16_MAX, INT16_MIN
from spikelet.networks.layer_shape import LayerShape


@dataclass(eq=False)
class Layer(LayerShape):
    """A layer of integer leaky integrate-and-fire neurons.

    Dense where it has no geometry: fan-in is inputs, and every neuron is a map of its own. In a
    convolution a map's neurons share weights and parameters, and lie as convolution.py says.

    weights    int8[fan-in, maps]
    gain       int, 0..7: the weighted sum is shifted left by it
    bias       int16[maps], added to the drive
    d, r       int16[maps] 0..255 and int 8..15: in each step V loses (V * d) >> r
    low        int16[maps], V is never below it; None: no floor
    theta      int16[maps], a neuron fires at V >= theta; None: it never fires
    rho        int16[maps], what V loses on firing where reset is "subtract"
    v_reset    int16[maps], what V becomes on firing where reset is "set"
    v_start    int16[maps], V before the first step
    recurrent  int8[neurons, neurons], of the layer's own spikes of the step before; None
    current_d, current_r  the leak of a synaptic current, like d and r; None: there is none
    geometry   of a convolution
    pairs      bool, whether a dense layer's weights are stored in 16 bits each, which is faster on some
               boards and takes twice the room
    lanes      bool, whether it is proved that membranes less theta or low stay in int16, too
    Parameters may be given as one number for all maps. Raises SpikeletError naming the field whose
    shape or value is not possible.
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
                raise SpikeletError(
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
                raise SpikeletError(f"{name} is {value}; it must be in {low}..{high}")
        if self.reset not in RESETS:
            raise SpikeletError(f"reset is {self.reset!r}; it must be one of {', '.join(RESETS)}")

    @property
    def weight_bits(self) -> int:
        """The bits that the weights need, 4 at least."""
        everything = self.rows
        furthest = max(int(everything.max()), -1 - int(everything.min()))
        return max(4, furthest.bit_length() + 1)

    @property
    def rows(self) -> NDArray[np.int8]:
        """The weights of the inputs and, behind them, those of the layer's own spikes."""
        if self.recurrent is None:
            return self.weights
        return np.concatenate([self.weights, self.recurrent])

    def each(self, values: NDArray[np.int16]) -> NDArray[np.int64]:
        """Return a parameter [maps] as int64[neurons]."""
        return np.tile(values.astype(np.int64), self.neurons // self.maps)


def _check_int8(name: str, weights: NDArray[np.int8]) -> None:
    if weights.dtype != np.int8:
        raise SpikeletError(f"{name} are {weights.dtype}{list(weights.shape)}; they must be int8")


def _int16(name: str, value: ArrayLike, maps: int) -> NDArray[np.int16]:
    """Return `value` as int16[maps], if it is one number or one for each, all in int16."""
    array = np.asarray(value)
    if array.shape not in ((), (1,), (maps,)) or array.dtype.kind not in "iu":
        raise SpikeletError(
            f"{name} is {array.dtype}{list(array.shape)}; it must be one int16 or [{maps}]"
        )
    if array.min() < INT16_MIN or array.max() > INT16_MAX:
        raise SpikeletError(
            f"{name} lies in {array.min()}..{array.max()}; it must fit {INT16_MIN}..{INT16_MAX}"
        )
    return np.broadcast_to(array.astype(np.int16), (maps,)).copy()
