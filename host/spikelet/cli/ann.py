"""The verb `ann`: converts a ReLU network to a spiking one."""

import argparse
from collections.abc import Sequence
from typing import Any

from spikelet import files
from spikelet.cli.train import add_layers
from spikelet.errors import RefusedInput, UsageError
from spikelet.graphs import ann, file
from spikelet.inputs import dataset
from spikelet.inputs.dataset import Dataset
from spikelet.networks import score
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.protocol import MAX_STEPS
from spikelet.output import Output
from spikelet.training.ann import to_spiking
from spikelet.training.ann.network import ReluNetwork
from spikelet.training.ann.to_spiking import Reached
from spikelet.training.ann.train import ReluOptions, train_ann

EXAMPLE = "spikelet ann digits -o net.nir --augment"
ALL_STEPS = (1, 2, 4, 8, 16, 32)
_OF_TRAINING = ("convolutions", "shape", "hidden", "augment", "activity_penalty", "epochs", "seed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `ann`."""
    parser.add_argument("samples", metavar="SAMPLES", help="digits, or an .npz file with x and y")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".nir file to write")
    parser.add_argument(
        "--graph", metavar="FILE", help="read a ReLU network from this NIR graph, and train none"
    )
    parser.add_argument(
        "--save", metavar="FILE", help="write the ReLU network to this .nir file as well"
    )
    parser.add_argument(
        "--balance",
        choices=("learned", "maximum", "percentile"),
        help="source of the thresholds: the learned clip of clip-floor-shift activations (default), or "
        "the maximum or a percentile (default for a graph of plain ReLU) of activations",
    )
    parser.add_argument(
        "--percentile",
        type=float,
        metavar="P",
        help="percentile of the activations, with --balance percentile (default: 99.9)",
    )
    parser.add_argument(
        "--steps", type=int, default=8, metavar="T", help="steps per sample (default: 8)"
    )
    training = parser.add_argument_group("training")
    add_layers(training)
    training.add_argument(
        "--augment",
        action="store_true",
        default=None,
        help="turn, scale and shift square images a little, differently in each epoch",
    )
    training.add_argument(
        "--activity-penalty",
        type=float,
        metavar="P",
        help="weight in the loss of a neuron at its clip (default: 0.01)",
    )
    training.add_argument(
        "--epochs", type=int, metavar="N", help="passes over the samples (default: 200)"
    )
    training.add_argument("--seed", type=int, help="seed of the random numbers (default: 0)")


def options(args: argparse.Namespace) -> ReluOptions:
    """Return the options of training, with defaults for those absent from the command line.

    If training learns the clip of activations, they have one level for each step of the spiking network.

    Raises
    ------
    SpikeletError
        If an option is out of range.
    """
    levels = args.steps if args.balance in (None, "learned") else None
    return ReluOptions(levels=levels, **_given(args))


def spiking(network: ReluNetwork, args: argparse.Namespace, train: Dataset) -> FloatNetwork:
    """Return the spiking network; measure thresholds on the training part if `--balance` needs it.

    Parameters
    ----------
    network : ReluNetwork
    args : Namespace
    train : Dataset
        The training part of the samples.

    Returns
    -------
    FloatNetwork
    """
    percentile = to_spiking.PERCENTILE if args.percentile is None else args.percentile
    thetas = to_spiking.thresholds(network, _balance(args, network), train.x, percentile)
    return to_spiking.convert_ann(network, thetas, args.steps)


def run(args: argparse.Namespace, output: Output) -> int:
    """Train or read the network, convert it, measure accuracy by steps, and write it."""
    _check(args)
    files.check_outputs([args.output, args.save], [args.samples, args.graph])
    samples = dataset.load_dataset(args.samples)
    train, test = dataset.split(samples)
    network = ann.read_ann(args.graph) if args.graph else _trained(train, args, output)
    _check_samples(network, samples)
    converted = spiking(network, args, train)
    if args.save:
        ann.write_ann(network, args.save)
        output.say(f"{args.save}: the ReLU network")
    file.write_graph(converted, args.output)
    accuracy = score.accuracy(network.answers(test.x), test)
    all_steps = sorted({*ALL_STEPS, args.steps})
    reached = to_spiking.against_steps(converted, test, all_steps)
    chosen = reached[all_steps.index(args.steps)]
    output.results |= {
        "output": args.output,
        "balance": _balance(args, network),
        "accuracy_relu": accuracy,
        "accuracy": chosen.accuracy,
        "synaptic_events": chosen.synaptic_events,
        "samples": {"train": len(train), "test": len(test)},
        "against_steps": [vars(one) for one in reached],
    }
    output.say(f"ReLU network: {accuracy:.2%} of {len(test)} test samples")
    _show(reached, accuracy, output)
    output.say(f"{args.output}: {args.steps} steps, balanced by {_balance(args, network)}")
    return 0


def _trained(train: Dataset, args: argparse.Namespace, output: Output) -> ReluNetwork:
    with output.progress("training") as report:
        return train_ann(train, options(args), lambda done, total, _: report(done, total))


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of training that are on the command line."""
    values = {name: getattr(args, name) for name in _OF_TRAINING}
    return {name: value for name, value in values.items() if value is not None}


def _balance(args: argparse.Namespace, network: ReluNetwork) -> str:
    """Return the balance of the command line, or else the usual one of the network."""
    usual = "percentile" if network.levels is None else "learned"
    return args.balance or usual


def _check(args: argparse.Namespace) -> None:
    """Raise SpikeletError if an option is out of range or would have no effect."""
    if not 1 <= args.steps <= MAX_STEPS:
        raise UsageError(f"steps is {args.steps}; it must be in 1..{MAX_STEPS}")
    used = [*_given(args), *(["save"] if args.save else [])]
    if args.graph and used:
        option = used[0].replace("_", "-")
        raise UsageError(f"--{option} is for training; leave it out, or --graph")
    if args.shape and not args.convolutions:
        raise UsageError("--shape needs --convolutions")
    if args.percentile is not None and args.balance != "percentile":
        raise UsageError("--percentile needs --balance percentile")


def _check_samples(network: ReluNetwork, samples: Dataset) -> None:
    """Raise SpikeletError unless the network fits the samples and their classes."""
    expected = network.channels, len(network.classes)
    if (*samples.x.shape[1:], len(samples.classes)) != expected:
        raise RefusedInput(
            f"{samples.name}: x is {list(samples.x.shape)} of {len(samples.classes)} classes, but "
            f"the ReLU network takes [n, {network.channels}] of {len(network.classes)}"
        )


def _show(reached: Sequence[Reached], accuracy: float, output: Output) -> None:
    """Show a row for each number of steps, compared with the accuracy 0..1 of the ReLU network."""
    rows = [(one.steps, f"{one.accuracy_float:.2%}", *_integers(one, accuracy)) for one in reached]
    output.table(("steps", "float", "int8", "points from ReLU", "events"), rows)
    for one in reached:
        if one.refusal:
            output.say(f"{one.steps} steps: {one.refusal}")


def _integers(one: Reached, accuracy: float) -> tuple[object, ...]:
    """Return the cells of the integer network: accuracy, its distance from `accuracy`, events."""
    if one.accuracy is None or one.synaptic_events is None:
        return ("does not fit", "", "")
    difference = f"{100 * (one.accuracy - accuracy):+.2f}"
    return (f"{one.accuracy:.2%}", difference, round(one.synaptic_events))
