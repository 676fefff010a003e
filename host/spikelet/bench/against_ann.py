"""Compare a spiking network with an int8 ReLU network of the same topology.

Both run on the same board. The comparison gives the spike rate below which spikes pay off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikelet.bench import int8_ann
from spikelet.bench.board import MeasuringBoard
from spikelet.bench.int8_ann import DenseNetwork
from spikelet.bench.measure import KernelCost
from spikelet.errors import RefusedInput, SpikeletError, UsageError
from spikelet.inputs import dataset
from spikelet.inputs.dataset import Dataset
from spikelet.networks.network import Network
from spikelet.training.ann.train import ReluOptions, train_ann

# The kernels with an int8 counterpart in firmware/spikert/bench.
KERNELS = ("thumb", "viper", "plain")
# The kernels that multiply 16-bit pairs of weights faster than bytes.
PAIRED = ("thumb",)
# Number of samples to measure.
MEASURED = 10


@dataclass(frozen=True)
class Comparison:
    """Cost of the int8 network in the clock's unit, and the spike rate at which both are equal.

    Attributes
    ----------
    accuracy : float
        Accuracy 0..1 of the int8 network on the test samples.
    accuracy_float : float
        Accuracy 0..1 of the same network before it was quantised.
    products : int
        Multiplications of an inference, including those with zero.
    cost : float
        Cost of one inference.
    spike_rate : float
        Measured rate of the spiking network's hidden layers, in spikes per neuron and step.
    break_even : float
        Spike rate below which the spiking network wins. Below 0 it never wins, above 1 always.
    """

    accuracy: float
    accuracy_float: float
    products: int
    cost: float
    spike_rate: float
    break_even: float

    @property
    def per_product(self) -> float:
        """Cost of a multiplication, including its share of all other work."""
        return self.cost / self.products

    def sentence(self, spiking: float, unit: str) -> str:
        """Return a sentence that names the cheaper network, the factor and the break-even rate.

        Parameters
        ----------
        spiking : float
            Cost of a sample in the spiking network.
        unit : str
            The clock's unit.
        """
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

    Returns
    -------
    network : DenseNetwork
        The trained network in int8.
    accuracy : float
        Its accuracy 0..1 on the test part.
    accuracy_float : float
        Accuracy 0..1 on the test part before quantisation.

    Raises
    ------
    SpikeletError
        If the network is a stream or has layers that are not dense, or if the samples have other
        classes.
    """
    if network.stream or network.channels != network.inputs:
        raise RefusedInput("only networks without a stream can be compared with an int8 network")
    if any(layer.geometry or layer.recurrent is not None for layer in network.layers):
        raise RefusedInput("only networks of dense layers can be compared with an int8 network")
    if len(network.layers) < 2 or len(samples.classes) != network.layers[-1].neurons:
        raise RefusedInput(
            "an int8 network to compare with needs a hidden layer, and samples of the same classes; "
            "give them with --samples"
        )
    learned, test = dataset.split(samples)
    hidden = tuple(layer.neurons for layer in network.layers[:-1])
    options = ReluOptions(hidden=hidden, levels=None, epochs=60, seed=seed)
    trained = train_ann(learned, options)
    quantised = int8_ann.quantise(trained, learned.x)
    right = float(np.mean(quantised.answers(test.x) == test.y))
    return quantised, right, float(np.mean(trained.answers(test.x) == test.y))


def compare_with_ann(
    board: MeasuringBoard,
    network: Network,
    spiking: KernelCost,
    dense: tuple[DenseNetwork, float, float],
    x: np.ndarray,
) -> Comparison:
    """Measure an int8 network on the board, with the code generator of the spiking kernel.

    Parameters
    ----------
    board : MeasuringBoard
    network : Network
        The spiking network.
    spiking : KernelCost
        Its measured cost.
    dense : tuple of DenseNetwork, float, float
        The result of `train_counterpart`.
    x : uint8[n, channels]
        Samples; the first `MEASURED` are measured.

    Raises
    ------
    SpikeletError
        If that kernel has no int8 counterpart, or the board's answers differ from the host's.
    """
    if spiking.kernel not in KERNELS:
        raise UsageError(
            f"there is no int8 network for kernel {spiking.kernel}; take --kernel "
            f"{' or '.join(KERNELS)}"
        )
    int8_network, accuracy, accuracy_float = dense
    data = int8_network.tables(pairs=spiking.kernel in PAIRED)
    board.load_dense(spiking.kernel, data, int8_network.scaling)
    measured = [board.dense(sample.tobytes()) for sample in x[:MEASURED]]
    expected = int8_network.answers(x[:MEASURED])
    if [answer for _, answer in measured] != expected.tolist():
        raise SpikeletError(f"{board.name} computes the int8 network otherwise than the host")
    spent = float(np.mean([one for one, _ in measured]))
    rate, slope = rate_and_slope(network, spiking)
    return Comparison(
        accuracy=accuracy,
        accuracy_float=accuracy_float,
        products=int8_network.products,
        cost=spent,
        spike_rate=rate,
        break_even=rate + (spent - spiking.sample.total) / slope,
    )


def rate_and_slope(network: Network, spiking: KernelCost) -> tuple[float, float]:
    """Return the spike rate of the hidden layers, and the slope of a sample's cost over that rate.

    The measured line of each layer gives the slope. It is the additional cost of a sample in which
    all hidden neurons fire in every step: for firing, and for the events in the next layer.

    Returns
    -------
    rate : float
        Spikes per neuron and step.
    slope : float
        Cost per unit of rate, in the clock's unit.
    """
    steps, slope = network.turn_steps, 0.0
    for number, layer in enumerate(network.layers[:-1]):
        following = spiking.layers[number + 1]
        fired = 0.0 if spiking.layers[number].held else spiking.layers[number].events.per_fired
        each = following.events.per_event * following.neurons + fired
        slope += steps * layer.neurons * each
    hidden = sum(layer.neurons for layer in network.layers[:-1])
    return spiking.sample.spikes / (steps * hidden), slope
