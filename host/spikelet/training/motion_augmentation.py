"""Augment recordings of acceleration: warp them in time, scale and rotate them a little.

People repeat a movement at another pace, with another vigour, and wear the sensor at another angle.
Each variant draws these changes anew.
Source: Um et al., Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using
Convolutional Neural Networks, ICMI (2017), sec. 3.
"""

import math
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import UsageError

AXES = 3

Samples = TypeVar("Samples", bound=NDArray[Any])


class MotionStrength(NamedTuple):
    """The limits of the changes of a recording; each change is drawn evenly from -limit..limit.

    Attributes
    ----------
    pace : float
        Share of the speed, below 1: 0.2 gives 0.8 to 1.2 of the speed, before the ends are fitted.
    scale : float
        Share of each channel's size about the middle: 0.1 gives 0.9 to 1.1 of the size.
    rotation : float
        Degrees about a random axis, with all directions equally likely. Needs channels in threes.
    bends : int
        Number of evenly spread places at which the speed is drawn. In between it changes smoothly.
    """

    pace: float = 0.2
    scale: float = 0.1
    rotation: float = 15.0
    bends: int = 5


def augment_recordings(
    x: Samples,
    random: np.random.Generator,
    strength: MotionStrength | None = None,
    middle: float = 0.0,
) -> Samples:
    """Return a variant of each recording, in the same shape and type.

    The first and the last sample keep their places in time.

    Parameters
    ----------
    x : array[n, samples, channels]
        Raw readings, or their x. Integers are rounded, and clipped to their type.
    random : numpy.random.Generator
        Equal states give equal variants.
    strength : MotionStrength, optional
    middle : float
        The reading without acceleration, about which readings are rotated and scaled. It is 0 for
        raw readings, and 128 for an x that is scaled evenly about 128.

    Raises
    ------
    SpikeletError
        If x has another shape or fewer than two samples, or if a rotation is requested and the
        channels are not in threes.
    """
    strength = strength or MotionStrength()
    _check(x, strength)
    precise = np.result_type(x.dtype, np.float32)
    changed = x.astype(precise) - precise.type(middle)
    if strength.rotation:
        changed = rotate(changed, _rotations(len(x), random, strength.rotation))
    changed *= 1 + _draw(random, strength.scale, (len(x), 1, x.shape[2])).astype(precise)
    changed = resample_recordings(changed, _warped(len(x), x.shape[1], random, strength))
    return _as_type(changed + precise.type(middle), x.dtype)


def rotate(x: FloatArray, rotations: NDArray[np.float64]) -> FloatArray:
    """Return x float[n, samples, channels] with each three channels rotated by float64[n, 3, 3]."""
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


def resample_recordings(x: FloatArray, times: NDArray[np.float64]) -> FloatArray:
    """Return recordings at times between their samples, interpolated linearly.

    Parameters
    ----------
    x : float[n, samples, channels]
    times : float64[n, m]
        Samples from the first, in 0..samples - 1.

    Returns
    -------
    float[n, m, channels]
    """
    before = np.minimum(times.astype(np.int64), x.shape[1] - 2)
    share = (times - before)[..., None].astype(x.dtype)
    rows = np.arange(len(x))[:, None]
    first = x[rows, before]
    return first + (x[rows, before + 1] - first) * share


def _draw(random: np.random.Generator, most: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return most * random.uniform(-1, 1, shape)


def _rotations(n: int, random: np.random.Generator, degrees: float) -> NDArray[np.float64]:
    """Return float64[n, 3, 3], rotations about random axes by up to `degrees`."""
    # The direction of a vector with normal coordinates is uniform on the sphere.
    axes = random.standard_normal((n, AXES))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    return rotation_matrices(axes, _draw(random, math.radians(degrees), (n,)))


def _warped(
    n: int, samples: int, random: np.random.Generator, strength: MotionStrength
) -> NDArray[np.float64]:
    """Return float64[n, samples], the times at which to sample the variants, with fitted ends."""
    speeds = 1 + _draw(random, strength.pace, (n, strength.bends))
    places = np.linspace(0, strength.bends - 1, samples - 1)
    bend = np.minimum(places.astype(np.int64), strength.bends - 2)
    # A half wave of a cosine keeps the speed smooth between bends.
    share = (1 - np.cos(np.pi * (places - bend))) / 2
    speed = speeds[:, bend] * (1 - share) + speeds[:, bend + 1] * share
    times = np.concatenate([np.zeros((n, 1)), np.cumsum(speed, axis=1)], axis=1)
    return times * ((samples - 1) / times[:, -1:])


def _as_type(values: FloatArray, dtype: np.dtype[Any]) -> Any:
    """Return values in a type; round and clip them if it is an integer type."""
    if dtype.kind == "f":
        return values.astype(dtype)
    extent = np.iinfo(dtype)
    return np.clip(np.rint(values), extent.min, extent.max).astype(dtype)


def _check(x: NDArray[Any], strength: MotionStrength) -> None:
    if x.ndim != 3 or x.shape[1] < 2:
        raise UsageError(
            f"recordings have shape {x.shape}; it must be [n, samples, channels], with 2 samples at "
            "least"
        )
    if strength.rotation and x.shape[2] % AXES:
        raise UsageError(
            f"recordings have {x.shape[2]} channels, which are no threes of axes; "
            "set rotation to 0, or give x, y and z of each sensor"
        )
    if not 0 <= strength.pace < 1 or strength.bends < 2:
        raise UsageError(
            f"pace is {strength.pace} at {strength.bends} bends; it must be at least 0 and below 1, "
            "at 2 bends at least"
        )
