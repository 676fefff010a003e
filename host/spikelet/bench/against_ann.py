"""A spiking network against an int8 network of the same topology, without spikes, on the same board."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikelet.bench import int8_ann
from spikelet.bench.board import MeasuringBoard
from spikelet.bench.int8_ann import DenseNetwork
from spikelet.bench.measure import KernelCost
from spikelet.errors import SpikeletError
from spikelet.inputs import dataset
from spikelet.inputs.dataset import Dataset
from spikelet.networks.network import Network
from spikelet.training.ann.train import ReluOptions, train_ann

KERNELS = ("thumb", "viper", "plain")  # that one is measured with
PAIRED = ("thumb",)  # of these, those that multiply weights in pairs faster than bytes
MEASURED = 10  # samples


@dataclass(frozen=True)
class Comparison:
    """What the network without spikes costs, in the clock's unit, and when the spiking one wins.

    accuracy     float, 0..1, of int8 on the test samples; accuracy_float before it was quantised
    products     int, multiplications of an inference, those with zero as well
    cost         of one inference; per_product and bytes of its weights with it
    spike_rate   of the spiking network's hidden layers as measured, spikes per neuron and step
    break_even   spike rate below which it wins; below 0 it never does, above 1 it always does
    """

    accuracy: float
    accuracy_float: float
    products: int
    cost: float
    spike_rate: float
    break_even: float

    @property
    def per_product(self) -> float:
        """What a multiplication costs, with all that is around it."""
        return self.cost / self.products

    def sentence(self, spiking: float, unit: str) -> str:
        """Say who wins, the spiking network costing so much."""
        winner = "the spiking network" if spiking < self.cost else "the int8 network"
        ratio = max(spiking, self.cost) / min(spiking, self.cost)
        if self.break_even < 0:
            when = "it would at no spike rate"
        elif self.break_even > 1:
            when = "the spiking one does at any spike rate"
        else:
            when = f"the spiking one does below a spike rate of {self.break_even:.1%}"
        return (
            f"{winner} wins by a factor of {ratio:.2f}: {spiking:,.0f} against {self.cost:,.0f} "
            f"{unit} a sample; {when}, here it is {self.spike_rate:.1%}"
        )


def train_counterpart(
    network: Network, samples: Dataset, seed: int = 0
) -> tuple[DenseNetwork, float, float]:
    """Train a ReLU network of the same topology on the training part of `samples`.

    Returns it in int8, and its accuracies on the test part, in int8 and in floats.
    Raises SpikeletError for networks that have no such twin, or samples without classes.
    """
    if network.stream or network.channels != network.inputs:
        raise SpikeletError("only networks without a stream can be compared with an int8 network")
    if any(layer.geometry or layer.recurrent is not None for layer in network.layers):
        raise SpikeletError("only networks of dense layers can be compared with an int8 network")
    if len(network.layers) < 2 or len(samples.classes) != network.layers[-1].neurons:
        raise SpikeletError(
            "an int8 network to compare with needs a hidden layer, and samples of the same classes; "
            "give them with --samples"
        )
    learned, test = dataset.split(samples)
    hidden = tuple(layer.neurons for layer in network.layers[:-1])
    options = ReluOptions(hidden=hidden, levels=None, epochs=60, seed=seed)
    trained = train_ann(learned, options)
    found = int8_ann.quantise(trained, learned.x)
    right = float(np.mean(found.answers(test.x) == test.y))
    return found, right, float(np.mean(trained.answers(test.x) == test.y))


def compare_with_ann(
    board: MeasuringBoard,
    network: Network,
    spiking: KernelCost,
    dense: tuple[DenseNetwork, float, float],
    x: np.ndarray,
) -> Comparison:
    """Measure the network that `train` returned on the board, with the kernel's own technology.

    Raises SpikeletError if there is none for that kernel, or the board's answers are wrong.
    """
    if spiking.kernel not in KERNELS:
        raise SpikeletError(
            f"there is no int8 network for kernel {spiking.kernel}; take --kernel "
            f"{' or '.join(KERNELS)}"
        )
    found, accuracy, accuracy_float = dense
    data = found.tables(pairs=spiking.kernel in PAIRED)
    board.load_dense(spiking.kernel, data, found.scaling)
    measured = [board.dense(sample.tobytes()) for sample in x[:MEASURED]]
    expected = found.answers(x[:MEASURED])
    if [answer for _, answer in measured] != expected.tolist():
        raise SpikeletError(f"{board.name} computes the int8 network otherwise than the host")
    spent = float(np.mean([one for one, _ in measured]))
    rate, slope = rate_and_slope(network, spiking)
    return Comparison(
        accuracy=accuracy,
        accuracy_float=accuracy_float,
        products=found.products,
        cost=spent,
        spike_rate=rate,
        break_even=rate + (spent - spiking.sample.total) / slope,
    )


def rate_and_slope(network: Network, spiking: KernelCost) -> tuple[float, float]:
    """Return the spike rate of the layers before the last, and what a sample costs more per rate.

    The slope is from the measured line of each layer: what its predecessor's spikes, and firing them,
    cost if all of its neurons fire in each step.
    """
    steps, slope = network.turn_steps, 0.0
    for number, layer in enumerate(network.layers[:-1]):
        following = spiking.layers[number + 1]
        fired = 0.0 if spiking.layers[number].held else spiking.layers[number].events.per_fired
        each = following.events.per_event * following.neurons + fired
        slope += steps * layer.neurons * each
    hidden = sum(layer.neurons for layer in network.layers[:-1])
    return spiking.sample.spikes / (steps * hidden), slope
