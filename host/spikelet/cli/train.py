"""`spikelet train`."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output
    from spikelet.training_options import TrainingOptions

SUMMARY = "Train a spiking network on labelled samples and write it as a NIR graph."
EXAMPLE = "spikelet train digits -o net.nir --augment"
_LEAK_HELP = "membrane kept per step by hidden layers, 1 - d / 2**r (default: 0.875)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `train` takes."""
    from spikelet.cli import common
    from spikert.tables import ENCODERS

    parser.add_argument("samples", metavar="SAMPLES", help="digits, or an .npz with x and y")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the .nir to write")
    parser.add_argument(
        "--hidden", type=_sizes, metavar="N[,N]", help="neurons of the hidden layers (default: 64)"
    )
    parser.add_argument("--encoder", choices=ENCODERS, help="(default: direct)")
    common.add_encoder_parameter(parser)
    parser.add_argument("--steps", type=int, metavar="T", help="steps per sample (default: 4)")
    parser.add_argument("--reset", choices=("subtract", "set"), help="(default: subtract)")
    parser.add_argument("--readout", choices=("max", "count", "last"), help="(default: max)")
    parser.add_argument("--beta", type=float, metavar="B", help=_LEAK_HELP)
    parser.add_argument(
        "--readout-beta", type=float, metavar="B", help="the same of the last layer"
    )
    parser.add_argument(
        "--augment",
        action="store_true",
        help="turn, scale and shift square images a little, anew in each epoch",
    )
    parser.add_argument(
        "--bits", type=int, metavar="N", help="3..8, learn weights that convert --bits N can round"
    )
    parser.add_argument(
        "--surrogate",
        choices=("fast-sigmoid", "arctan", "boxcar"),
        help="what stands in for a spike's derivative (default: fast-sigmoid)",
    )
    parser.add_argument("--spike-penalty", type=float, metavar="P", help="of each hidden spike")
    parser.add_argument("--epochs", type=int, metavar="N", help="at most so many")
    parser.add_argument("--seed", type=int, help="(default: 0)")


def options(args: argparse.Namespace) -> TrainingOptions:
    """Return how to train: what is given on the command line, and defaults for the rest.

    Raises SpikeletError naming the option that is out of range.
    """
    from spikelet.training_options import AUGMENTED, TrainingOptions

    usual = AUGMENTED if args.augment else {}
    names = {field.name for field in dataclasses.fields(TrainingOptions)} - {"augment"}
    given = {
        name: value for name, value in vars(args).items() if name in names and value is not None
    }
    return TrainingOptions(**usual | given)


def run(args: argparse.Namespace, output: Output) -> int:
    """Train, test on the test part, write."""
    from spikelet import dataset, evaluation, files, nir_graph, training

    files.check_target(args.output)
    samples = dataset.load(args.samples)
    train, test = dataset.split(samples)
    with output.progress("training") as report:
        trained = training.train(train, options(args), lambda done, total, _: report(done, total))
    score = evaluation.evaluate(trained.network, test)
    nir_graph.write(trained.network, args.output)
    output.results |= {
        "output": args.output,
        "accuracy": score.accuracy,
        "synaptic_events": score.synaptic_events,
        "epochs": trained.epochs,
        "samples": {"train": len(train.x), "test": len(test.x)},
    }
    output.say(
        f"{args.output}: {score.accuracy:.2%} of {len(test.x)} test samples, "
        f"{score.synaptic_events:,.0f} synaptic events each, after {trained.epochs} epochs"
    )
    return 0


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = (0,)
    if min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of sizes such as 64 or 64,32")
    return sizes
