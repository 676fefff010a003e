"""`spikelet verify`."""

import argparse

from spikelet.cli import board_steps, options, show
from spikelet.link import verify
from spikelet.networks import score, trial_samples
from spikelet.networks.lif_file import load_network
from spikelet.output import Output

EXAMPLE = "spikelet verify net.lif --port qemu:m0 --kernel viper"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `verify` takes."""

    parser.add_argument("network", metavar="FILE.lif")
    options.add_port(parser)
    options.add_kernel(parser)
    options.add_samples(
        parser, "--samples", "(default: the digits' test part; random ones for other networks)"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Verify, and return 0 only if nothing differs and nothing was lost."""

    loaded = load_network(args.network)
    given = trial_samples.fitting(loaded, args.samples, args.every)
    port = board_steps.port(args, output)
    with (
        board_steps.link(port, loaded, args.kernel, output) as (link, _),
        output.progress("verifying") as report,
    ):
        found = verify.verify(link, loaded, given.x, report)
    show.show_verification(found, output)
    events = score.evaluate(loaded, given).synaptic_events
    output.results["synaptic_events"] = events
    told = f"{events:,.0f} synaptic events a sample"
    if given.classes:
        answers = found.answers.reshape(len(given), -1)
        accuracy = score.accuracy(score.whole_windows(loaded, answers), given)
        output.results["accuracy"] = accuracy
        told = f"accuracy {accuracy:.2%}, {told}"
    output.say(told)
    return 0 if found.passed else 1
