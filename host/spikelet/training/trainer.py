"""Train the parameters of a spiking network, epoch by epoch."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import FloatArray
from spikelet.inputs import encoders
from spikelet.inputs.dataset import Dataset
from spikelet.networks.float_network import FloatNetwork
from spikelet.training import augmentation, epoch, parameters, quantised_forward
from spikelet.training.epoch import Batch, Schedule
from spikelet.training.gradients import SURROGATES, Firing, Loss, LossGradient, loss_gradient
from spikelet.training.optimiser import Adam
from spikelet.training.options import TrainingOptions
from spikelet.training.parameters import LayerParameters

MIDDLE = 128
"""The default x of a reading of 0."""


class Means(NamedTuple):
    """Means over samples of the fields of LossGradient."""

    loss: float
    accuracy: float
    spikes: float


class Trainer:
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

    def encode(self, samples: Dataset) -> Batch[Loss]:
        """Return unchanged samples as the first layer receives them."""
        return self._batch(samples.x, samples.y)

    def encode_anew(self, samples: Dataset) -> Batch[Loss]:
        """Return new variants of the samples as the first layer receives them."""
        x = augmentation.augmented(samples.x, self.random, self._middle)
        return self._batch(x, samples.y)

    def schedule(self, number: int) -> Schedule:
        """Return the schedule of the epoch with this number, from 1."""
        return Schedule(number, self.options.epochs, self.options.learning_rate)

    def learn(self, part: Batch[Loss], number: int) -> Means:
        """Learn from every sample once, in random order; return the means over the batches."""
        batches = part.split(self.random.permutation(len(part)), self.options.batch)
        schedule = self.schedule(number)
        return _means(epoch.learn(batches, self.optimiser, schedule, self._step), batches)

    def score(self, part: Batch[Loss]) -> Means:
        """Return the objective without learning."""
        batches = part.split(np.arange(len(part)), self.options.batch)
        return _means([self._evaluate(batch, learning=False) for batch in batches], batches)

    def _batch(self, x: NDArray[np.uint8], y: NDArray[np.int64]) -> Batch[Loss]:
        network = self.network
        parameter = network.encoder_parameter
        signal = encoders.signal(network.encoder, x, network.steps, parameter, np.float32)
        return Batch(signal, y, self._objective(y))

    def _objective(self, y: NDArray[np.int64]) -> Loss:
        """Return the objective for a part with these classes."""
        weights = None
        if self.options.balance:
            weights = _class_weights(y, len(self.network.classes))
        # Penalise the spikes per sample of a recording, so that its length has no influence.
        samples = self.network.stream.window if self.network.stream else 1
        return Loss(self.options.spike_penalty / samples, self.options.label_smoothing, weights)

    def _step(self, batch: Batch[Loss]) -> tuple[LossGradient, Sequence[FloatArray]]:
        result = self._evaluate(batch)
        return result, parameters.arrays(parameters.by_trained(self.trained, result.gradient))

    def _evaluate(self, batch: Batch[Loss], learning: bool = True) -> LossGradient:
        firing = Firing(surrogate=SURROGATES[self.options.surrogate])
        bits, passes = self.options.bits, None
        used = parameters.quantised(self.trained, bits)
        if bits is not None:
            rounded = quantised_forward.quantise(parameters.network_with(self.network, used), bits)
            passes = quantised_forward.forward(rounded, batch.signal)
            used = parameters.with_weights(used, rounded.network)
        return loss_gradient(
            self.network,
            used,
            batch.signal,
            batch.y,
            batch.objective,
            firing,
            passes,
            learning,
        )


def _means(results: Sequence[LossGradient], batches: Sequence[Batch[Loss]]) -> Means:
    columns = zip(*(result[:3] for result in results), strict=True)
    return Means(*(epoch.mean(column, batches) for column in columns))


def _class_weights(y: NDArray[np.int64], classes: int) -> FloatArray:
    """Return float32[classes], weights that make all classes in y equal, with a mean of 1 per sample."""
    counts = np.bincount(y, minlength=classes)
    present = np.count_nonzero(counts)
    return (len(y) / (present * np.maximum(counts, 1))).astype(np.float32)
