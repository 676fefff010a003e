"""Training: a spiking network of dense layers, by its surrogate gradient through time."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet import augmentation, encoding, quantisation
from spikelet.dataset import Dataset, split
from spikelet.errors import SpikeletError
from spikelet.float_network import FloatArray, FloatLayer, FloatNetwork
from spikelet.gradients import SURROGATES, Evaluation, Firing, Objective, Parameters, evaluate
from spikelet.optimiser import Adam, cosine_rate
from spikelet.training_options import TrainingOptions

INITIAL_SPREAD = 1.5  # of a neuron's drive; above 1, so that neurons reach their threshold of 1

Progress = Callable[[int, int, float], None]
"""Called after each epoch with its number from 1, the most there can be, and the accuracy 0..1."""


class Epoch(NamedTuple):
    """One pass over the samples: means over its batches, and what validation gave after it.

    loss, validation_loss  the objective
    spikes                 of hidden layers, per sample
    accuracy               on the validation part, 0..1
    """

    loss: float
    spikes: float
    validation_loss: float
    accuracy: float


@dataclass(frozen=True)
class TrainingResult:
    """The network of the best epoch, and how training went.

    accuracy    of `network` on the validation part, 0..1
    best_epoch  the epoch it is from, counted from 1
    history     every epoch that was run
    """

    network: FloatNetwork
    accuracy: float
    best_epoch: int
    history: tuple[Epoch, ...]

    @property
    def epochs(self) -> int:
        """Number of epochs that were run."""
        return len(self.history)


def train(
    dataset: Dataset,
    options: TrainingOptions | None = None,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train on `dataset`, a part of which is kept aside to find the best epoch.

    Equal seeds give equal networks on one machine; another BLAS may round differently.
    Raises SpikeletError if the samples cannot be trained on, or training diverges.
    Source: Zenke and Ganguli, SuperSpike, Neural Computation 30 (2018); Neftci, Mostafa and Zenke,
    Surrogate Gradient Learning, IEEE Signal Processing Magazine 36 (2019).
    """
    options = options or TrainingOptions()
    _check_dataset(dataset)
    if options.augment:
        augmentation.side(dataset.x.shape[1])
    learning, validation = split(dataset, options.validation_fraction)
    random = np.random.default_rng(options.seed)
    start = initial_network(dataset, options, random)
    best, history = _best_of(_Trainer(start, options, random), learning, validation, progress)
    network = _with_parameters(start, best.parameters)
    answers = network.simulate(validation.x).answers
    accuracy = float((answers == validation.y).mean())
    return TrainingResult(network, accuracy, best.epoch, tuple(history))


def initial_network(
    dataset: Dataset, options: TrainingOptions, random: np.random.Generator
) -> FloatNetwork:
    """Return a network of the wanted shape with random weights and no bias."""
    sizes = (dataset.x.shape[1], *options.hidden, len(dataset.classes))
    layers = []
    for position, (inputs, neurons) in enumerate(pairwise(sizes)):
        is_last = position == len(sizes) - 2
        zeros, ones = np.zeros(neurons), np.ones(neurons)
        layers.append(
            FloatLayer(
                weights=random.standard_normal((inputs, neurons)) * INITIAL_SPREAD / inputs**0.5,
                bias=zeros,
                beta=ones * (options.readout_beta if is_last else options.beta),
                theta=None if is_last and options.readout != "count" else ones,
                reset=options.reset,
                v_reset=zeros,
                v_start=zeros,
            )
        )
    return FloatNetwork(
        layers=tuple(layers),
        encoder=options.encoder,
        steps=options.steps,
        readout=options.readout,
        classes=dataset.classes,
        encoder_parameter=encoding.parameter(options.encoder, options.encoder_parameter),
    )


class _Score(NamedTuple):
    """Means over samples of what Evaluation holds."""

    loss: float
    accuracy: float
    spikes: float


class _Trainer:
    """Parameters on their way from a network's own to better ones, in float32 for speed."""

    def __init__(
        self, network: FloatNetwork, options: TrainingOptions, random: np.random.Generator
    ) -> None:
        self.network = network
        self.options = options
        self.random = random
        self.parameters = [
            Parameters(layer.weights.astype(np.float32), layer.bias.astype(np.float32))
            for layer in network.layers
        ]
        self.optimiser = Adam(_arrays(self.parameters), options.weight_decay)

    def rounded(self) -> list[Parameters]:
        """Return the parameters as the network uses them, on the grid of its bits if it has one."""
        bits = self.options.bits
        if bits is None:
            return self.parameters
        return [
            Parameters(quantisation.on_grid(weights, bits), bias)
            for weights, bias in self.parameters
        ]

    def encode(self, x: NDArray[np.uint8]) -> FloatArray:
        """Return the first layer's inputs, of samples as they are."""
        network = self.network
        return encoding.signal(
            network.encoder, x, network.steps, network.encoder_parameter, np.float32
        )

    def encode_anew(self, x: NDArray[np.uint8]) -> FloatArray:
        """Return the first layer's inputs for one epoch, of variants of the samples."""
        return self.encode(augmentation.augment(x, self.random))

    def learn(self, signal: FloatArray, y: NDArray[np.int64], number: int) -> _Score:
        """Learn from every sample once, in random order."""
        results = []
        batches = self._batches(self.random.permutation(len(y)))
        for position, batch in enumerate(batches):
            done = (number - 1 + position / len(batches)) / self.options.epochs
            result = self._evaluate(signal[:, batch], y[batch])
            self.optimiser.step(
                _arrays(result.gradient), cosine_rate(self.options.learning_rate, done)
            )
            results.append(result)
        return _mean(results, batches)

    def score(self, signal: FloatArray, y: NDArray[np.int64]) -> _Score:
        """Return the objective as it is."""
        batches = self._batches(np.arange(len(y)))
        results = [self._evaluate(signal[:, batch], y[batch]) for batch in batches]
        return _mean(results, batches)

    def _batches(self, order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return np.array_split(order, math.ceil(len(order) / self.options.batch))

    def _evaluate(self, signal: FloatArray, y: NDArray[np.int64]) -> Evaluation:
        objective = Objective(self.options.spike_penalty, self.options.label_smoothing)
        firing = Firing(surrogate=SURROGATES[self.options.surrogate])
        # The gradient by a rounded weight is taken for that by the weight itself: straight through.
        return evaluate(self.network, self.rounded(), signal, y, objective, firing)


class _Best(NamedTuple):
    """The best epoch yet, of equals the last."""

    accuracy: float
    epoch: int
    parameters: list[Parameters]


def _best_of(
    trainer: _Trainer, learning: Dataset, validation: Dataset, progress: Progress | None
) -> tuple[_Best, list[Epoch]]:
    """Train until the epochs or the patience run out."""
    options = trainer.options
    signal, unseen = trainer.encode(learning.x), trainer.encode(validation.x)
    best = _Best(0.0, 0, [])
    history = []
    for number in range(1, options.epochs + 1):
        if options.augment:
            signal = trainer.encode_anew(learning.x)
        learned = trainer.learn(signal, learning.y, number)
        result = trainer.score(unseen, validation.y)
        if not math.isfinite(learned.loss + result.loss):
            raise SpikeletError(
                f"training diverged in epoch {number}; lower learning_rate, "
                f"which is {options.learning_rate}"
            )
        history.append(Epoch(learned.loss, learned.spikes, result.loss, result.accuracy))
        if result.accuracy >= best.accuracy:
            best = _Best(result.accuracy, number, copy.deepcopy(trainer.rounded()))
        if progress is not None:
            progress(number, options.epochs, result.accuracy)
        if number - best.epoch >= options.patience:
            break
    return best, history


def _mean(results: Sequence[Evaluation], batches: Sequence[NDArray[np.int64]]) -> _Score:
    """Return the mean over samples, of batches that may differ in size."""
    sizes = [len(batch) for batch in batches]
    columns = zip(*(result[:3] for result in results), strict=True)
    return _Score(*(float(np.average(column, weights=sizes)) for column in columns))


def _arrays(parameters: Sequence[Parameters]) -> list[FloatArray]:
    return [array for layer in parameters for array in layer]


def _with_parameters(network: FloatNetwork, parameters: Sequence[Parameters]) -> FloatNetwork:
    layers = (
        replace(
            layer,
            weights=trained.weights.astype(np.float64),
            bias=trained.bias.astype(np.float64),
        )
        for layer, trained in zip(network.layers, parameters, strict=True)
    )
    return replace(network, layers=tuple(layers))


def _check_dataset(dataset: Dataset) -> None:
    if not dataset.classes:
        raise SpikeletError(f"{dataset.name}: has no labels y to learn from")
    if dataset.x.ndim != 2:
        raise SpikeletError(
            f"{dataset.name}: x has shape {dataset.x.shape}; training takes [n, channels]"
        )
