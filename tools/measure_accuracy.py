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

# Set before numpy is imported: other threads would add to the CPU seconds.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from spikelet.cli import ann as ann_verb
from spikelet.cli import train as train_verb
from spikelet.conversion import convert
from spikelet.inputs import dataset
from spikelet.inputs.dataset import Dataset
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.score import accuracy, evaluate
from spikelet.training.ann.train import train_ann
from spikelet.training.train import train_network

Answer = Callable[[np.ndarray], np.ndarray]
"""Returns the classes int64[n] of samples uint8[n, channels]."""

TARGET = Path(__file__).parents[1] / "docs/explanation/accuracy.md"
SEEDS = 5
# Goals of every row that has goals of its own:
# The largest loss of accuracy 0..1 by conversion.
MOST_LOST = 0.003
# The least share 0..1 of equal answers.
LEAST_ALIKE = 0.995
# The most CPU seconds for one training.
MOST_SECONDS = 60


class Row(NamedTuple):
    """A network: its name, the options of its verb, and its goals.

    Attributes
    ----------
    name, options : str
    at_least : float or None
        Goal for the accuracy in percent, mean over seeds; None: only report it.
    at_most : int or None
        Goal for the synaptic events; None: only report them.
    bits : int
        Bits of the integer weights.
    verb : str
        "train", or "ann" for a ReLU network that is converted to a spiking one.
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
    integer, _ = convert.convert_network(network, bits=row.bits)
    score = evaluate(integer, test)
    answers = answer(test.x)
    return Measurement(
        score.accuracy,
        accuracy(answers, test),
        float((answers == integer.simulate(test.x).answers).mean()),
        score.synaptic_events,
        seconds,
    )


def spiking(args: argparse.Namespace, learn: Dataset) -> tuple[FloatNetwork, Answer]:
    """Return a network trained as a spiking one, and the function of its answers in floats."""
    network = train_network(learn, train_verb.training_options(args)).network
    return network, lambda x: network.simulate(x).answers


def converted(args: argparse.Namespace, learn: Dataset) -> tuple[FloatNetwork, Answer]:
    """Return a ReLU network converted to a spiking one, and the ReLU network's function `answers`."""
    network = train_ann(learn, ann_verb.options(args))
    return ann_verb.spiking(network, args, learn), network.answers


MAKE = {"train": spiking, "ann": converted}
VERBS = {"train": train_verb, "ann": ann_verb}


def arguments(row: Row, seed: int) -> argparse.Namespace:
    """Return the parsed arguments of the row's command."""
    parser = argparse.ArgumentParser()
    VERBS[row.verb].add_arguments(parser)
    return parser.parse_args(f"digits -o net.nir --seed {seed} {row.options}".split())


def measure_all(rows: tuple[Row, ...], seeds: int) -> list[list[Measurement]]:
    """Measure each row with each seed, on all cores; return a list for each row."""
    jobs = [(row, seed) for row in rows for seed in range(seeds)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        measured = list(pool.map(measure, *zip(*jobs, strict=True)))
    return [measured[start : start + seeds] for start in range(0, len(measured), seeds)]


def cells(row: Row, measured: list[Measurement]) -> list[str]:
    """Return the row of the table."""
    mean = Measurement(*np.mean(measured, axis=0))
    goal = f" (at least {row.at_least})" if row.at_least else ""
    limit = f" (at most {row.at_most:,})" if row.at_most else ""
    return [
        row.name,
        f"**{mean.accuracy:.2%}**{goal}",
        " ".join(f"{one.accuracy:.1%}"[:-1] for one in measured),
        f"{mean.accuracy_float:.2%}",
        f"{100 * (mean.accuracy_float - mean.accuracy) + 0.0:.2f}",
        f"{mean.alike:.2%}",
        f"{mean.events:,.0f}{limit}",
        f"{max(one.seconds for one in measured):.1f} s",
    ]


def missed(row: Row, measured: list[Measurement]) -> bool:
    """Return whether a row missed a goal."""
    mean = Measurement(*np.mean(measured, axis=0))
    if row.at_least is None or row.at_most is None:
        return False
    return (
        100 * mean.accuracy < row.at_least
        or mean.events > row.at_most
        or mean.accuracy_float - mean.accuracy > MOST_LOST
        or mean.alike < LEAST_ALIKE
        or max(one.seconds for one in measured) > MOST_SECONDS
    )


def table(rows: tuple[Row, ...], measured: list[list[Measurement]]) -> str:
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
    lines = [heads, ("---",) * len(heads), *map(cells, rows, measured)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page(rows: tuple[Row, ...], measured: list[list[Measurement]]) -> str:
    """Return the text of docs/explanation/accuracy.md."""
    learn, test = dataset.split(dataset.load_digits())
    commands = ["| network | verb | options |", "|---|---|---|"]
    commands += [f"| {row.name} | {row.verb} | `{row.options}` |" for row in rows if row.options]
    return PAGE.format(
        command="python tools/measure_accuracy.py",
        numpy=np.__version__,
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        seeds=len(measured[0]),
        last=len(measured[0]) - 1,
        train=len(learn),
        test=len(test),
        results=table(rows, measured),
        step=100 / len(test),
        commands="\n".join(commands),
    )


def main() -> int:
    """Measure; exit status 1 if a row misses a goal, as a mean over all seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="measure one seed, and write nothing")
    quick = parser.parse_args().quick
    # The goals are for means over seeds, so one seed cannot miss them.
    if quick:
        print(table(ROWS, measure_all(ROWS, 1)))
        return 0
    measured = measure_all(ROWS, SEEDS)
    TARGET.write_text(page(ROWS, measured))
    print(f"{TARGET}: {len(ROWS)} rows, {SEEDS} seeds each")
    short = [row.name for row, seeds in zip(ROWS, measured, strict=True) if missed(row, seeds)]
    for name in short:
        print(f"{name}: fell short", file=sys.stderr)
    return bool(short)


if __name__ == "__main__":
    sys.exit(main())
