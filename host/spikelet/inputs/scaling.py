"""Scale raw readings of a sensor to encoder inputs 0..255, in integers only.

    x = min(255, max(0, ((raw - offset) * scale) >> shift))

The shift rounds down, also below zero. Board and host compute the same x from the same reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput, UsageError

# The largest x.
TOP = 255
MAX_SHIFT = 31
# Shift of a fitted scaling: ranges of up to 65536 readings are met to half a percent.
SHIFT = 16
_INT32 = np.iinfo(np.int32)


class Percentiles(NamedTuple):
    """The range of readings that becomes 0..255; readings outside it, mainly shocks, are clipped."""

    low: float = 0.5
    high: float = 99.5


@dataclass(frozen=True, eq=False)
class Scaling:
    """A linear map from raw readings to x, one per channel or one for all channels.

    Every int32 reading is safe: no product exceeds int64. On a 32-bit board a product beyond 30 bits
    costs heap. Products stay below that if readings are int16 and 65535 * scale is below 2**30.

    Attributes
    ----------
    offset : int32[1] or int32[channels]
        The reading that becomes 0.
    scale : int32[1] or int32[channels]
        x per 2**shift readings; negative if x falls as readings rise.
    shift : int
        0..31.

    Raises
    ------
    SpikeletError
        If a field has a wrong shape or value; it names the field.
    """

    offset: NDArray[np.int32]
    scale: NDArray[np.int32]
    shift: int

    def __post_init__(self) -> None:
        for field in ("offset", "scale"):
            object.__setattr__(self, field, _numbers(field, getattr(self, field)))
        if len(self.offset) != len(self.scale):
            raise RefusedInput(
                f"scaling has {len(self.offset)} offsets for {len(self.scale)} scales; "
                "give one of each for each channel, or one of each for all"
            )
        if not 0 <= self.shift <= MAX_SHIFT:
            raise RefusedInput(f"shift is {self.shift}; it must be 0..{MAX_SHIFT}")

    def apply(self, raw: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        """Return encoder inputs from raw readings.

        Parameters
        ----------
        raw : integers[..., channels]

        Returns
        -------
        uint8[..., channels]

        Raises
        ------
        SpikeletError
            If the readings are not integers within int32, or their channels do not fit.
        """
        self._check_channels(raw)
        _check_readings(raw)
        product = (raw.astype(np.int64) - self.offset) * self.scale.astype(np.int64)
        return np.clip(product >> self.shift, 0, TOP).astype(np.uint8)

    def undo(self, x: NDArray[np.integer[Any]]) -> NDArray[np.int16]:
        """Return readings from which `apply` makes about x.

        They may be off by one reading, and are clipped to int16.

        Parameters
        ----------
        x : integers[..., channels]

        Returns
        -------
        int16[..., channels]
        """
        scale = self.scale.astype(np.int64)
        per_step = np.where(scale == 0, 1, scale)
        raw = (x.astype(np.int64) << self.shift) // per_step + self.offset
        return np.clip(raw, -0x8000, 0x7FFF).astype(np.int16)

    def _check_channels(self, raw: NDArray[Any]) -> None:
        channels = raw.shape[-1] if raw.ndim else 0
        if len(self.scale) not in (1, channels):
            raise RefusedInput(
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

    The scale is the least that takes the upper percentile to 255.

    Parameters
    ----------
    recordings : sequence of integers[samples, channels]
        Recordings with the same channels.
    percentiles : Percentiles, optional
        0..100, of all readings of a channel; without it the defaults of Percentiles.
    shift : int
        Shift of the scaling.
    shared : bool
        Whether all channels have one range. Axes that rotate into each other need that.

    Raises
    ------
    SpikeletError
        If readings hardly change or need another shift.
    """
    low, high = percentiles or Percentiles()
    if not 0 <= low < high <= 100:
        raise UsageError(f"percentiles are {low} and {high}; they must rise within 0..100")
    if not recordings:
        raise RefusedInput("there are no recordings to fit a scaling to")
    readings = np.concatenate(recordings)
    _check_readings(readings)
    columns = readings.reshape(-1, 1) if shared else readings
    first = _percentile(columns, low)
    span = _percentile(columns, high) - first
    return Scaling(first.astype(np.int32), _scale(span, shift), shift)


def _percentile(columns: NDArray[np.integer[Any]], percentile: float) -> NDArray[np.int64]:
    """Return int64[columns], the reading nearest to the percentile, so that no rounding enters."""
    return np.percentile(columns, percentile, axis=0, method="nearest").astype(np.int64)


def _scale(span: NDArray[np.int64], shift: int) -> NDArray[np.int32]:
    """Return the least scale at which each span of readings, (span * scale) >> shift, gives 255."""
    if not 0 <= shift <= MAX_SHIFT:
        raise UsageError(f"shift is {shift}; it must be 0..{MAX_SHIFT}")
    if span.min() < 1:
        channel = int(span.argmin())
        raise RefusedInput(
            f"readings of channel {channel} do not change between the percentiles; "
            "widen them, or leave the channel out"
        )
    scale = -(-(TOP << shift) // span)
    if scale.max() > _INT32.max:
        raise RefusedInput(
            f"a range of {span.min()} readings needs scale {scale.max()} at shift {shift}, "
            f"above {_INT32.max}; lower shift"
        )
    return scale.astype(np.int32)


def _numbers(field: str, values: Any) -> NDArray[np.int32]:
    """Return the field as int32[channels], or raise SpikeletError."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or array.ndim != 1 or not array.size:
        raise RefusedInput(
            f"{field} is {array.dtype} of shape {array.shape}; "
            "it must be integers, one for each channel or one for all"
        )
    _check_readings(array, field)
    return array.astype(np.int32)


def _check_readings(raw: NDArray[Any], what: str = "raw") -> None:
    """Refuse readings that are no integers, or outside int32."""
    if raw.dtype.kind not in "iu":
        raise RefusedInput(f"{what} is {raw.dtype}; it must be integers, as the sensor gives them")
    if np.can_cast(raw.dtype, np.int32) or not raw.size:
        return
    if raw.min() < _INT32.min or raw.max() > _INT32.max:
        raise RefusedInput(
            f"{what} lies in {raw.min()}..{raw.max()}; it must lie in {_INT32.min}..{_INT32.max}"
        )
