"""`spikelet train`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output

SUMMARY = "Train a spiking network on labelled samples and write it as a NIR graph."
EXAMPLE = "spikelet train digits -o net.nir --hidden 64 --steps 4"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `train` takes."""
    from spikert.tables import ENCODERS

    parser.add_argument("samples", metavar="SAMPLES", help="digits, or an .npz with x and y")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the .nir to write")
    parser.add_argument("--hidden", type=_sizes, default=(64,), metavar="N[,N]", help="neurons")
    parser.add_argument("--encoder", choices=ENCODERS, default="direct")
    parser.add_argument(
        "--encoder-parameter",
        type=int,
        metavar="N",
        help="bernoulli: seed, latency: least x that spikes, phase: period (default: its usual)",
    )
    parser.add_argument("--steps", type=int, default=4, metavar="T", help="steps per sample")
    parser.add_argument("--reset", choices=("subtract", "set"), default="subtract")
    parser.add_argument("--readout", choices=("max", "count", "last"), default="max")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace, output: Output) -> int:
    """Train, test on the test part, write."""
    from spikelet import dataset, evaluation, files, nir_graph, training

    files.check_target(args.output)
    samples = dataset.load(args.samples)
    train, test = dataset.split(samples)
    options = training.TrainingOptions(
        hidden=args.hidden,
        encoder=args.encoder,
        encoder_parameter=args.encoder_parameter,
        steps=args.steps,
        reset=args.reset,
        readout=args.readout,
        seed=args.seed,
    )
    with output.progress("training") as report:
        trained = training.train(train, options, lambda done, total, _: report(done, total))
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
