"""The verb `train`: trains a spiking network and writes it as a NIR graph."""

import argparse
import dataclasses

from spikelet import files
from spikelet.cli import options
from spikelet.errors import UsageError
from spikelet.graphs import file
from spikelet.networks.score import evaluate
from spikelet.output import Output
from spikelet.training import train
from spikelet.training.data import Cut, load_training_data
from spikelet.training.options import AUGMENTED, CONVOLVED, TrainingOptions
from spikert.network.tables import ENCODERS

EXAMPLE = "spikelet train digits -o net.nir --augment"
_LEAK_HELP = "share of the membrane that hidden layers keep per step, 1 - d / 2**r (default: 0.875)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `train`."""
    parser.add_argument(
        "samples",
        metavar="SAMPLES",
        help="digits, an .npz file with x and y, or a folder of recordings",
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".nir file to write")
    layers = parser.add_argument_group("layers")
    add_layers(layers)
    _add_states(layers)
    coding = parser.add_argument_group("neurons and codes")
    coding.add_argument(
        "--encoder", choices=ENCODERS, help="encoder of the inputs (default: direct)"
    )
    options.add_encoder_parameter(coding)
    coding.add_argument("--steps", type=int, metavar="T", help="steps per sample (default: 4)")
    coding.add_argument(
        "--reset", choices=("subtract", "set"), help="reset after a spike (default: subtract)"
    )
    coding.add_argument(
        "--readout",
        choices=("max", "count", "last"),
        help="rule that gives the answer (default: max)",
    )
    _add_recordings(parser.add_argument_group("recordings"))
    _add_leaks(parser.add_argument_group("leaks"))
    _add_learning(parser.add_argument_group("learning"))


def add_layers(group: argparse._ArgumentGroup) -> None:
    """Add the options of the layers."""
    group.add_argument(
        "--convolutions",
        metavar="LAYERS",
        help="convolutions before the hidden layers, such as 8k5s2p2,16k3q2: 8 maps, kernel 5, stride "
        "2, padding 2; then 16 maps, kernel 3, on the input summed in windows of 2",
    )
    group.add_argument(
        "--shape",
        metavar="HxWxC",
        help="height, width and channels of a sample, for convolutions (default: a square, one channel)",
    )
    group.add_argument(
        "--hidden",
        type=sizes,
        metavar="N[,N]",
        help="neurons of each dense hidden layer, or the word none (default: 64)",
    )


def _add_states(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--recurrent",
        action="store_true",
        help="feed the spikes of each hidden layer back to it in the next step",
    )
    group.add_argument(
        "--current",
        type=float,
        metavar="A",
        help="give hidden neurons a synaptic current, which keeps this share per step",
    )


def _add_recordings(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--window", type=int, metavar="N", help="samples that each answer covers")
    group.add_argument(
        "--hop",
        type=int,
        metavar="N",
        help="samples from one answer to the next (default: a whole window)",
    )
    group.add_argument(
        "--every",
        type=int,
        metavar="N",
        help="use one of N samples, like a slower sensor (default: 1)",
    )
    group.add_argument(
        "--rate",
        type=float,
        metavar="HZ",
        help="samples per second in the files (default: as recorded)",
    )
    group.add_argument(
        "--exclude",
        action="append",
        metavar="LABEL",
        help="leave out recordings with this label; repeat the option for another",
    )


def _add_leaks(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--beta", type=float, metavar="B", help=_LEAK_HELP)
    group.add_argument(
        "--readout-beta",
        type=float,
        metavar="B",
        help="share of the membrane that the last layer keeps per step (default: 0.875)",
    )
    group.add_argument(
        "--slowest-beta",
        type=float,
        metavar="B",
        help="spread the time constants of hidden layers, from that of --beta to that of this share",
    )
    group.add_argument("--learn-leaks", action="store_true", help="let training change the leaks")


def _add_learning(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--augment",
        action="store_true",
        help="change samples a little, differently in each epoch: turn, scale and shift square "
        "images; warp, scale and turn recordings of motion",
    )
    group.add_argument(
        "--middle",
        type=int,
        metavar="X",
        help="input x of a reading of 0, for --augment (default: 128, or as the scaling gives)",
    )
    group.add_argument(
        "--balance", action="store_true", help="give all classes the same weight, common or rare"
    )
    group.add_argument(
        "--bits", type=int, metavar="N", help="train weights for `spikelet convert --bits N`, 3..8"
    )
    group.add_argument(
        "--surrogate",
        choices=("fast-sigmoid", "arctan", "boxcar"),
        help="substitute for the derivative of a spike (default: fast-sigmoid)",
    )
    group.add_argument(
        "--spike-penalty",
        type=float,
        metavar="P",
        help="weight of hidden spikes in the loss (default: 0.001, or 0.0001 with --convolutions)",
    )
    group.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help="passes over the samples, at most (default: 100, or 300 with --augment)",
    )
    group.add_argument("--seed", type=int, help="seed of the random numbers (default: 0)")


def training_options(args: argparse.Namespace) -> TrainingOptions:
    """Return the options of training, with defaults for those absent from the command line.

    Raises
    ------
    SpikeletError
        If an option is out of range.
    """
    usual = AUGMENTED if args.augment else {}
    # A sweep has no such argument.
    if vars(args).get("convolutions"):
        usual = usual | CONVOLVED
    names = {field.name for field in dataclasses.fields(TrainingOptions)} - {"augment"}
    chosen = {
        name: value for name, value in vars(args).items() if name in names and value is not None
    }
    return TrainingOptions(**usual | chosen)


def run(args: argparse.Namespace, output: Output) -> int:
    """Train, measure on the test part, and write the network."""
    files.check_outputs([args.output], [args.samples])
    data = load_training_data(args.samples, _cut(args))
    for note in data.notes:
        output.say(note)
    with output.progress("training") as report:
        trained = train.train_on(
            data, training_options(args), lambda done, total, _: report(done, total)
        )
    network = trained.network
    score = evaluate(network, data.test)
    file.write_graph(network, args.output)
    output.results |= {
        "output": args.output,
        "accuracy": score.accuracy,
        "synaptic_events": score.synaptic_events,
        "epochs": trained.epochs,
        "samples": {"train": len(data.train), "test": len(data.test)},
        "notes": data.notes,
    }
    unit = "test samples" if network.stream is None else "windows of test recordings"
    output.say(
        f"{args.output}: {score.accuracy:.2%} of {len(data.test)} {unit}, "
        f"{score.synaptic_events:,.0f} synaptic events a sample, after {trained.epochs} epochs"
    )
    return 0


def _cut(args: argparse.Namespace) -> Cut | None:
    """Return the rule that cuts recordings into windows; None without `--window`."""
    if args.window is not None:
        return Cut(args.window, args.hop, args.every or 1, args.rate, tuple(args.exclude or ()))
    for name in ("every", "rate", "exclude"):
        if getattr(args, name) is not None:
            raise UsageError(f"--{name} is for a folder of recordings; give --window as well")
    return None


def sizes(text: str) -> tuple[int, ...]:
    """Return the numbers of neurons in an argument such as "64,32"; () for "none"."""
    if text == "none":
        return ()
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = (0,)
    if min(numbers) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of sizes such as 64 or 64,32, nor none"
        )
    return numbers
