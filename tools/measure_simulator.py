"""Time the reference simulator against snnTorch's, on the digits with the same network.

python tools/measure_simulator.py           # needs .[frameworks]
python tools/measure_simulator.py --gather  # instead: when to gather the weights of active inputs

Both run on one core. This tool trains a network (64-64-10, T = 4) and exports it with
graphs/to_snntorch.py. In snnTorch it is an ordinary chain of nn.Linear and snn.Leaky in a loop over
steps. Its inputs are encoded beforehand, but Spikelet's time includes the encoder. Both are called
in turn, and the fastest call of each counts, which limits the influence of other processes.
"""

import argparse
import contextlib
import io
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

# Set before numpy is imported.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet.conversion import convert
from spikelet.graphs import to_snntorch
from spikelet.inputs import dataset, encoders
from spikelet.networks import reference_layer
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.network import Network
from spikelet.training import train
from spikelet.training.options import TrainingOptions

STEPS, EPOCHS = 4, 10
ENCODERS = ("direct", "rate")
GOALS = {"at once": 6, "one by one": 12}
"""Goals, in times faster than snnTorch: all test digits in one call, and one digit in a call."""
# Digits to simulate one by one.
ALONE = 20
ROUNDS = 100
# Calls in a row: the first one finds the caches full of the other simulator's data.
CALLS = 5

Action = Callable[[], object]


class InSnnTorch:
    """A float network as an ordinary network of snnTorch, with the same spikes."""

    def __init__(self, network: FloatNetwork) -> None:
        import snntorch
        import torch
        from snntorch import import_nir

        torch.set_num_threads(1)
        self._torch = torch
        graph = to_snntorch.for_snntorch(network)
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            nir.write(Path(folder) / "network.nir", graph)
            # The import prints messages, which are discarded.
            read = import_nir.import_from_nir(nir.read(Path(folder) / "network.nir"))
        self._modules: list[tuple[Any, Any]] = []
        for number in range(len(network.layers)):
            imported = getattr(read, f"neurons_{number}")
            # An ordinary network has one beta for all neurons, which is faster than one for each.
            beta = float(imported.beta[0])
            assert (imported.beta == beta).all()
            neurons = snntorch.Leaky(beta=beta, threshold=float(imported.threshold))
            self._modules.append((getattr(read, f"synapses_{number}"), neurons))

    def signal(self, network: FloatNetwork, x: NDArray[np.uint8]) -> Any:
        """Return Tensor[T, n, inputs], the encoded samples for snnTorch."""
        levels = encoders.signal(
            network.encoder, x, network.steps, network.encoder_parameter, np.float32
        )
        shape = network.steps, *levels.shape[1:]
        return self._torch.tensor(np.broadcast_to(levels, shape).copy())

    def simulate(self, signal: Any) -> tuple[list[Any], Any]:
        """Return the hidden layers' spikes, a list for each step, and the answers Tensor[n].

        Neurons that fire start with the membrane that graphs/to_snntorch.py gives. The answer is the
        largest membrane.
        """
        with self._torch.no_grad():
            membranes = [self._start(*pair, signal) for pair in self._modules]
            fired, outputs = [], []
            for values in signal:
                by_layer = []
                for number, (synapses, neurons) in enumerate(self._modules):
                    arriving = by_layer[-1] if by_layer else values
                    spikes, membranes[number] = neurons(synapses(arriving), membranes[number])
                    by_layer.append(spikes)
                fired.append(by_layer[:-1])
                outputs.append(membranes[-1])
            return fired, self._torch.stack(outputs).max(dim=0).values.argmax(dim=1)

    def _start(self, synapses: Any, neurons: Any, signal: Any) -> Any:
        start = 1 - 1 / neurons.beta if neurons.threshold == 1 else 0 * neurons.beta
        return start.expand(signal.shape[1], synapses.out_features)


class Pair(NamedTuple):
    """The fastest call of snnTorch and of Spikelet, in seconds."""

    theirs: float
    ours: float


def networks(encoder: str) -> tuple[FloatNetwork, Network]:
    """Return a network trained on the digits, and its conversion to integers."""
    learn, _ = dataset.split(dataset.load_digits())
    options = TrainingOptions(encoder=encoder, steps=STEPS, epochs=EPOCHS)
    network = train.train_network(learn, options).network
    return network, convert.convert_network(network)[0]


def fastest(actions: list[Action], rounds: int) -> list[float]:
    """Return the seconds of each action's fastest call; all take turns, with a few calls each."""
    seconds = [math.inf] * len(actions)
    for _ in range(rounds):
        for number, action in enumerate(actions):
            for _ in range(CALLS):
                start = time.perf_counter()
                action()
                seconds[number] = min(seconds[number], time.perf_counter() - start)
    return seconds


def compare(encoder: str, rounds: int) -> tuple[dict[str, Pair], float]:
    """Return the times for each of GOALS, and the share of digits with the same answer, 0..1."""
    network, integers = networks(encoder)
    _, test = dataset.split(dataset.load_digits())
    theirs = InSnnTorch(network)
    signal, answers = theirs.signal(network, test.x), integers.simulate(test.x).answers
    _, expected = theirs.simulate(signal)
    single = [test.x[k : k + 1] for k in range(ALONE)]
    signals = [theirs.signal(network, x) for x in single]
    actions: dict[str, list[Action]] = {
        "at once": [lambda: theirs.simulate(signal), lambda: integers.simulate(test.x)],
        "one by one": [
            lambda: [theirs.simulate(one) for one in signals],
            lambda: [integers.simulate(one) for one in single],
        ],
    }
    samples = {"at once": len(test), "one by one": ALONE}
    pairs = {
        way: Pair(*(seconds / samples[way] for seconds in fastest(actions[way], rounds)))
        for way in GOALS
    }
    return pairs, float((expected.numpy() == answers).mean())


def gather() -> None:
    """Print the microseconds of a product with all weights, and with those of active inputs only."""
    random = np.random.default_rng(0)
    print(f"{'weights':>10} {'signals':>8} {'active':>7} {'all':>8} {'gathered':>9}  chosen")
    for inputs, neurons in ((64, 64), (128, 128), (256, 256), (784, 256)):
        weights = random.integers(-127, 128, (inputs, neurons)).astype(np.float32)
        for signals in (1, 4, 16, 64):
            for share in (0.02, 0.1, 0.25, 0.5):
                signal = np.zeros((signals, inputs), np.bool_)
                signal[:, random.permutation(inputs)[: int(share * inputs)]] = True

                def gathered(signal=signal, weights=weights):
                    rows = np.flatnonzero(signal.any(axis=0))
                    return signal[:, rows].astype(weights.dtype) @ weights[rows]

                def everything(signal=signal, weights=weights):
                    return signal.astype(weights.dtype) @ weights

                times = [1e6 * seconds for seconds in fastest([everything, gathered], ROUNDS)]
                rows = reference_layer.active_inputs(signal, weights)
                print(
                    f"{inputs:>5}x{neurons:<4} {signals:>8} {share:>7.0%} {times[0]:>8.1f} "
                    f"{times[1]:>9.1f}  {'all' if rows is None else 'gathered'}"
                )


def main() -> int:
    """Measure; exit status 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gather", action="store_true", help="time sparse products instead")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="number of turns of each")
    args = parser.parse_args()
    if args.gather:
        gather()
        return 0
    reached = True
    print(f"{'encoder':8} {'digits':12} {'snnTorch':>10} {'here':>10}  times faster (goal)")
    for encoder in ENCODERS:
        pairs, alike = compare(encoder, args.rounds)
        for way, pair in pairs.items():
            times = pair.theirs / pair.ours
            # The goals are for the direct encoder, the default; with rate, BLAS takes more of the time.
            goal = f" ({GOALS[way]})" if encoder == ENCODERS[0] else ""
            reached = reached and not (goal and times < GOALS[way])
            print(
                f"{encoder:8} {way:12} {1e6 * pair.theirs:>7.1f} us {1e6 * pair.ours:>7.1f} us"
                f"  {times:.1f}{goal}"
            )
        print(f"{encoder:8} the same answers to {alike:.1%} of the digits")
    return not reached


if __name__ == "__main__":
    sys.exit(main())
