"""Train ReLU networks, plain or with the clip-floor-shift activation.

With clip-floor-shift, training learns the clip of each layer like a weight. The clip becomes the
threshold of the spiking neurons. Source: Bu et al., Optimal ANN-SNN Conversion for High-accuracy and
Ultra-low-latency Spiking Neural Networks, ICLR (2022), sec. 4.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spikelet.arrays import FloatArray
from spikelet.errors import RefusedInput, UsageError
from spikelet.inputs import encoders
from spikelet.inputs.dataset import Dataset
from spikelet.networks.geometry import Geometry
from spikelet.training import epoch, image_augmentation, topology
from spikelet.training.ann.network import (
    AnnLoss,
    AnnLossGradient,
    AnnParameters,
    ReluLayer,
    ReluNetwork,
    ann_loss_gradient,
)
from spikelet.training.epoch import Batch, Schedule
from spikelet.training.optimiser import Adam
from spikelet.training.train import Progress

# About the spread of the first drives.
INITIAL_CLIP = 1.0


@dataclass(frozen=True)
class ReluOptions:
    """Options for the training of a ReLU network.

    The defaults did well for the digits, in cross-validation inside their training part.

    Attributes
    ----------
    hidden : tuple of int
        Neurons of each dense hidden layer.
    convolutions, shape : str
        Convolutions before the dense layers, and the shape of their image; see topology.py.
    levels : int or None
        Levels of the clip-floor-shift activation; None: plain ReLU.
    epochs : int
        Passes over the samples.
    batch : int
        Samples in a batch.
    learning_rate : float
        Adam's rate at the start; it falls to 0 along a cosine over the epochs.
    weight_decay : float
        AdamW's weight decay.
    activity_penalty, label_smoothing : float
        As in AnnLoss.
    augment : bool
        Rotate, scale and shift the images a little, differently in each epoch.
    seed : int
        Seed of the first weights and of the order of samples.

    Raises
    ------
    SpikeletError
        If an option is out of range; the message names it.
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
            raise UsageError(
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
                raise UsageError(f"{name} is {value}; it must be {lowest:g}..{highest:g}")


def train_ann(
    dataset: Dataset, options: ReluOptions | None = None, progress: Progress | None = None
) -> ReluNetwork:
    """Train on all of `dataset`, and return the network of the last epoch.

    Equal seeds give equal networks on one machine; another BLAS may round differently.

    Parameters
    ----------
    dataset : Dataset
    options : ReluOptions, optional
    progress : callable, optional
        Called after each epoch, with the accuracy on the training samples.

    Raises
    ------
    SpikeletError
        If the samples have no labels or another shape, or training diverges.
    """
    options = options or ReluOptions()
    _check_dataset(dataset)
    if options.augment:
        image_augmentation.image_side(dataset.x.shape[1])
    random = np.random.default_rng(options.seed)
    trainer = AnnTrainer(dataset, options, random)
    for number in range(1, options.epochs + 1):
        accuracy = trainer.learn(number)
        if progress is not None:
            progress(number, options.epochs, accuracy)
    return trainer.network()


class AnnTrainer:
    """The state of a training: parameters in float32 for speed, optimiser and random numbers."""

    def __init__(self, dataset: Dataset, options: ReluOptions, random: np.random.Generator) -> None:
        self.dataset = dataset
        self.options = options
        self.random = random
        self.objective = AnnLoss(options.activity_penalty, options.label_smoothing)
        self.geometries = _geometries(dataset, options)
        self.parameters = _initial_parameters(dataset, options, self.geometries, random)
        self.optimiser = Adam(_arrays(self.parameters), options.weight_decay)

    def learn(self, number: int) -> float:
        """Learn from every sample once, in random order; return the mean accuracy of the batches."""
        schedule = Schedule(number, self.options.epochs, self.options.learning_rate)
        part = self._encode()
        batches = part.split(self.random.permutation(len(part)), self.options.batch)

        def step(batch: Batch[AnnLoss]) -> tuple[float, list[FloatArray]]:
            result = self._evaluate(batch)
            clips = [float(layer.clip) for layer in self.parameters if layer.clip is not None]
            if not math.isfinite(result.loss) or min(clips, default=1.0) <= 0:
                raise schedule.divergence()
            return result.accuracy, _arrays(result.gradient)

        return epoch.mean(epoch.learn(batches, self.optimiser, schedule, step), batches)

    def network(self) -> ReluNetwork:
        """Return the network with the present parameters."""
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

    def _encode(self) -> Batch[AnnLoss]:
        """Return the samples of one epoch; with `augment`, variants of them."""
        x = self.dataset.x
        if self.options.augment:
            x = image_augmentation.augment_images(x, self.random)
        signal = encoders.signal("direct", x, 1, dtype=np.float32)
        return Batch(signal, self.dataset.y, self.objective)

    def _evaluate(self, batch: Batch[AnnLoss]) -> AnnLossGradient:
        (inputs,) = batch.signal
        return ann_loss_gradient(
            self.parameters,
            self.geometries,
            self.options.levels,
            inputs,
            batch.y,
            batch.objective,
        )


def _geometries(dataset: Dataset, options: ReluOptions) -> list[Geometry | None]:
    """Return the geometry of each layer, None for a dense layer."""
    convolutions = topology.convolutions(options.convolutions)
    geometries: list[Geometry | None] = []
    if convolutions:
        shape = topology.image_shape(options.shape, dataset.x.shape[1])
        geometries += topology.geometries(convolutions, shape)
    return geometries + [None] * (len(options.hidden) + 1)


def _initial_parameters(
    dataset: Dataset,
    options: ReluOptions,
    geometries: Sequence[Geometry | None],
    random: np.random.Generator,
) -> list[AnnParameters]:
    """Return random weights, biases of 0 and, if the activations have levels, equal clips."""
    maps = [convolution.maps for convolution in topology.convolutions(options.convolutions)]
    maps += [*options.hidden, len(dataset.classes)]
    clips = [None if options.levels is None else INITIAL_CLIP] * (len(maps) - 1) + [None]
    inputs, parameters = dataset.x.shape[1], []
    for count, clip, geometry in zip(maps, clips, geometries, strict=True):
        parameters.append(
            AnnParameters(
                _initial_weights(random, inputs, count, geometry),
                np.zeros(count, np.float32),
                None if clip is None else np.array(clip, np.float32),
            )
        )
        inputs = count * (geometry.pixels if geometry else 1)
    return parameters


def _initial_weights(
    random: np.random.Generator, inputs: int, maps: int, geometry: Geometry | None
) -> FloatArray:
    """Return random weights float32[fan-in, maps]; a sum of pooling starts as a mean.

    Source of the spread: He et al., Delving Deep into Rectifiers, ICCV (2015), eq. 10.
    """
    fan_in, summed = (geometry.fan_in, geometry.most_inputs) if geometry else (inputs, 1)
    weights = random.standard_normal((fan_in, maps)) * ((2 / fan_in) ** 0.5 / summed)
    return weights.astype(np.float32)


def _arrays(parameters: list[AnnParameters]) -> list[FloatArray]:
    return [array for layer in parameters for array in layer if array is not None]


def _check_dataset(dataset: Dataset) -> None:
    if not dataset.classes:
        raise RefusedInput(f"{dataset.name}: has no labels y to learn from")
    if dataset.x.ndim != 2:
        raise RefusedInput(
            f"{dataset.name}: x has shape {dataset.x.shape}; a ReLU network takes [n, channels]"
        )
