"""The verb `verify`: compares every value of a board with the reference."""

import argparse

from spikelet.cli import board_steps, options, show
from spikelet.errors import FAILED, RIGHT
from spikelet.link import verify
from spikelet.networks import score, trial_samples
from spikelet.networks.lif_file import load_network
from spikelet.networks.proof import check_proof
from spikelet.output import Output

EXAMPLE = "spikelet verify net.lif --port qemu:m0 --kernel viper"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `verify`."""
    parser.add_argument("network", metavar="FILE.lif", help="network that the board holds")
    options.add_port(parser)
    options.add_kernel(parser)
    options.add_samples(
        parser,
        "--samples",
        "to compare (default: the test part of the digits; random samples for other networks)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Verify; return 0 only if all values are equal and no frame was lost."""
    loaded = load_network(args.network)
    check_proof(loaded)
    samples = trial_samples.fitting(loaded, args.samples, args.every)
    port = board_steps.port(args, output)
    with (
        board_steps.link(port, loaded, args.kernel, output) as (link, _),
        output.progress("verifying") as report,
    ):
        result = verify.verify(link, loaded, samples.x, report)
    show.show_verification(result, output)
    events = score.evaluate(loaded, samples).synaptic_events
    output.results["synaptic_events"] = events
    summary = f"{events:,.0f} synaptic events a sample"
    if samples.classes:
        answers = result.answers.reshape(len(samples), -1)
        accuracy = score.accuracy(score.whole_windows(loaded, answers), samples)
        output.results["accuracy"] = accuracy
        summary = f"accuracy {accuracy:.2%}, {summary}"
    output.say(summary)
    return RIGHT if result.passed else FAILED
