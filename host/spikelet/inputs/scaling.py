"""Scaling: a sensor's raw readings to the x, 0..255, that encoders take, in integers alone.

    x = min(255, max(0, ((raw - offset) * scale) >> shift))

The shift rounds down, also below zero. Board and host compute the same x from the same reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError

TOP = 255  # the largest x
MAX_SHIFT = 31
SHIFT = 16  # of a fitted scaling: ranges of up to 65536 readings are met to half a percent
_INT32 = np.iinfo(np.int32)


class Percentiles(NamedTuple):
    """The range of readings that becomes 0..255; what lies outside it, shocks above all, is cut."""

    low: float = 0.5
    high: float = 99.5


@dataclass(frozen=True, eq=False)
class Scaling:
    """How raw readings become x; a channel each, or one for all channels.

    offset  int32[1 or channels], the reading that becomes 0
    scale   int32[1 or channels], x per 2**shift readings; negative where x is to fall as they rise
    shift   0..31
    Every int32 reading is safe: no product exceeds int64. On a 32-bit board a product beyond 30 bits
    costs heap, which none does while 65535 * scale is below 2**30 and readings are int16.
    Raises SpikeletError naming the field with a wrong shape or value.
    """

    offset: NDArray[np.int32]
    scale: NDArray[np.int32]
    shift: int

    def __post_init__(self) -> None:
        for field in ("offset", "scale"):
            object.__setattr__(self, field, _numbers(field, getattr(self, field)))
        if len(self.offset) != len(self.scale):
            raise SpikeletError(
                f"scaling has {len(self.offset)} offsets for {len(self.scale)} scales; "
                "give one of each for each channel, or one of each for all"
            )
        if not 0 <= self.shift <= MAX_SHIFT:
            raise SpikeletError(f"shift is {self.shift}; it must be 0..{MAX_SHIFT}")

    def apply(self, raw: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        """Return x, uint8[..., channels], of raw readings, integers[..., channels].

        Raises SpikeletError if they are not integers within int32, or their channels do not fit.
        """
        self._check_channels(raw)
        _check_readings(raw)
        product = (raw.astype(np.int64) - self.offset) * self.scale.astype(np.int64)
        return np.clip(product >> self.shift, 0, TOP).astype(np.uint8)

    def undo(self, x: NDArray[np.integer[Any]]) -> NDArray[np.int16]:
        """Return readings int16[..., channels] near those that become x, integers[..., channels].

        They may be off by a reading, and end where int16 does.
        """
        scale = self.scale.astype(np.int64)
        per_step = np.where(scale == 0, 1, scale)
        raw = (x.astype(np.int64) << self.shift) // per_step + self.offset
        return np.clip(raw, -0x8000, 0x7FFF).astype(np.int16)

    def _check_channels(self, raw: NDArray[Any]) -> None:
        channels = raw.shape[-1] if raw.ndim else 0
        if len(self.scale) not in (1, channels):
            raise SpikeletError(
                f"readings have {channels} channels, but the scaling has {len(self.scale)}; "
                "scale readings of the sensor that it was fitted to"
            )


def fit_scaling(
    recordings: Sequence[NDArray[np.integer[Any]]],
    percentiles: Percentiles | None = None,
    shift: int = SHIFT,
    shared: bool = False,
) -> Scaling:
    """Return the scaling at which the percentiles of the readings become 0 and 255.

    recordings   integers[samples, channels] each, with the same channels
    percentiles  0..100, of all readings of a channel; None: the defaults of Percentiles
    shared       one range for all channels, as axes need it that are turned into each other
    The scale is the least that takes the upper one to 255.
    Raises SpikeletError if readings hardly change or need another shift.
    """
    low, high = percentiles or Percentiles()
    if not 0 <= low < high <= 100:
        raise SpikeletError(f"percentiles are {low} and {high}; they must rise within 0..100")
    if not recordings:
        raise SpikeletError("there are no recordings to fit a scaling to")
    readings = np.concatenate(recordings)
    _check_readings(readings)
    columns = readings.reshape(-1, 1) if shared else readings
    first = _percentile(columns, low)
    span = _percentile(columns, high) - first
    return Scaling(first.astype(np.int32), _scale(span, shift), shift)


def _percentile(columns: NDArray[np.integer[Any]], percentile: float) -> NDArray[np.int64]:
    """Return int64[columns], a reading of each: the nearest one, so that no rounding enters."""
    return np.percentile(columns, percentile, axis=0, method="nearest").astype(np.int64)


def _scale(span: NDArray[np.int64], shift: int) -> NDArray[np.int32]:
    """Return the least scale at which each span of readings, (span * scale) >> shift, gives 255."""
    if not 0 <= shift <= MAX_SHIFT:
        raise SpikeletError(f"shift is {shift}; it must be 0..{MAX_SHIFT}")
    if span.min() < 1:
        channel = int(span.argmin())
        raise SpikeletError(
            f"readings of channel {channel} do not change between the percentiles; "
            "widen them, or leave the channel out"
        )
    scale = -(-(TOP << shift) // span)
    if scale.max() > _INT32.max:
        raise SpikeletError(
            f"a range of {span.min()} readings needs scale {scale.max()} at shift {shift}, "
            f"above {_INT32.max}; lower shift"
        )
    return scale.astype(np.int32)


def _numbers(field: str, values: Any) -> NDArray[np.int32]:
    """Return the field as int32[channels], if that is what it holds."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or array.ndim != 1 or not array.size:
        raise SpikeletError(
            f"{field} is {array.dtype} of shape {array.shape}; "
            "it must be integers, one for each channel or one for all"
        )
    _check_readings(array, field)
    return array.astype(np.int32)


def _check_readings(raw: NDArray[Any], what: str = "raw") -> None:
    """Refuse what is no integer, or lies outside int32."""
    if raw.dtype.kind not in "iu":
        raise SpikeletError(f"{what} is {raw.dtype}; it must be integers, as the sensor gives them")
    if np.can_cast(raw.dtype, np.int32) or not raw.size:
        return
    if raw.min() < _INT32.min or raw.max() > _INT32.max:
        raise SpikeletError(
            f"{what} lies in {raw.min()}..{raw.max()}; it must lie in {_INT32.min}..{_INT32.max}"
        )
