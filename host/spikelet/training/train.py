"""Training: a spiking network, by its surrogate gradient through time."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.errors import SpikeletError
from spikelet.inputs import encoders
from spikelet.inputs.dataset import Dataset, split
from spikelet.networks.float_network import FloatLayer, FloatNetwork
from spikelet.networks.protocol import Stream
from spikelet.training import augmentation, parameters, quantised_forward, topology
from spikelet.training.data import TrainingData
from spikelet.training.forward import see
from spikelet.training.gradients import SURROGATES, Evaluation, Firing, Objective, evaluate
from spikelet.training.optimiser import Adam, cosine_rate
from spikelet.training.options import TrainingOptions
from spikelet.training.parameters import Parameters

MIDDLE = 128
"""x of a reading of 0, if nothing else is known."""

CONSTANT = ("direct", "rate", "bernoulli")  # encoders that drive in proportion to x itself

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

    accuracy    of `network` on the validation part, 0..1, with balance the mean over classes; where
                it was trained for few bits, of the integers that these convert it to
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

    Of recordings x [n, samples, channels], each is a window of a stream, and answered at its end.
    Equal seeds give equal networks on one machine; another BLAS may round differently.
    Raises SpikeletError if the samples cannot be trained on, or training diverges.
    Source: Zenke and Ganguli, SuperSpike, Neural Computation 30 (2018); Neftci, Mostafa and Zenke,
    Surrogate Gradient Learning, IEEE Signal Processing Magazine 36 (2019).
    """
    options = options or TrainingOptions()
    if not dataset.classes:
        raise SpikeletError(f"{dataset.name}: has no labels y to learn from")
    augmentation.check(dataset, options)
    learning, validation = split(dataset, options.validation_fraction)
    random = np.random.default_rng(options.seed)
    start = initial_network(dataset, options, random)
    trainer = _Trainer(start, options, random)
    best, history = _best_of(trainer, learning, validation, progress)
    return TrainingResult(
        trainer.network_of(best.trained), best.accuracy, best.epoch, tuple(history)
    )


def train_on(
    data: TrainingData, options: TrainingOptions, progress: Progress | None = None
) -> TrainingResult:
    """Train on the training part of samples, and tell the network how readings are scaled.

    Parameters
    ----------
    data : TrainingData
    options : TrainingOptions
        If `middle` is None, it becomes the x of a reading of 0 where readings are scaled.
    progress : callable, optional

    Raises
    ------
    SpikeletError
        As `train` does.
    """
    if data.scaling is not None and options.middle is None:
        rest = np.zeros(data.train.x.shape[-1], np.int16)
        options = replace(options, middle=int(data.scaling.apply(rest)[0]))
    result = train(data.train, options, progress)
    dt = result.network.dt if data.dt is None else data.dt / result.network.steps
    return replace(result, network=replace(result.network, scaling=data.scaling, dt=dt))


def initial_network(
    dataset: Dataset, options: TrainingOptions, random: np.random.Generator
) -> FloatNetwork:
    """Return a network of the wanted shape with random weights; no biases but what `_centred` says.

    Raises SpikeletError where options and samples do not go together.
    """
    inputs = encoders.inputs(options.encoder, dataset.x.shape[-1])
    layers = topology.layers(options, inputs, len(dataset.classes), random)
    stream = _stream(dataset, options)
    if stream and options.encoder in CONSTANT:
        layers = (_centred(layers[0], dataset.x), *layers[1:])
    return FloatNetwork(
        layers=layers,
        encoder=options.encoder,
        steps=options.steps,
        readout=options.readout,
        classes=dataset.classes,
        encoder_parameter=encoders.parameter(options.encoder, options.encoder_parameter),
        stream=stream,
    )


def _centred(layer: FloatLayer, x: NDArray[np.uint8]) -> FloatLayer:
    """Return a first layer whose bias takes out what recordings x drive it with on average.

    Over a stream, slow membranes would add that up far beyond the changes that tell classes apart.
    """
    mean = x.mean(axis=(0, 1)) / encoders.DIRECT_SCALE
    drive = see(mean[None], layer.geometry) @ layer.weights
    return replace(layer, bias=-drive.reshape(-1, layer.maps).mean(axis=0))


def _stream(dataset: Dataset, options: TrainingOptions) -> Stream | None:
    if dataset.x.ndim == 3:
        window = dataset.x.shape[1]
        return Stream(window, options.hop or window)
    if options.hop is not None:
        raise SpikeletError(
            f"hop is {options.hop}, but {dataset.name} holds no recordings; "
            "only x [n, samples, channels] is answered again and again"
        )
    return None


class _Score(NamedTuple):
    """Means over samples of what Evaluation holds."""

    loss: float
    accuracy: float
    spikes: float


class _Trainer:
    """What is trained, on its way from a network's own to better, in float32 for speed.

    trained    parameters for each layer; of leaks their logits
    """

    def __init__(
        self, network: FloatNetwork, options: TrainingOptions, random: np.random.Generator
    ) -> None:
        self.network = network
        self.options = options
        self.random = random
        self._middle = MIDDLE if options.middle is None else options.middle
        self.trained = parameters.trained(network, options.learn_leaks)
        self.optimiser = Adam(parameters.arrays(self.trained), options.weight_decay)

    def network_of(self, trained: Sequence[Parameters]) -> FloatNetwork:
        """Return the network with these parameters, on the grid of its bits if it has one."""
        bits = self.options.bits
        network = parameters.network_with(self.network, parameters.used(trained, bits))
        return network if bits is None else quantised_forward.rounded(network, bits).network

    def encode(self, x: NDArray[np.uint8]) -> FloatArray:
        """Return the first layer's inputs, of samples as they are."""
        network = self.network
        return encoders.signal(
            network.encoder, x, network.steps, network.encoder_parameter, np.float32
        )

    def encode_anew(self, x: NDArray[np.uint8]) -> FloatArray:
        """Return the first layer's inputs for one epoch, of variants of the samples."""
        return self.encode(augmentation.varied(x, self.random, self._middle))

    def objective(self, y: NDArray[np.int64]) -> Objective:
        """Return what is to be small on a part with these classes."""
        weights = None
        if self.options.balance:
            weights = _class_weights(y, len(self.network.classes))
        # A recording is as long as it is: what counts is the spikes for each of its samples.
        samples = self.network.stream.window if self.network.stream else 1
        return Objective(
            self.options.spike_penalty / samples, self.options.label_smoothing, weights
        )

    def learn(self, signal: FloatArray, y: NDArray[np.int64], number: int) -> _Score:
        """Learn from every sample once, in random order."""
        results, objective = [], self.objective(y)
        batches = self._batches(self.random.permutation(len(y)))
        for position, batch in enumerate(batches):
            done = (number - 1 + position / len(batches)) / self.options.epochs
            result = self._evaluate(signal[:, batch], y[batch], objective)
            gradient = parameters.by_trained(self.trained, result.gradient)
            rate = cosine_rate(self.options.learning_rate, done)
            self.optimiser.step(parameters.arrays(gradient), rate)
            if not all(np.isfinite(array).all() for array in parameters.arrays(self.trained)):
                raise divergence(number, self.options.learning_rate)
            results.append(result)
        return _mean(results, batches)

    def score(self, signal: FloatArray, y: NDArray[np.int64]) -> _Score:
        """Return the objective as it is."""
        batches = self._batches(np.arange(len(y)))
        objective = self.objective(y)
        results = [
            self._evaluate(signal[:, batch], y[batch], objective, learning=False)
            for batch in batches
        ]
        return _mean(results, batches)

    def _batches(self, order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return np.array_split(order, math.ceil(len(order) / self.options.batch))

    def _evaluate(
        self, signal: FloatArray, y: NDArray[np.int64], objective: Objective, learning: bool = True
    ) -> Evaluation:
        firing = Firing(surrogate=SURROGATES[self.options.surrogate])
        bits, passes = self.options.bits, None
        used = parameters.used(self.trained, bits)
        if bits is not None:
            found = quantised_forward.rounded(parameters.network_with(self.network, used), bits)
            passes = quantised_forward.forward(found, signal)
            used = parameters.with_weights(used, found.network)
        return evaluate(self.network, used, signal, y, objective, firing, passes, learning)


class _Best(NamedTuple):
    """The best epoch yet, of equals the last."""

    accuracy: float
    epoch: int
    trained: list[Parameters]


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
            raise divergence(number, options.learning_rate)
        history.append(Epoch(learned.loss, learned.spikes, result.loss, result.accuracy))
        if result.accuracy >= best.accuracy:
            best = _Best(result.accuracy, number, copy.deepcopy(trainer.trained))
        if progress is not None:
            progress(number, options.epochs, result.accuracy)
        if number - best.epoch >= options.patience:
            break
    return best, history


def divergence(number: int, learning_rate: float) -> SpikeletError:
    """Return what to raise where training diverged in the epoch of this number."""
    return SpikeletError(
        f"training diverged in epoch {number}; lower learning_rate, which is {learning_rate}"
    )


def _mean(results: Sequence[Evaluation], batches: Sequence[NDArray[np.int64]]) -> _Score:
    """Return the mean over samples, of batches that may differ in size."""
    sizes = [len(batch) for batch in batches]
    columns = zip(*(result[:3] for result in results), strict=True)
    return _Score(*(float(np.average(column, weights=sizes)) for column in columns))


def _class_weights(y: NDArray[np.int64], classes: int) -> FloatArray:
    """Return float32[classes], with which all classes in y count alike, and samples 1 on average."""
    counts = np.bincount(y, minlength=classes)
    present = np.count_nonzero(counts)
    return (len(y) / (present * np.maximum(counts, 1))).astype(np.float32)
