"""Train a spiking network by its surrogate gradient through time."""

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
from spikelet.networks.protocol import StreamWindow
from spikelet.training import augmentation, parameters, quantised_forward, topology
from spikelet.training.data import TrainingData
from spikelet.training.forward import unfold_inputs
from spikelet.training.gradients import SURROGATES, Firing, Loss, LossGradient, loss_gradient
from spikelet.training.optimiser import Adam, cosine_rate
from spikelet.training.options import TrainingOptions
from spikelet.training.parameters import LayerParameters

MIDDLE = 128
"""The default x of a reading of 0."""

# Encoders whose drive is proportional to x.
CONSTANT = ("direct", "rate", "bernoulli")

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
        raise SpikeletError(f"{dataset.name}: has no labels y to learn from")
    augmentation.check_images(dataset, options)
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


def initial_network(
    dataset: Dataset, options: TrainingOptions, random: np.random.Generator
) -> FloatNetwork:
    """Return an untrained network of the requested shape, with random weights.

    Biases are 0, except in the first layer of a stream; see `_centred`.

    Raises
    ------
    SpikeletError
        If the options do not fit the samples.
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
    """Return a first layer whose bias cancels the mean drive by recordings x.

    Over a stream, slow membranes would add up the mean drive. The sum would be far larger than the
    changes that distinguish classes.
    """
    mean = x.mean(axis=(0, 1)) / encoders.DIRECT_SCALE
    drive = unfold_inputs(mean[None], layer.geometry) @ layer.weights
    return replace(layer, bias=-drive.reshape(-1, layer.maps).mean(axis=0))


def _stream(dataset: Dataset, options: TrainingOptions) -> StreamWindow | None:
    if dataset.x.ndim == 3:
        window = dataset.x.shape[1]
        return StreamWindow(window, options.hop or window)
    if options.hop is not None:
        raise SpikeletError(
            f"hop is {options.hop}, but {dataset.name} holds no recordings; "
            "only x [n, samples, channels] is answered again and again"
        )
    return None


class _Score(NamedTuple):
    """Means over samples of the fields of LossGradient."""

    loss: float
    accuracy: float
    spikes: float


class _Trainer:
    """The state of a training: parameters in float32 for speed, optimiser and random numbers.

    Attributes
    ----------
    trained : list of LayerParameters
        Parameters of each layer, with leaks as logits.
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

    def network_of(self, trained: Sequence[LayerParameters]) -> FloatNetwork:
        """Return the network with these parameters; with `bits`, rounded as conversion rounds."""
        bits = self.options.bits
        network = parameters.network_with(self.network, parameters.quantised(trained, bits))
        return network if bits is None else quantised_forward.quantise(network, bits).network

    def encode(self, x: NDArray[np.uint8]) -> FloatArray:
        """Return the first layer's inputs for unchanged samples."""
        network = self.network
        return encoders.signal(
            network.encoder, x, network.steps, network.encoder_parameter, np.float32
        )

    def encode_anew(self, x: NDArray[np.uint8]) -> FloatArray:
        """Return the first layer's inputs for new variants of the samples."""
        return self.encode(augmentation.augmented(x, self.random, self._middle))

    def objective(self, y: NDArray[np.int64]) -> Loss:
        """Return the objective for a part with these classes."""
        weights = None
        if self.options.balance:
            weights = _class_weights(y, len(self.network.classes))
        # Penalise the spikes per sample of a recording, so that its length has no influence.
        samples = self.network.stream.window if self.network.stream else 1
        return Loss(self.options.spike_penalty / samples, self.options.label_smoothing, weights)

    def learn(self, signal: FloatArray, y: NDArray[np.int64], number: int) -> _Score:
        """Learn from every sample once, in random order; return the means over the batches."""
        results, objective = [], self.objective(y)
        batches = self._batches(self.random.permutation(len(y)))
        for position, batch in enumerate(batches):
            progress = (number - 1 + position / len(batches)) / self.options.epochs
            result = self._evaluate(signal[:, batch], y[batch], objective)
            gradient = parameters.by_trained(self.trained, result.gradient)
            rate = cosine_rate(self.options.learning_rate, progress)
            self.optimiser.step(parameters.arrays(gradient), rate)
            if not all(np.isfinite(array).all() for array in parameters.arrays(self.trained)):
                raise divergence(number, self.options.learning_rate)
            results.append(result)
        return _mean(results, batches)

    def score(self, signal: FloatArray, y: NDArray[np.int64]) -> _Score:
        """Return the objective without learning."""
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
        self, signal: FloatArray, y: NDArray[np.int64], objective: Loss, learning: bool = True
    ) -> LossGradient:
        firing = Firing(surrogate=SURROGATES[self.options.surrogate])
        bits, passes = self.options.bits, None
        used = parameters.quantised(self.trained, bits)
        if bits is not None:
            rounded = quantised_forward.quantise(parameters.network_with(self.network, used), bits)
            passes = quantised_forward.forward(rounded, signal)
            used = parameters.with_weights(used, rounded.network)
        return loss_gradient(self.network, used, signal, y, objective, firing, passes, learning)


class _Best(NamedTuple):
    """The best epoch so far; among equal epochs, the last."""

    accuracy: float
    epoch: int
    trained: list[LayerParameters]


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
    """Return the error to raise if training diverged in epoch `number`."""
    return SpikeletError(
        f"training diverged in epoch {number}; lower learning_rate, which is {learning_rate}"
    )


def _mean(results: Sequence[LossGradient], batches: Sequence[NDArray[np.int64]]) -> _Score:
    """Return the means over samples; batches may differ in size."""
    sizes = [len(batch) for batch in batches]
    columns = zip(*(result[:3] for result in results), strict=True)
    return _Score(*(float(np.average(column, weights=sizes)) for column in columns))


def _class_weights(y: NDArray[np.int64], classes: int) -> FloatArray:
    """Return float32[classes], weights that make all classes in y equal, with a mean of 1 per sample."""
    counts = np.bincount(y, minlength=classes)
    present = np.count_nonzero(counts)
    return (len(y) / (present * np.maximum(counts, 1))).astype(np.float32)
