"""`spikelet train`."""

import argparse
import dataclasses

from spikelet import files
from spikelet.cli import options
from spikelet.errors import SpikeletError
from spikelet.graphs import file
from spikelet.networks import score as evaluation
from spikelet.output import Output
from spikelet.training import data as training_data
from spikelet.training import train
from spikelet.training.data import Cut
from spikelet.training.options import AUGMENTED, CONVOLVED, TrainingOptions
from spikert.network.tables import ENCODERS

EXAMPLE = "spikelet train digits -o net.nir --augment"
_LEAK_HELP = "membrane kept per step by hidden layers, 1 - d / 2**r (default: 0.875)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `train` takes."""

    parser.add_argument(
        "samples", metavar="SAMPLES", help="digits, an .npz with x and y, or a folder of recordings"
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the .nir to write")
    layers = parser.add_argument_group("layers")
    add_layers(layers)
    _add_states(layers)
    coding = parser.add_argument_group("neurons and codes")
    coding.add_argument("--encoder", choices=ENCODERS, help="(default: direct)")
    options.add_encoder_parameter(coding)
    coding.add_argument("--steps", type=int, metavar="T", help="steps per sample (default: 4)")
    coding.add_argument("--reset", choices=("subtract", "set"), help="(default: subtract)")
    coding.add_argument("--readout", choices=("max", "count", "last"), help="(default: max)")
    _add_recordings(parser.add_argument_group("recordings"))
    _add_leaks(parser.add_argument_group("leaks"))
    _add_learning(parser.add_argument_group("learning"))


def add_layers(group: argparse._ArgumentGroup) -> None:
    """Add what says which layers a network has."""
    group.add_argument(
        "--convolutions",
        metavar="LAYERS",
        help="before the hidden layers, e.g. 8k5s2p2,16k3q2: 8 maps, kernel 5, stride 2, padding 2; "
        "then 16 maps, kernel 3, on the input summed in windows of 2",
    )
    group.add_argument(
        "--shape", metavar="HxWxC", help="of a sample, for convolutions (default: square and grey)"
    )
    group.add_argument(
        "--hidden",
        type=sizes,
        metavar="N[,N]",
        help="neurons of the dense hidden layers, or none (default: 64)",
    )


def _add_states(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--recurrent", action="store_true", help="let hidden layers hear their own last spikes"
    )
    group.add_argument(
        "--current", type=float, metavar="A", help="a synaptic current, keeping this share per step"
    )


def _add_recordings(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--window", type=int, metavar="N", help="samples that an answer is from")
    group.add_argument("--hop", type=int, metavar="N", help="samples from one answer to the next")
    group.add_argument(
        "--every", type=int, metavar="N", help="use one of N samples, as from a slower sensor"
    )
    group.add_argument("--rate", type=float, metavar="HZ", help="samples per second in the files")
    group.add_argument("--exclude", action="append", metavar="LABEL", help="leave recordings out")


def _add_leaks(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--beta", type=float, metavar="B", help=_LEAK_HELP)
    group.add_argument("--readout-beta", type=float, metavar="B", help="the same of the last layer")
    group.add_argument(
        "--slowest-beta",
        type=float,
        metavar="B",
        help="spread the hidden layers' time constants from that of --beta to that of this",
    )
    group.add_argument("--learn-leaks", action="store_true", help="let training change them")


def _add_learning(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--augment",
        action="store_true",
        help="change samples a little, anew in each epoch: turn, scale and shift square images, "
        "warp, scale and turn recordings of motion",
    )
    group.add_argument(
        "--middle", type=int, metavar="X", help="x of a reading of 0, for --augment (default: 128)"
    )
    group.add_argument(
        "--balance", action="store_true", help="let all classes count alike, common or rare"
    )
    group.add_argument(
        "--bits", type=int, metavar="N", help="3..8, learn weights for convert --bits N"
    )
    group.add_argument(
        "--surrogate",
        choices=("fast-sigmoid", "arctan", "boxcar"),
        help="what stands in for a spike's derivative (default: fast-sigmoid)",
    )
    group.add_argument("--spike-penalty", type=float, metavar="P", help="of each hidden spike")
    group.add_argument("--epochs", type=int, metavar="N", help="at most so many")
    group.add_argument("--seed", type=int, help="(default: 0)")


def training_options(args: argparse.Namespace) -> TrainingOptions:
    """Return how to train: what is given on the command line, and defaults for the rest.

    Raises SpikeletError naming the option that is out of range.
    """

    usual = AUGMENTED if args.augment else {}
    if vars(args).get("convolutions"):  # a sweep has no such argument
        usual = usual | CONVOLVED
    names = {field.name for field in dataclasses.fields(TrainingOptions)} - {"augment"}
    given = {
        name: value for name, value in vars(args).items() if name in names and value is not None
    }
    return TrainingOptions(**usual | given)


def run(args: argparse.Namespace, output: Output) -> int:
    """Train, test on the test part, write."""

    files.check_target(args.output)
    data = training_data.load(args.samples, _cut(args))
    for note in data.notes:
        output.say(note)
    with output.progress("training") as report:
        trained = train.train_on(
            data, training_options(args), lambda done, total, _: report(done, total)
        )
    network = trained.network
    score = evaluation.evaluate(network, data.test)
    file.write(network, args.output)
    output.results |= {
        "output": args.output,
        "accuracy": score.accuracy,
        "synaptic_events": score.synaptic_events,
        "epochs": trained.epochs,
        "samples": {"train": len(data.train), "test": len(data.test)},
        "notes": data.notes,
    }
    what = "test samples" if network.stream is None else "windows of test recordings"
    output.say(
        f"{args.output}: {score.accuracy:.2%} of {len(data.test)} {what}, "
        f"{score.synaptic_events:,.0f} synaptic events a sample, after {trained.epochs} epochs"
    )
    return 0


def _cut(args: argparse.Namespace) -> Cut | None:
    """Return how recordings become windows, None where no window is wanted."""

    if args.window is not None:
        return Cut(args.window, args.hop, args.every or 1, args.rate, tuple(args.exclude or ()))
    for name in ("every", "rate", "exclude"):
        if getattr(args, name) is not None:
            raise SpikeletError(f"--{name} is of a folder of recordings; give --window as well")
    return None


def sizes(text: str) -> tuple[int, ...]:
    """Return the numbers of neurons that an argument lists."""
    if text == "none":
        return ()
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = (0,)
    if min(found) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of sizes such as 64 or 64,32, nor none"
        )
    return found
