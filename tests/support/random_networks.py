"""Make random networks and inputs, as extreme as int16 allows, by seed."""

from dataclasses import dataclass, replace

import numpy as np

from spikelet.inputs import encoders
from spikelet.inputs.scaling import Scaling
from spikelet.networks.float_network import RESETS
from spikelet.networks.geometry import Geometry
from spikelet.networks.int16 import INT16_MAX, INT16_MIN
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.proof import layer_bounds
from spikert.network.tables import ENCODERS, READOUTS

SERIES = 30  # of random numbers: one in which the networks of the first seeds are of every kind
SEEDS = range(24)  # of the networks that run on every board
# The quick run takes these: they have every kind, and every extreme, of all.
QUICK_SEEDS = (0, 2, 3, 4, 6, 8, 11, 13, 15, 16, 17, 19, 20, 21)
STEPS = (1, 2, 3, 4, 5, 8, 16)
MAPS = (1, 2, 3, 4, 5, 6, 8, 12)
# Neurons of a recurrent layer; the number of its recurrent weights is the square.
MOST_OWN = 64
# Parameters that widen the bounds of a neuron.
PARAMETERS = ("bias", "rho", "v_reset", "v_start", "low")
SILENT = {"weights": 0, "recurrent": 0}
EXTREMES = (
    {"theta": INT16_MIN},
    {"theta": INT16_MAX},
    {"d": 0},
    {"d": 255},
    {"current_d": 0},
    {"current_d": 255},
    {"bias": INT16_MAX, "v_start": INT16_MIN, **SILENT},
    {"bias": INT16_MIN, "v_start": INT16_MAX, **SILENT, "d": 255},
    {"v_start": INT16_MAX, **SILENT, "bias": 0},
    {"v_start": INT16_MIN, **SILENT, "bias": 0},
    {"v_reset": INT16_MIN, **SILENT, "bias": 0},
    {"v_reset": INT16_MAX, "theta": INT16_MAX},
    {"low": INT16_MAX, **SILENT, "bias": 0},
    {"low": INT16_MIN},
    {"rho": INT16_MIN, "theta": INT16_MAX},
    {"rho": INT16_MAX, "theta": INT16_MAX},
)


@dataclass(frozen=True)
class Shape:
    """The inputs and maps of a layer, and the geometry of a convolution."""

    inputs: int
    maps: int
    geometry: Geometry | None = None

    @property
    def fan_in(self) -> int:
        """Number of weights from the inputs to each neuron."""
        return self.geometry.fan_in if self.geometry else self.inputs

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return self.maps * (self.geometry.pixels if self.geometry else 1)


@dataclass(frozen=True)
class Place:
    """The position of a layer in a network.

    Attributes
    ----------
    shape : Shape
    direct : bool
        Whether its inputs are x.
    steps : int
    readout : str
        That of the network for the last layer, else "count", because the layer must fire.
    """

    shape: Shape
    direct: bool
    steps: int
    readout: str

    def fits(self, layer: Layer) -> bool:
        """Return whether the layer is proved to stay within int16 here."""
        return layer_bounds(layer, direct=self.direct, steps=self.steps).reach.fits


def random_network(seed: int) -> Network:
    """Return a network of 1 to 3 layers that is proved to fit int16, often only just."""
    rng = np.random.default_rng([seed, SERIES])
    encoder, readout = _encoder(seed), READOUTS[seed // 2 % 3]
    steps = int(rng.choice(STEPS))
    shapes = _convolutions(rng) if seed % 5 in (1, 2) else _dense(rng, wide=seed % 5 == 4)
    layers = []
    for number, shape in enumerate(shapes):
        direct = encoder == "direct" and number == 0
        last = number == len(shapes) - 1
        layers.append(_layer(rng, Place(shape, direct, steps, readout if last else "count")))
    return Network(
        encoder=encoder,
        steps=steps,
        readout=readout,
        classes=tuple(f"größe {j}" if seed % 3 == 0 else str(j) for j in range(layers[-1].neurons)),
        layers=layers,
        source_sha256=rng.bytes(32),
        scaling=_scaling(rng, shapes[0].inputs) if seed % 3 == 2 else None,
        encoder_parameter=_encoder_parameter(encoder, seed),
    )


def random_inputs(network: Network, seed: int, n: int) -> np.ndarray:
    """Return random samples for a network.

    Returns
    -------
    uint8[n, channels]
        One of 0, one of 255, then random samples, some of them sparse. If the network scales: int16
        readings, one of the least, one of the largest, then readings that scale to about such samples.
    """
    rng = np.random.default_rng([seed, 2])
    x = rng.integers(0, 256, (n, network.channels), np.uint8)
    x[2::3] *= rng.random(x[2::3].shape) < 0.2
    x[3::4] = np.where(x[3::4] < 128, 0, 255)
    x[:1], x[1:2] = 0, 255
    if network.scaling is None:
        return x
    raw = network.scaling.undo(x)
    raw[:1], raw[1:2] = INT16_MIN, INT16_MAX
    return raw


def _encoder(seed: int) -> str:
    """Return direct and rate in turn for six seeds, then the others for six.

    delta is left out, because it needs a stream.
    """
    others = [encoder for encoder in ENCODERS[2:] if encoder != "delta"]
    return others[seed % len(others)] if seed // 6 % 2 else ENCODERS[seed % 2]


def _encoder_parameter(encoder: str, seed: int) -> int:
    """Return a parameter for the encoder that depends on the seed."""
    least, most = encoders.PARAMETERS.get(encoder, (0, 0))
    return least + seed * 7919 % (most - least + 1)


def _scaling(rng: np.random.Generator, channels: int) -> Scaling:
    """Return a scaling whose products of int16 readings stay below 2**30."""
    scales = int(rng.choice([1, channels]))
    shift = int(rng.integers(4, 14))
    scale = rng.integers(1, 1 << shift, scales) * rng.choice([-1, 1], scales)
    return Scaling(rng.integers(-2_000, 2_000, scales), scale, shift)


def _dense(rng: np.random.Generator, *, wide: bool) -> list[Shape]:
    """Return the shapes of 1 to 3 dense layers; with `wide`, one has many inputs or neurons."""
    sizes = rng.integers(1, 17 if wide else 49, rng.integers(2, 5)).tolist()
    if wide:
        sizes[rng.integers(len(sizes) - 1)] = int(rng.integers(257, 350))
    return [Shape(*pair) for pair in zip(sizes[:-1], sizes[1:], strict=True)]


def _convolutions(rng: np.random.Generator) -> list[Shape]:
    """Return the shapes of 1 or 2 convolutions, mostly followed by a layer that covers all."""
    flat = rng.random() < 0.3
    size = (1 if flat else int(rng.integers(2, 10)), int(rng.integers(4, 30 if flat else 10)))
    channels = int(rng.integers(1, 4))
    shapes = []
    for _ in range(rng.integers(1, 3)):
        geometry = _geometry(rng, size, channels)
        maps = int(rng.choice(MAPS))
        shapes.append(Shape(geometry.inputs, maps, geometry))
        size, channels = geometry.out, maps
    maps, kind = int(rng.integers(2, 11)), rng.random()
    if kind < 0.4:
        shapes.append(Shape(shapes[-1].neurons, maps))
    elif kind < 0.8:
        geometry = _whole(rng, size, channels)
        shapes.append(Shape(geometry.inputs, maps, geometry))
    return shapes


def _geometry(rng: np.random.Generator, size: tuple[int, int], channels: int) -> Geometry:
    """Return a convolution that differs in rows and columns, and may extend beyond every edge."""

    def pair(least: tuple[int, int], most: tuple[int, int]) -> tuple[int, int]:
        low, high = rng.integers(least, np.add(most, 1)).tolist()
        return low, high

    ones = (1, 1)
    pool = pair(ones, (min(2, size[0]), min(3, size[1]))) if rng.random() < 0.5 else ones
    pooled = size[0] // pool[0], size[1] // pool[1]
    kernel = pair(ones, (min(4, pooled[0] + 1), min(5, pooled[1] + 1)))
    padding = pair((0, 0), (kernel[0] - 1, kernel[1] - 1))
    stride = pair(ones, (3, 3)) if rng.random() < 0.5 else ones
    beyond = pair((0, 0), padding)
    spans = np.add(pooled, padding) + beyond - kernel
    out = np.maximum(1, spans // np.array(stride) + 1)
    return Geometry(size, channels, kernel, (int(out[0]), int(out[1])), stride, padding, pool)


def _whole(rng: np.random.Generator, size: tuple[int, int], channels: int) -> Geometry:
    """Return a dense layer on a pooled map, with a kernel of the same size."""
    pool = int(rng.integers(1, min(2, size[0]) + 1)), int(rng.integers(1, min(3, size[1]) + 1))
    return Geometry(size, channels, (size[0] // pool[0], size[1] // pool[1]), (1, 1), pool=pool)


def _layer(rng: np.random.Generator, place: Place) -> Layer:
    """Return a layer with random weights that only just fit, and a few extreme neurons."""
    layer = _parameters(rng, place)
    while not place.fits(layer):
        layer = _halved(layer)
    weights = _weights(rng, layer)
    order = rng.permuted(np.tile(np.arange(len(weights)), (layer.maps, 1)), axis=1).T
    layer = _filled(place, layer, weights, order)
    extremes = rng.integers(len(EXTREMES)) if rng.random() < 0.6 else 0
    for extreme in rng.choice(EXTREMES, extremes, replace=False):
        layer = _with_extreme(rng, place, layer, extreme)
    bounds = layer_bounds(layer, direct=place.direct, steps=place.steps)
    pairs = not place.shape.geometry and rng.random() < 0.25
    return replace(layer, lanes=bounds.lanes, pairs=pairs)


def _parameters(rng: np.random.Generator, place: Place) -> Layer:
    """Return a layer with weights of 0; each parameter has one value, or one per map."""
    shape = place.shape

    def draw(lowest: int, highest: int) -> np.ndarray:
        scale = 2.0 ** rng.integers(-12, 1)
        entries = (1, shape.maps)[rng.integers(2)]
        return rng.integers(int(lowest * scale), int(highest * scale) + 1, entries)

    def leak() -> np.ndarray:
        powers_of_two = 1 << rng.integers(0, 8, 1)
        return (draw(0, 255), rng.integers(0, 256, shape.maps), powers_of_two)[rng.integers(3)]

    gain = int(rng.integers(0, 8)) if rng.random() < 0.6 else 0
    # Drives can reach this threshold.
    theta = draw(0, min(20_000, 64 * shape.fan_in << gain)) + 1
    silent = place.readout != "count" and rng.random() < 0.5
    recurrent = not shape.geometry and shape.neurons <= MOST_OWN and rng.random() < 0.4
    return Layer(
        weights=np.zeros((shape.fan_in, shape.maps), np.int8),
        theta=None if silent else theta,
        gain=gain,
        bias=draw(-2_000, 2_000),
        d=leak(),
        r=int(rng.integers(8, 16)) if rng.random() < 0.7 else 8,
        low=draw(-16_000, 1_000) if rng.random() < 0.5 else None,
        rho=theta if rng.random() < 0.7 else draw(-1_000, 20_000),
        v_reset=draw(-4_000, 4_000),
        reset=str(rng.choice(RESETS)),
        v_start=draw(-4_000, 4_000),
        recurrent=np.zeros((shape.neurons, shape.neurons), np.int8) if recurrent else None,
        current_d=leak() if rng.random() < 0.4 else None,
        current_r=int(rng.integers(8, 16)) if rng.random() < 0.5 else 8,
        geometry=shape.geometry,
    )


def _weights(rng: np.random.Generator, layer: Layer) -> np.ndarray:
    """Return int8[rows, maps]: weights of the inputs, then those of recurrent spikes.

    They have 8 bits, or 4 to 8 bits in half of the layers.
    """
    own = 0 if layer.recurrent is None else layer.neurons
    shape = len(layer.weights) + own, layer.maps
    kind = rng.integers(6)
    if kind == 0:
        return rng.choice(np.array([-128, 127], np.int8), shape)
    if kind == 1:
        return rng.integers(-128, 128, shape, np.int8)
    if kind > 3:
        most = 1 << int(rng.integers(3, 8))
        return rng.integers(-most, most, shape).astype(np.int8)
    spread = (10, 40)[kind - 2]
    return np.clip(np.rint(rng.normal(spread / 4, spread, shape)), -128, 127).astype(np.int8)


def _halved(layer: Layer) -> Layer:
    """Return the layer with half of each parameter in PARAMETERS."""
    values = {name: getattr(layer, name) for name in PARAMETERS}
    return replace(layer, **{name: v // 2 for name, v in values.items() if v is not None})


def _filled(place: Place, layer: Layer, weights: np.ndarray, order: np.ndarray) -> Layer:
    """Return the layer with the largest share of the weights, in this order, that fits int16."""
    fewest, most = 0, len(weights)
    while fewest < most:
        middle = (fewest + most + 1) // 2
        if place.fits(_with_weights(layer, weights * (order < middle))):
            fewest = middle
        else:
            most = middle - 1
    return _with_weights(layer, weights * (order < fewest))


def _with_weights(layer: Layer, weights: np.ndarray) -> Layer:
    """Return the layer with these weights of the inputs and of recurrent spikes."""
    rows = len(layer.weights)
    recurrent = None if layer.recurrent is None else weights[rows:]
    return replace(layer, weights=weights[:rows], recurrent=recurrent)


def _with_extreme(
    rng: np.random.Generator, place: Place, layer: Layer, extreme: dict[str, int]
) -> Layer:
    """Return the layer with one extreme map, if the proof allows it."""
    changed = {}
    of_map = int(rng.integers(layer.maps))
    for name, value in extreme.items():
        values = getattr(layer, name)
        if values is not None:
            changed[name] = values.copy()
            changed[name][..., of_map] = value
    candidate = replace(layer, **changed)
    return candidate if place.fits(candidate) else layer
