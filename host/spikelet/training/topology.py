"""Build the layers that the training options describe, with random weights.

The notation of convolutions is 8k5s2p2,16k3q2: the number of maps, then sizes in pixels. k is the
kernel, s its stride, p the zeros around the input, and q the windows in which the input is summed
first. s, p and q follow in any order. One number applies to rows and columns; k3x5 gives each its own.
Images of height 1, such as signals, have columns only.
"""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import UsageError
from spikelet.networks.float_network import FloatLayer
from spikelet.networks.geometry import Geometry, Pair
from spikelet.training import leaks
from spikelet.training.options import TrainingOptions

# Spread of a neuron's drive: above 1, so that neurons reach their threshold of 1.
INITIAL_SPREAD = 1.5
# Spread of the drive by a layer's own spikes: low, so that the spikes do not sustain themselves.
RECURRENT_SPREAD = 0.5
SIZE = r"(\d+(?:x\d+)?)"
CONVOLUTION = re.compile(rf"([1-9]\d*)k{SIZE}((?:[spq]{SIZE})*)")
SHAPE = re.compile(r"(\d+)x(\d+)x(\d+)")


class Convolution(NamedTuple):
    """A layer in the notation above, with sizes as text, "5" or "3x5"."""

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
    """Parse convolutions such as 8k5s2p2,16k3q2; "" gives no layers.

    Raises
    ------
    SpikeletError
        If a layer cannot be parsed; the message quotes it.
    """
    return tuple(_convolution(part) for part in text.split(",")) if text else ()


def _convolution(text: str) -> Convolution:
    match = CONVOLUTION.fullmatch(text)
    sizes = re.findall(rf"([spq]){SIZE}", match[3]) if match else []
    by_letter = dict(sizes)
    if match is None or len(by_letter) < len(sizes):
        raise UsageError(
            f"convolutions holds {text!r}; write maps, k and the kernel's size, then s stride, "
            "p padding and q pooling where they are wanted, for instance 8k5s2p2"
        )
    return Convolution(
        maps=int(match[1]),
        kernel=match[2],
        stride=by_letter.get("s", "1"),
        padding=by_letter.get("p", "0"),
        pool=by_letter.get("q", "1"),
    )


def image_shape(text: str, channels: int) -> Shape:
    """Parse the shape of an image.

    Parameters
    ----------
    text : str
        Height, width and channels such as 28x28x1; "" is a square image with one channel.
    channels : int
        Number of values in a sample.

    Raises
    ------
    SpikeletError
        If the shape has another number of values.
    """
    side = math.isqrt(channels)
    if not text and side * side == channels:
        return Shape(side, side, 1)
    match = SHAPE.fullmatch(text)
    shape = Shape(*map(int, match.groups())) if match else Shape(0, 0, 0)
    if math.prod(shape) != channels:
        raise UsageError(
            f"shape is {text!r} for samples of {channels} values; write height, width and channels "
            f"of as many, for instance 1x{channels}x1"
        )
    return shape


def geometries(parsed: Sequence[Convolution], shape: Shape) -> tuple[Geometry, ...]:
    """Return the geometry of each convolution.

    Parameters
    ----------
    parsed : sequence of Convolution
    shape : Shape
        Shape of the image that the first convolution receives.

    Raises
    ------
    SpikeletError
        If a kernel does not fit its image; the message names both sizes.
    """
    chain = []
    for convolution in parsed:
        chain.append(_geometry(convolution, shape))
        shape = Shape(*chain[-1].out, convolution.maps)
    return tuple(chain)


def _geometry(convolution: Convolution, shape: Shape) -> Geometry:
    flat = shape.height == 1
    kernel, stride, pool = (
        _pair(text, flat, 1) for text in (convolution.kernel, convolution.stride, convolution.pool)
    )
    padding = _pair(convolution.padding, flat, 0)
    size = shape.height, shape.width
    places = [
        (pixels // max(q, 1) + 2 * p - k) // max(s, 1) + 1
        for pixels, k, s, p, q in zip(size, kernel, stride, padding, pool, strict=True)
    ]
    if min(places) < 1:
        raise UsageError(
            f"a kernel of {kernel[0]}x{kernel[1]} pixels does not fit an image of "
            f"{size[0]}x{size[1]}; make it smaller, or add padding"
        )
    return Geometry(size, shape.channels, kernel, (places[0], places[1]), stride, padding, pool)


def _pair(text: str, flat: bool, idle: int) -> Pair:
    """Return rows and columns; for a flat image one number means columns, and rows are `idle`."""
    rows, _, columns = text.partition("x")
    if columns:
        return int(rows), int(columns)
    return (idle if flat else int(rows)), int(rows)


def layers(
    options: TrainingOptions, inputs: int, classes: int, random: np.random.Generator
) -> tuple[FloatLayer, ...]:
    """Return layers with random weights and no bias: convolutions, hidden dense layers, the last.

    Parameters
    ----------
    options : TrainingOptions
    inputs : int
        Inputs of the first layer; the delta encoder gives two for each channel.
    classes : int
        Number of classes.
    random : numpy.random.Generator

    Raises
    ------
    SpikeletError
        If the options do not fit the number of inputs.
    """
    parsed = convolutions(options.convolutions)
    hidden = []
    if parsed:
        shape = _input_shape(options, inputs)
        for convolution, geometry in zip(parsed, geometries(parsed, shape), strict=True):
            hidden.append(_hidden(options, geometry.fan_in, convolution.maps, random, geometry))
            inputs = hidden[-1].neurons
    for neurons in options.hidden:
        hidden.append(_hidden(options, inputs, neurons, random, None))
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
    return (*hidden, last)


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
