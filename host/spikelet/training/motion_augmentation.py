"""Motion augmentation: recordings of acceleration, warped in time, scaled and turned a little.

The same movement is never made twice at the same pace, with the same vigour, or with the sensor worn
at the same angle. What the variants differ in is drawn anew for each.
Source: Um et al., Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using
Convolutional Neural Networks, ICMI (2017), sec. 3.
"""

import math
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import SpikeletError

AXES = 3

Samples = TypeVar("Samples", bound=NDArray[Any])


class Strength(NamedTuple):
    """The most by which a recording is changed; each change is drawn evenly from -most..most.

    pace      share of the speed, below 1: 0.2 gives 0.8 to 1.2 of it, before the ends are fitted
    scale     share of the size of each channel about its middle: 0.1 gives 0.9 to 1.1 of it
    rotation  degrees about an axis of any direction, equally likely; of channels in threes
    bends     places, evenly spread, at which the speed is drawn; between them it changes smoothly
    """

    pace: float = 0.2
    scale: float = 0.1
    rotation: float = 15.0
    bends: int = 5


def augment(
    x: Samples,
    random: np.random.Generator,
    strength: Strength | None = None,
    middle: float = 0.0,
) -> Samples:
    """Return a variant of each recording x [n, samples, channels], of the same shape and type.

    x       raw readings or their x; integers are rounded, and cut at the ends of their type
    middle  the reading without acceleration, about which readings are turned and scaled; 0 of raw
            readings, 128 of an x that is scaled evenly about it
    Equal states of `random` give equal variants. First and last sample keep their places in time.
    Raises SpikeletError if x has another shape, fewer than two samples, or channels that are no
    threes though the strength turns them.
    """
    strength = strength or Strength()
    _check(x, strength)
    precise = np.result_type(x.dtype, np.float32)
    changed = x.astype(precise) - precise.type(middle)
    if strength.rotation:
        changed = turn(changed, _rotations(len(x), random, strength.rotation))
    changed *= 1 + _draw(random, strength.scale, (len(x), 1, x.shape[2])).astype(precise)
    changed = resample(changed, _warped(len(x), x.shape[1], random, strength))
    return _as_type(changed + precise.type(middle), x.dtype)


def turn(x: FloatArray, rotations: NDArray[np.float64]) -> FloatArray:
    """Return x float[n, samples, channels] with each three channels turned by float64[n, 3, 3]."""
    axes = x.reshape(len(x), -1, AXES)
    return (axes @ rotations.swapaxes(1, 2).astype(x.dtype)).reshape(x.shape)


def rotation_matrices(
    axes: NDArray[np.float64], angles: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the rotations float64[n, 3, 3] about unit axes float64[n, 3] by angles float64[n], rad.

    Source: Rodrigues' formula, R = 1 + sin(a) K + (1 - cos(a)) K K, with K v = axis x v.
    """
    cross = np.cross(axes[:, None, :], np.eye(AXES)).swapaxes(1, 2)
    sine, cosine = np.sin(angles)[:, None, None], np.cos(angles)[:, None, None]
    return np.eye(AXES) + sine * cross + (1 - cosine) * (cross @ cross)


def resample(x: FloatArray, times: NDArray[np.float64]) -> FloatArray:
    """Return x float[n, samples, channels] at times float64[n, m], counted in samples from the first.

    Interpolated linearly; times lie in 0..samples - 1.
    """
    before = np.minimum(times.astype(np.int64), x.shape[1] - 2)
    share = (times - before)[..., None].astype(x.dtype)
    rows = np.arange(len(x))[:, None]
    first = x[rows, before]
    return first + (x[rows, before + 1] - first) * share


def _draw(random: np.random.Generator, most: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return most * random.uniform(-1, 1, shape)


def _rotations(n: int, random: np.random.Generator, degrees: float) -> NDArray[np.float64]:
    """Return float64[n, 3, 3], rotations about any axis by up to so many degrees."""
    # Normal coordinates favour no direction, once their length is taken out.
    axes = random.standard_normal((n, AXES))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    return rotation_matrices(axes, _draw(random, math.radians(degrees), (n,)))


def _warped(
    n: int, samples: int, random: np.random.Generator, strength: Strength
) -> NDArray[np.float64]:
    """Return float64[n, samples], the times at which variants are sampled; ends are fitted."""
    speeds = 1 + _draw(random, strength.pace, (n, strength.bends))
    places = np.linspace(0, strength.bends - 1, samples - 1)
    bend = np.minimum(places.astype(np.int64), strength.bends - 2)
    # A half wave of a cosine: between bends the speed has no corners.
    share = (1 - np.cos(np.pi * (places - bend))) / 2
    speed = speeds[:, bend] * (1 - share) + speeds[:, bend + 1] * share
    times = np.concatenate([np.zeros((n, 1)), np.cumsum(speed, axis=1)], axis=1)
    return times * ((samples - 1) / times[:, -1:])


def _as_type(values: FloatArray, dtype: np.dtype[Any]) -> Any:
    """Return values in a type: rounded and cut if it is one of integers."""
    if dtype.kind == "f":
        return values.astype(dtype)
    extent = np.iinfo(dtype)
    return np.clip(np.rint(values), extent.min, extent.max).astype(dtype)


def _check(x: NDArray[Any], strength: Strength) -> None:
    if x.ndim != 3 or x.shape[1] < 2:
        raise SpikeletError(
            f"recordings have shape {x.shape}; it must be [n, samples, channels], with 2 samples at "
            "least"
        )
    if strength.rotation and x.shape[2] % AXES:
        raise SpikeletError(
            f"recordings have {x.shape[2]} channels, which are no threes of axes; "
            "set rotation to 0, or give x, y and z of each sensor"
        )
    if not 0 <= strength.pace < 1 or strength.bends < 2:
        raise SpikeletError(
            f"pace is {strength.pace} at {strength.bends} bends; it must be at least 0 and below 1, "
            "at 2 bends at least"
        )
