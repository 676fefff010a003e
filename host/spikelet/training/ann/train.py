"""Training of ReLU networks, plain or with the clip-floor-shift activation.

With clip-floor-shift the clip of each layer is learned like a weight, and becomes the threshold of
the spiking neurons. Source: Bu et al., Optimal ANN-SNN Conversion for High-accuracy and
Ultra-low-latency Spiking Neural Networks, ICLR (2022), sec. 4.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import SpikeletError
from spikelet.inputs import encoders
from spikelet.inputs.dataset import Dataset
from spikelet.networks.geometry import Geometry
from spikelet.training import image_augmentation, topology
from spikelet.training.ann import network as relu_network
from spikelet.training.ann.network import Evaluation, Objective, Parameters, ReluLayer, ReluNetwork
from spikelet.training.optimiser import Adam, cosine_rate
from spikelet.training.train import Progress, divergence

INITIAL_CLIP = 1.0  # about the spread of the first drives


@dataclass(frozen=True)
class ReluOptions:
    """How to train a ReLU network.

    hidden            neurons of each dense hidden layer
    convolutions, shape  convolutions before them, and what their image is; see topology.py
    levels            of the clip-floor-shift activation; None: plain ReLU
    epochs, batch     so many passes, in batches of so many samples
    learning_rate     of Adam, at the start; falls to 0 along a cosine over the epochs
    weight_decay      AdamW's
    activity_penalty, label_smoothing  as in Objective
    augment           whether images are turned, scaled and shifted a little, anew in each epoch
    seed              of the first weights and of the order of samples
    The defaults did well for the digits, in cross-validation inside their training part.
    Raises SpikeletError naming the option that is out of range.
    """

    hidden: tuple[int, ...] = (64,)
    convolutions: str = ""
    shape: str = ""
    levels: int | None = 8
    epochs: int = 200
    batch: int = 64
    learning_rate: float = 5e-3
    weight_decay: float = 0.05
    activity_penalty: float = 0.01
    label_smoothing: float = 0.1
    augment: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.hidden and not self.convolutions:
            raise SpikeletError(
                "hidden is empty, and so is convolutions; a ReLU network needs a hidden layer"
            )
        widths = [("hidden", width, 1.0, 65535.0) for width in self.hidden]
        levels = 1 if self.levels is None else self.levels
        for name, value, lowest, highest in (
            *widths,
            ("levels", levels, 1, 65535),
            ("epochs", self.epochs, 1, 1_000_000),
            ("batch", self.batch, 1, 1_000_000),
            ("learning_rate", self.learning_rate, 1e-9, 10),
            ("weight_decay", self.weight_decay, 0, 1e9),
            ("activity_penalty", self.activity_penalty, 0, 1e9),
            ("label_smoothing", self.label_smoothing, 0, 1),
            ("seed", self.seed, 0, 2**63 - 1),
        ):
            if not lowest <= value <= highest:
                raise SpikeletError(f"{name} is {value}; it must be {lowest:g}..{highest:g}")


def train(
    dataset: Dataset, options: ReluOptions | None = None, progress: Progress | None = None
) -> ReluNetwork:
    """Train on all of `dataset`, and return the network of the last epoch.

    progress  called after each epoch, with the accuracy on the samples that it learned from
    Equal seeds give equal networks on one machine; another BLAS may round differently.
    Raises SpikeletError if the samples cannot be trained on, or training diverges.
    """
    options = options or ReluOptions()
    _check_dataset(dataset)
    if options.augment:
        image_augmentation.side(dataset.x.shape[1])
    random = np.random.default_rng(options.seed)
    trainer = _Trainer(dataset, options, random)
    for number in range(1, options.epochs + 1):
        accuracy = trainer.learn(number)
        if progress is not None:
            progress(number, options.epochs, accuracy)
    return trainer.network()


class _Trainer:
    """Parameters on their way from random ones to better ones, in float32 for speed."""

    def __init__(self, dataset: Dataset, options: ReluOptions, random: np.random.Generator) -> None:
        self.dataset = dataset
        self.options = options
        self.random = random
        self.objective = Objective(options.activity_penalty, options.label_smoothing)
        self.geometries = _geometries(dataset, options)
        self.parameters = _initial_parameters(dataset, options, self.geometries, random)
        self.optimiser = Adam(_arrays(self.parameters), options.weight_decay)

    def learn(self, number: int) -> float:
        """Learn from every sample once, in random order, and return the accuracy on the way."""
        inputs, y = self._inputs(), self.dataset.y
        order = self.random.permutation(len(y))
        batches = np.array_split(order, math.ceil(len(y) / self.options.batch))
        right = 0.0
        for position, batch in enumerate(batches):
            done = (number - 1 + position / len(batches)) / self.options.epochs
            result = self._evaluate(inputs[batch], y[batch], number)
            rate = cosine_rate(self.options.learning_rate, done)
            self.optimiser.step(_arrays(result.gradient), rate)
            right += result.accuracy * len(batch)
        return right / len(y)

    def network(self) -> ReluNetwork:
        """Return the network as it is."""
        layers = tuple(
            ReluLayer(
                weights.astype(np.float64),
                bias.astype(np.float64),
                None if clip is None else float(clip),
                geometry,
            )
            for (weights, bias, clip), geometry in zip(
                self.parameters, self.geometries, strict=True
            )
        )
        return ReluNetwork(layers, self.dataset.classes, self.options.levels)

    def _inputs(self) -> FloatArray:
        """Return the inputs of one epoch, of variants of the samples where they are augmented."""
        x = self.dataset.x
        if self.options.augment:
            x = image_augmentation.augment(x, self.random)
        return encoders.signal("direct", x, 1, dtype=np.float32)[0]

    def _evaluate(self, inputs: FloatArray, y: NDArray[np.int64], number: int) -> Evaluation:
        result = relu_network.evaluate(
            self.parameters, self.geometries, self.options.levels, inputs, y, self.objective
        )
        clips = [float(layer.clip) for layer in self.parameters if layer.clip is not None]
        if not math.isfinite(result.loss) or min(clips, default=1.0) <= 0:
            raise divergence(number, self.options.learning_rate)
        return result


def _geometries(dataset: Dataset, options: ReluOptions) -> list[Geometry | None]:
    """Return the geometry of each layer, None of dense ones."""
    wanted = topology.convolutions(options.convolutions)
    found: list[Geometry | None] = []
    if wanted:
        shape = topology.image_shape(options.shape, dataset.x.shape[1])
        found += topology.geometries(wanted, shape)
    return found + [None] * (len(options.hidden) + 1)


def _initial_parameters(
    dataset: Dataset,
    options: ReluOptions,
    geometries: Sequence[Geometry | None],
    random: np.random.Generator,
) -> list[Parameters]:
    """Return random weights, no bias, and equal clips where the activations have one."""
    maps = [one.maps for one in topology.convolutions(options.convolutions)]
    maps += [*options.hidden, len(dataset.classes)]
    clips = [None if options.levels is None else INITIAL_CLIP] * (len(maps) - 1) + [None]
    inputs, found = dataset.x.shape[1], []
    for count, clip, geometry in zip(maps, clips, geometries, strict=True):
        found.append(
            Parameters(
                _initial_weights(random, inputs, count, geometry),
                np.zeros(count, np.float32),
                None if clip is None else np.array(clip, np.float32),
            )
        )
        inputs = count * (geometry.pixels if geometry else 1)
    return found


def _initial_weights(
    random: np.random.Generator, inputs: int, maps: int, geometry: Geometry | None
) -> FloatArray:
    """Return random weights float32[fan-in, maps]; what is pooled counts as its mean at first.

    Source of the spread: He et al., Delving Deep into Rectifiers, ICCV (2015), eq. 10.
    """
    fan_in, summed = (geometry.fan_in, geometry.most_inputs) if geometry else (inputs, 1)
    weights = random.standard_normal((fan_in, maps)) * ((2 / fan_in) ** 0.5 / summed)
    return weights.astype(np.float32)


def _arrays(parameters: list[Parameters]) -> list[FloatArray]:
    return [array for layer in parameters for array in layer if array is not None]


def _check_dataset(dataset: Dataset) -> None:
    if not dataset.classes:
        raise SpikeletError(f"{dataset.name}: has no labels y to learn from")
    if dataset.x.ndim != 2:
        raise SpikeletError(
            f"{dataset.name}: x has shape {dataset.x.shape}; a ReLU network takes [n, channels]"
        )
