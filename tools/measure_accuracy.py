"""Train, convert and test the digits in every row of ROWS, and write accuracy.md.

python tools/measure_accuracy.py            # five seeds
python tools/measure_accuracy.py --quick    # one seed, to the screen only
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: threads would count as CPU seconds

import numpy as np

from spikelet.cli import ann as ann_verb
from spikelet.cli import train as train_verb
from spikelet.conversion import convert
from spikelet.inputs import dataset
from spikelet.inputs.dataset import Dataset
from spikelet.networks import score as evaluation
from spikelet.networks.float_network import FloatNetwork
from spikelet.training import train as training
from spikelet.training.ann import train as relu_training

Answer = Callable[[np.ndarray], np.ndarray]
"""Gives the classes int64[n] of samples uint8[n, channels]."""

TARGET = Path(__file__).parents[1] / "docs/explanation/accuracy.md"
SEEDS = 5
# What every row with a goal keeps to besides its own.
MOST_LOST = 0.003  # of accuracy 0..1, by conversion
LEAST_ALIKE = 0.995  # answers 0..1
MOST_SECONDS = 60  # of CPU, for one training


class Row(NamedTuple):
    """A network: a name, what its verb is given for the digits, and what it should reach.

    bits      of its weights as integers
    verb      "train", or "ann" for a ReLU network made spiking
    at_least  percent, mean over seeds; at_most  synaptic events; None: only reported
    """

    name: str
    options: str
    at_least: float | None = None
    at_most: int | None = None
    bits: int = 8
    verb: str = "train"


ROWS = (
    Row("direct, defaults", ""),
    Row("direct, 64-64-10", "--augment", 98.4, 2700),
    Row("direct, 64-256-10", "--augment --hidden 256 --spike-penalty 0.0005", 98.8, 9000),
    Row("direct, 64-32-10", "--augment --hidden 32", 97.0, 1450),
    Row(
        "rate, 64-64-10",
        "--augment --encoder rate --steps 8 --beta 0.9375 --readout-beta 0.9375",
        98.3,
        11500,
    ),
    Row(
        "phase, 64-64-10", "--augment --encoder phase --encoder-parameter 4 --steps 4", 97.3, 21000
    ),
    Row(
        "latency, 64-64-10",
        "--augment --encoder latency --encoder-parameter 64 --steps 6 --beta 1 --readout-beta 1",
        96.0,
        2500,
    ),
    Row("bernoulli, 64-64-10", "--augment --encoder bernoulli --steps 16", 96.8, 21000),
    Row("6 bits, 64-64-10", "--augment --bits 6", bits=6),
    Row("4 bits, 64-64-10", "--augment --bits 4", bits=4),
    Row("4 bits, trained for 8", "--augment", bits=4),
    Row("3 bits, 64-64-10", "--augment --bits 3", bits=3),
    Row("3 bits, trained for 8", "--augment", bits=3),
    Row("ReLU, 64-64-10, 8 steps", "--augment --steps 8", 98.5, 4000, verb="ann"),
    Row("ReLU by maximum, 8 steps", "--augment --steps 8 --balance maximum", verb="ann"),
    Row("ReLU by percentile, 8 steps", "--augment --steps 8 --balance percentile", verb="ann"),
)

PAGE = """# Accuracy on the digits

Measured by `{command}`, with numpy {numpy} on Python {python}, {machine}.

Each row is trained with {seeds} seeds (0 to {last}) on the {train:,} training images, converted,
and tested with exact integers on the fixed {test} test images. Five-fold cross-validation chose the
options: the augmentation and its weight decay, the leaks, and the parameter and steps of phase and
latency. It used training images only.

{results}

- **float** is the accuracy of the same network before conversion. **loss** is the cost of
  conversion. **alike** is the share of test images to which both give the same answer.
- **events** are synaptic events per image, in integers, as [the integer
  neuron](../reference/neuron.md#synaptic-events) counts them.
- **CPU** is the time of the slowest seed's training alone, on one core.
- The rows of 6, 4 and 3 bits, except two, were trained for that number of bits, with the exact
  integers in the forward pass. So their float network is rounded as well. To see the cost of few
  bits, compare with the float network of `direct, 64-64-10`.
- One test image is {step:.2f} points: differences of a few tenths between rows mean little.

The rows called ReLU are networks without spikes that `spikelet ann` converted. In these rows
**float** and **alike** refer to the ReLU network itself. It has 8 steps because its activations
have 8 levels.

To make a row, run `spikelet VERB digits -o net.nir --seed N OPTIONS` and `spikelet convert net.nir
-o net.lif`. Add `--bits` if the row has fewer than 8 bits:

{commands}
"""


class Measurement(NamedTuple):
    """One network: accuracies and agreement 0..1, synaptic events per image, CPU seconds."""

    accuracy: float
    accuracy_float: float
    alike: float
    events: float
    seconds: float


def measure(row: Row, seed: int) -> Measurement:
    """Train and convert one network for the digits, and test it."""
    return measure_on(*dataset.split(dataset.load_digits()), row, seed)


def measure_on(learn: Dataset, test: Dataset, row: Row, seed: int) -> Measurement:
    """Train and convert one network, and test it."""
    start = time.process_time()
    network, answer = MAKE[row.verb](arguments(row, seed), learn)
    seconds = time.process_time() - start
    integer, _ = convert.convert(network, bits=row.bits)
    score = evaluation.evaluate(integer, test)
    answers = answer(test.x)
    return Measurement(
        score.accuracy,
        evaluation.accuracy(answers, test),
        float((answers == integer.simulate(test.x).answers).mean()),
        score.synaptic_events,
        seconds,
    )


def spiking(args: argparse.Namespace, learn: Dataset) -> tuple[FloatNetwork, Answer]:
    """Return a network trained as a spiking one, and what computes its answers in floats."""
    network = training.train(learn, train_verb.training_options(args)).network
    return network, lambda x: network.simulate(x).answers


def converted(args: argparse.Namespace, learn: Dataset) -> tuple[FloatNetwork, Answer]:
    """Return a ReLU network made spiking, and what computes the ReLU network's own answers."""
    network = relu_training.train(learn, ann_verb.options(args))
    return ann_verb.spiking(network, args, learn), network.answers


MAKE = {"train": spiking, "ann": converted}
VERBS = {"train": train_verb, "ann": ann_verb}


def arguments(row: Row, seed: int) -> argparse.Namespace:
    """Return what the command would be given."""
    parser = argparse.ArgumentParser()
    VERBS[row.verb].add_arguments(parser)
    return parser.parse_args(f"digits -o net.nir --seed {seed} {row.options}".split())


def measure_all(rows: tuple[Row, ...], seeds: int) -> list[list[Measurement]]:
    """Return a measurement for each row and seed, made on all cores."""
    jobs = [(row, seed) for row in rows for seed in range(seeds)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(measure, *zip(*jobs, strict=True)))
    return [found[start : start + seeds] for start in range(0, len(found), seeds)]


def cells(row: Row, found: list[Measurement]) -> list[str]:
    """Return the row of the table."""
    mean = Measurement(*np.mean(found, axis=0))
    wanted = f" (at least {row.at_least})" if row.at_least else ""
    allowed = f" (at most {row.at_most:,})" if row.at_most else ""
    return [
        row.name,
        f"**{mean.accuracy:.2%}**{wanted}",
        " ".join(f"{one.accuracy:.1%}"[:-1] for one in found),
        f"{mean.accuracy_float:.2%}",
        f"{100 * (mean.accuracy_float - mean.accuracy) + 0.0:.2f}",
        f"{mean.alike:.2%}",
        f"{mean.events:,.0f}{allowed}",
        f"{max(one.seconds for one in found):.1f} s",
    ]


def missed(row: Row, found: list[Measurement]) -> bool:
    """Say whether a row fell short of what it should reach."""
    mean = Measurement(*np.mean(found, axis=0))
    if row.at_least is None or row.at_most is None:
        return False
    return (
        100 * mean.accuracy < row.at_least
        or mean.events > row.at_most
        or mean.accuracy_float - mean.accuracy > MOST_LOST
        or mean.alike < LEAST_ALIKE
        or max(one.seconds for one in found) > MOST_SECONDS
    )


def table(rows: tuple[Row, ...], found: list[list[Measurement]]) -> str:
    """Return the results as a Markdown table."""
    heads = (
        "network",
        "integers",
        "each seed, %",
        "float",
        "loss, points",
        "alike",
        "events",
        "CPU",
    )
    lines = [heads, ("---",) * len(heads), *map(cells, rows, found)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page(rows: tuple[Row, ...], found: list[list[Measurement]]) -> str:
    """Return docs/explanation/accuracy.md."""
    learn, test = dataset.split(dataset.load_digits())
    commands = ["| network | verb | options |", "|---|---|---|"]
    commands += [f"| {row.name} | {row.verb} | `{row.options}` |" for row in rows if row.options]
    return PAGE.format(
        command="python tools/measure_accuracy.py",
        numpy=np.__version__,
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        seeds=len(found[0]),
        last=len(found[0]) - 1,
        train=len(learn),
        test=len(test),
        results=table(rows, found),
        step=100 / len(test),
        commands="\n".join(commands),
    )


def main() -> int:
    """Measure; exit status 1 if a row's mean over all seeds falls short of what it should reach."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, and write nothing")
    quick = parser.parse_args().quick
    if quick:  # one seed is no mean: it shows the way, and decides nothing
        print(table(ROWS, measure_all(ROWS, 1)))
        return 0
    found = measure_all(ROWS, SEEDS)
    TARGET.write_text(page(ROWS, found))
    print(f"{TARGET}: {len(ROWS)} rows, {SEEDS} seeds each")
    short = [row.name for row, measured in zip(ROWS, found, strict=True) if missed(row, measured)]
    for name in short:
        print(f"{name}: fell short", file=sys.stderr)
    return bool(short)


if __name__ == "__main__":
    sys.exit(main())
