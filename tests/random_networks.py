"""Random networks and inputs, as extreme as int16 allows, the same for the same seed."""

from dataclasses import dataclass, replace

import numpy as np

from spikelet import encoding
from spikelet.bounds import INT16_MAX, INT16_MIN, layer_bounds
from spikelet.network import RESETS, Layer, Network
from spikert.tables import ENCODERS, READOUTS

STEPS = (1, 2, 3, 4, 5, 8, 16)
PARAMETERS = ("bias", "rho", "v_reset", "v_start", "low")  # what the bounds of a neuron depend on
EXTREMES = (
    {"theta": INT16_MIN},
    {"theta": INT16_MAX},
    {"d": 0},
    {"d": 255},
    {"bias": INT16_MAX, "v_start": INT16_MIN, "weights": 0},
    {"bias": INT16_MIN, "v_start": INT16_MAX, "weights": 0, "d": 255},
    {"v_start": INT16_MAX, "weights": 0, "bias": 0},
    {"v_start": INT16_MIN, "weights": 0, "bias": 0},
    {"v_reset": INT16_MIN, "weights": 0, "bias": 0},
    {"v_reset": INT16_MAX, "theta": INT16_MAX},
    {"low": INT16_MAX, "weights": 0, "bias": 0},
    {"low": INT16_MIN},
    {"rho": INT16_MIN, "theta": INT16_MAX},
    {"rho": INT16_MAX, "theta": INT16_MAX},
)


@dataclass(frozen=True)
class Place:
    """Where in a network a layer stands."""

    inputs: int
    neurons: int
    direct: bool
    steps: int
    readout: str  # of the last layer, else "count": it must fire

    def fits(self, layer: Layer) -> bool:
        """Return whether the layer is proved to stay within int16 here."""
        return layer_bounds(layer, direct=self.direct, steps=self.steps).reach.fits


def random_network(seed: int) -> Network:
    """Return a network of 1 to 3 layers that is proved to fit int16, often just so."""
    rng = np.random.default_rng([seed, 1])
    encoder, readout = _encoder(seed), READOUTS[seed // 2 % 3]
    steps = int(rng.choice(STEPS))
    sizes = _sizes(rng, wide=seed % 5 == 4)
    layers = []
    for number, (inputs, neurons) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        direct = encoder == "direct" and number == 0
        last = number == len(sizes) - 2
        place = Place(inputs, neurons, direct, steps, readout if last else "count")
        layers.append(_layer(rng, place))
    scales = int(rng.choice([0, 1, sizes[0]]))
    return Network(
        encoder=encoder,
        steps=steps,
        readout=readout,
        classes=tuple(f"größe {j}" if seed % 3 == 0 else str(j) for j in range(sizes[-1])),
        layers=layers,
        source_sha256=rng.bytes(32),
        offset=rng.integers(-(2**31), 2**31, scales, np.int32),
        scale=rng.integers(-(2**31), 2**31, scales, np.int32),
        shift=int(rng.integers(0, 256)),
        encoder_parameter=_encoder_parameter(encoder, seed),
    )


def random_inputs(network: Network, seed: int, n: int) -> np.ndarray:
    """Return uint8[n, channels]: all 0, all 255, then random samples, sparse ones among them."""
    rng = np.random.default_rng([seed, 2])
    x = rng.integers(0, 256, (n, network.channels), np.uint8)
    x[2::3] *= rng.random(x[2::3].shape) < 0.2
    x[3::4] = np.where(x[3::4] < 128, 0, 255)
    x[:1], x[1:2] = 0, 255
    return x


def _encoder(seed: int) -> str:
    """Return direct and rate by turns for six seeds, then the others for six."""
    others = ENCODERS[2:]
    return others[seed % len(others)] if seed // 6 % 2 else ENCODERS[seed % 2]


def _encoder_parameter(encoder: str, seed: int) -> int:
    least, most = encoding.PARAMETERS.get(encoder, (0, 0))
    return least + seed * 7919 % (most - least + 1)


def _sizes(rng: np.random.Generator, *, wide: bool) -> list[int]:
    """Return the numbers of channels and of each layer's neurons."""
    sizes = [int(size) for size in rng.integers(1, 71, rng.integers(2, 5))]
    if wide:
        sizes[rng.integers(len(sizes) - 1)] = int(rng.integers(257, 350))
    return sizes


def _layer(rng: np.random.Generator, place: Place) -> Layer:
    """Return a layer with as many of its random weights as fit, and a few extreme neurons."""
    layer = _parameters(rng, place)
    while not place.fits(replace(layer, weights=np.zeros_like(layer.weights))):
        layer = _halved(layer)
    order = rng.permuted(np.tile(np.arange(place.inputs), (place.neurons, 1)), axis=1).T
    layer = _filled(place, layer, _weights(rng, place), order)
    for extreme in rng.choice(EXTREMES, rng.integers(len(EXTREMES)), replace=False):
        layer = _with_extreme(rng, place, layer, extreme)
    return layer


def _parameters(rng: np.random.Generator, place: Place) -> Layer:
    """Return a layer without weights; each parameter is one for all neurons, or one for each."""

    def draw(lowest: int, highest: int) -> np.ndarray:
        scale = 2.0 ** rng.integers(-12, 1)
        shape = (1, place.neurons)[rng.integers(2)]
        return rng.integers(int(lowest * scale), int(highest * scale) + 1, shape)

    theta = draw(0, 20_000) + 1
    powers_of_two = 1 << rng.integers(0, 8, 1)
    d = (draw(0, 255), rng.integers(0, 256, place.neurons), powers_of_two)[rng.integers(3)]
    silent = place.readout != "count" and rng.random() < 0.5
    return Layer(
        weights=np.zeros((place.inputs, place.neurons), np.int8),
        theta=None if silent else theta,
        gain=int(rng.integers(0, 8)) if rng.random() < 0.6 else 0,
        bias=draw(-2_000, 2_000),
        d=d,
        r=int(rng.integers(8, 16)) if rng.random() < 0.7 else 8,
        low=draw(-16_000, 1_000) if rng.random() < 0.5 else None,
        rho=theta if rng.random() < 0.7 else draw(-1_000, 20_000),
        v_reset=draw(-4_000, 4_000),
        reset=str(rng.choice(RESETS)),
        v_start=draw(-4_000, 4_000),
    )


def _weights(rng: np.random.Generator, place: Place) -> np.ndarray:
    shape = place.inputs, place.neurons
    kind = rng.integers(4)
    if kind == 0:
        return rng.choice(np.array([-128, 127], np.int8), shape)
    if kind == 1:
        return rng.integers(-128, 128, shape, np.int8)
    spread = (10, 40)[kind - 2]
    return np.clip(np.rint(rng.normal(spread / 4, spread, shape)), -128, 127).astype(np.int8)


def _halved(layer: Layer) -> Layer:
    """Return the layer with all that may lead it out of int16 halved."""
    values = {name: getattr(layer, name) for name in PARAMETERS}
    return replace(layer, **{name: v // 2 for name, v in values.items() if v is not None})


def _filled(place: Place, layer: Layer, weights: np.ndarray, order: np.ndarray) -> Layer:
    """Return the layer with as many of the weights, in this order, as it takes to reach int16."""
    fewest, most = 0, place.inputs
    while fewest < most:
        middle = (fewest + most + 1) // 2
        if place.fits(replace(layer, weights=weights * (order < middle))):
            fewest = middle
        else:
            most = middle - 1
    return replace(layer, weights=weights * (order < fewest))


def _with_extreme(
    rng: np.random.Generator, place: Place, layer: Layer, extreme: dict[str, int]
) -> Layer:
    """Return the layer with one neuron made extreme, if that can be proved to fit."""
    changed = {}
    neuron = int(rng.integers(place.neurons))
    for name, value in extreme.items():
        values = getattr(layer, name)
        if values is not None:
            changed[name] = values.copy()
            changed[name][..., neuron] = value
    candidate = replace(layer, **changed)
    return candidate if place.fits(candidate) else layer
