"""Train a spiking network by its surrogate gradient through time."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from spikelet.errors import RefusedInput
from spikelet.inputs.dataset import Dataset, split
from spikelet.networks.float_network import FloatNetwork
from spikelet.training import augmentation
from spikelet.training.data import TrainingData
from spikelet.training.initial import initial_network
from spikelet.training.options import TrainingOptions
from spikelet.training.parameters import LayerParameters
from spikelet.training.trainer import Trainer

Progress = Callable[[int, int, float], None]
"""Called after each epoch with its number from 1, the maximum number, and the accuracy 0..1."""


class Epoch(NamedTuple):
    """One pass over the samples: means over its batches, then the validation.

    Attributes
    ----------
    loss, validation_loss : float
        Values of the objective.
    spikes : float
        Spikes of hidden layers per sample.
    accuracy : float
        Accuracy 0..1 on the validation part.
    """

    loss: float
    spikes: float
    validation_loss: float
    accuracy: float


@dataclass(frozen=True)
class TrainingResult:
    """The network of the best epoch, and the history of the training.

    Attributes
    ----------
    network : FloatNetwork
    accuracy : float
        Accuracy 0..1 of `network` on the validation part; with `balance`, the mean over classes. If
        it was trained with `bits`, the accuracy of its conversion to integers.
    best_epoch : int
        Number of its epoch, from 1.
    history : tuple of Epoch
        All epochs.
    """

    network: FloatNetwork
    accuracy: float
    best_epoch: int
    history: tuple[Epoch, ...]

    @property
    def epochs(self) -> int:
        """Number of epochs in the history."""
        return len(self.history)


def train_network(
    dataset: Dataset,
    options: TrainingOptions | None = None,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train on `dataset`, except for a validation part that decides which epoch was best.

    Equal seeds give equal networks on one machine; another BLAS may round differently.
    Source: Zenke and Ganguli, SuperSpike, Neural Computation 30 (2018); Neftci, Mostafa and Zenke,
    Surrogate Gradient Learning, IEEE Signal Processing Magazine 36 (2019).

    Parameters
    ----------
    dataset : Dataset
        Samples with classes. Recordings x [n, samples, channels] are windows of a stream; the
        network answers at the end of each.
    options : TrainingOptions, optional
    progress : callable, optional
        Called after each epoch.

    Raises
    ------
    SpikeletError
        If the samples have no labels or do not fit the options, or training diverges.
    """
    options = options or TrainingOptions()
    if not dataset.classes:
        raise RefusedInput(f"{dataset.name}: has no labels y to learn from")
    augmentation.check_images(dataset, options)
    learning, validation = split(dataset, options.validation_fraction)
    random = np.random.default_rng(options.seed)
    start = initial_network(dataset, options, random)
    trainer = Trainer(start, options, random)
    best, history = _best_of(trainer, learning, validation, progress)
    return TrainingResult(
        trainer.network_of(best.trained), best.accuracy, best.epoch, tuple(history)
    )


def train_on(
    data: TrainingData, options: TrainingOptions, progress: Progress | None = None
) -> TrainingResult:
    """Train on the training part of samples, and store the scaling of readings in the network.

    Parameters
    ----------
    data : TrainingData
    options : TrainingOptions
        If readings are scaled and `middle` is None, it becomes the x of a reading of 0.
    progress : callable, optional
        Called after each epoch.

    Raises
    ------
    SpikeletError
        As `train_network` does.
    """
    if data.scaling is not None and options.middle is None:
        rest = np.zeros(data.train.x.shape[-1], np.int16)
        options = replace(options, middle=int(data.scaling.apply(rest)[0]))
    result = train_network(data.train, options, progress)
    dt = result.network.dt if data.dt is None else data.dt / result.network.steps
    return replace(result, network=replace(result.network, scaling=data.scaling, dt=dt))


class _Best(NamedTuple):
    """The best epoch so far; among equal epochs, the last."""

    accuracy: float
    epoch: int
    trained: list[LayerParameters]


def _best_of(
    trainer: Trainer, learning: Dataset, validation: Dataset, progress: Progress | None
) -> tuple[_Best, list[Epoch]]:
    """Train until the epochs or the patience run out."""
    options = trainer.options
    part, unseen = trainer.encode(learning), trainer.encode(validation)
    best = _Best(0.0, 0, [])
    history = []
    for number in range(1, options.epochs + 1):
        if options.augment:
            part = trainer.encode_anew(learning)
        learned = trainer.learn(part, number)
        result = trainer.score(unseen)
        if not math.isfinite(learned.loss + result.loss):
            raise trainer.schedule(number).divergence()
        history.append(Epoch(learned.loss, learned.spikes, result.loss, result.accuracy))
        if result.accuracy >= best.accuracy:
            best = _Best(result.accuracy, number, copy.deepcopy(trainer.trained))
        if progress is not None:
            progress(number, options.epochs, result.accuracy)
        if number - best.epoch >= options.patience:
            break
    return best, history
