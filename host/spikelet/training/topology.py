"""Topology: the layers that options ask for, before anything is trained.

Convolutions are written as 8k5s2p2,16k3q2: maps, then k the kernel, s its stride, p the zeros around
the input, q the windows in which the input is summed first, all in pixels; s, p and q in any order.
A number holds for rows and columns, k3x5 for each its own; images of height 1, such as signals, have
columns alone.
"""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.networks.float_network import FloatLayer
from spikelet.networks.geometry import Geometry, Pair
from spikelet.training import leaks
from spikelet.training.options import TrainingOptions

INITIAL_SPREAD = 1.5  # of a neuron's drive; above 1, so that neurons reach their threshold of 1
RECURRENT_SPREAD = 0.5  # of the drive by a layer's own spikes, which should not sustain themselves
SIZE = r"(\d+(?:x\d+)?)"
CONVOLUTION = re.compile(rf"([1-9]\d*)k{SIZE}((?:[spq]{SIZE})*)")
SHAPE = re.compile(r"(\d+)x(\d+)x(\d+)")


class Convolution(NamedTuple):
    """A layer of the language above; sizes as they are written, "5" or "3x5"."""

    maps: int
    kernel: str
    stride: str
    padding: str
    pool: str


class Shape(NamedTuple):
    """Pixels of an image, and the channels of a pixel."""

    height: int
    width: int
    channels: int


def convolutions(text: str) -> tuple[Convolution, ...]:
    """Return the layers in words such as 8k5s2p2,16k3q2; none of "".

    Raises SpikeletError naming what cannot be read.
    """
    return tuple(_convolution(part) for part in text.split(",")) if text else ()


def _convolution(text: str) -> Convolution:
    found = CONVOLUTION.fullmatch(text)
    sizes = re.findall(rf"([spq]){SIZE}", found[3]) if found else []
    given = dict(sizes)
    if found is None or len(given) < len(sizes):
        raise SpikeletError(
            f"convolutions holds {text!r}; write maps, k and the kernel's size, then s stride, "
            "p padding and q pooling where they are wanted, for instance 8k5s2p2"
        )
    return Convolution(
        maps=int(found[1]),
        kernel=found[2],
        stride=given.get("s", "1"),
        padding=given.get("p", "0"),
        pool=given.get("q", "1"),
    )


def image_shape(text: str, channels: int) -> Shape:
    """Return the shape of samples with so many values, of words such as 28x28x1; "" is square and grey.

    Raises SpikeletError if it has another number of values.
    """
    side = math.isqrt(channels)
    if not text and side * side == channels:
        return Shape(side, side, 1)
    found = SHAPE.fullmatch(text)
    shape = Shape(*map(int, found.groups())) if found else Shape(0, 0, 0)
    if math.prod(shape) != channels:
        raise SpikeletError(
            f"shape is {text!r} for samples of {channels} values; write height, width and channels "
            f"of as many, for instance 1x{channels}x1"
        )
    return shape


def geometries(wanted: Sequence[Convolution], shape: Shape) -> tuple[Geometry, ...]:
    """Return what each convolution looks at, the first at an image of this shape.

    Raises SpikeletError naming the size that does not fit.
    """
    found = []
    for one in wanted:
        found.append(_geometry(one, shape))
        shape = Shape(*found[-1].out, one.maps)
    return tuple(found)


def _geometry(wanted: Convolution, shape: Shape) -> Geometry:
    flat = shape.height == 1
    kernel, stride, pool = (
        _pair(text, flat, 1) for text in (wanted.kernel, wanted.stride, wanted.pool)
    )
    padding = _pair(wanted.padding, flat, 0)
    size = shape.height, shape.width
    places = [
        (pixels // max(q, 1) + 2 * p - k) // max(s, 1) + 1
        for pixels, k, s, p, q in zip(size, kernel, stride, padding, pool, strict=True)
    ]
    if min(places) < 1:
        raise SpikeletError(
            f"a kernel of {kernel[0]}x{kernel[1]} pixels does not fit an image of "
            f"{size[0]}x{size[1]}; make it smaller, or add padding"
        )
    return Geometry(size, shape.channels, kernel, (places[0], places[1]), stride, padding, pool)


def _pair(text: str, flat: bool, idle: int) -> Pair:
    """Return rows and columns; of a flat image a single number is of columns, and rows are idle."""
    rows, _, columns = text.partition("x")
    if columns:
        return int(rows), int(columns)
    return (idle if flat else int(rows)), int(rows)


def layers(
    options: TrainingOptions, inputs: int, classes: int, random: np.random.Generator
) -> tuple[FloatLayer, ...]:
    """Return layers with random weights and no bias: convolutions, hidden dense layers, the last.

    inputs    of the first layer; with the delta encoder two for each channel
    Raises SpikeletError where options and samples do not go together.
    """
    wanted = convolutions(options.convolutions)
    found = []
    if wanted:
        shape = _input_shape(options, inputs)
        for one, geometry in zip(wanted, geometries(wanted, shape), strict=True):
            found.append(_hidden(options, geometry.fan_in, one.maps, random, geometry))
            inputs = found[-1].neurons
    for neurons in options.hidden:
        found.append(_hidden(options, inputs, neurons, random, None))
        inputs = neurons
    zeros, ones = np.zeros(classes), np.ones(classes)
    last = FloatLayer(
        weights=_weights(random, inputs, classes),
        bias=zeros,
        beta=ones * options.readout_beta,
        theta=ones if options.readout == "count" else None,
        reset=options.reset,
        v_reset=zeros,
        v_start=zeros,
    )
    return (*found, last)


def _input_shape(options: TrainingOptions, inputs: int) -> Shape:
    each = 2 if options.encoder == "delta" else 1
    shape = image_shape(options.shape, inputs // each)
    return shape._replace(channels=each * shape.channels)


def _hidden(
    options: TrainingOptions,
    fan_in: int,
    maps: int,
    random: np.random.Generator,
    geometry: Geometry | None,
) -> FloatLayer:
    zeros, ones = np.zeros(maps), np.ones(maps)
    weights = _weights(random, fan_in, maps)
    own = None
    if options.recurrent and geometry is None:
        own = RECURRENT_SPREAD * random.standard_normal((maps, maps)) / maps**0.5
    return FloatLayer(
        weights=weights,
        bias=zeros,
        beta=_betas(options, maps),
        theta=ones,
        reset=options.reset,
        v_reset=zeros,
        v_start=zeros,
        recurrent=own,
        alpha=None if options.current is None else ones * options.current,
        geometry=geometry,
    )


def _betas(options: TrainingOptions, maps: int) -> NDArray[np.float64]:
    if options.slowest_beta is None:
        return np.full(maps, options.beta)
    return leaks.spread_leaks(options.beta, options.slowest_beta, maps)


def _weights(random: np.random.Generator, fan_in: int, maps: int) -> NDArray[np.float64]:
    return random.standard_normal((fan_in, maps)) * INITIAL_SPREAD / fan_in**0.5
