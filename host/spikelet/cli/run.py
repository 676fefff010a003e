"""The verb `run`: runs samples on a board and writes its spikes to a file."""

import argparse
import math
from typing import Any

import numpy as np

from spikelet import files
from spikelet.cli import board_steps, options
from spikelet.errors import SpikeletError
from spikelet.link import verify
from spikelet.networks import trial_samples
from spikelet.networks.lif_file import load_network
from spikelet.output import Output

EXAMPLE = "spikelet run net.lif samples.npz --port virtual -o spikes.npz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `run`."""
    parser.add_argument("network", metavar="FILE.lif", help="network that the board holds")
    options.add_samples(parser, "samples", "to run")
    options.add_port(parser)
    options.add_kernel(parser)
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".npz file to write")


def run(args: argparse.Namespace, output: Output) -> int:
    """Run all samples, then write all results, or none if one was lost."""
    files.check_outputs([args.output], [args.network, args.samples])
    loaded = load_network(args.network)
    x = trial_samples.samples_named(args.samples, loaded, args.every).x
    observations = []
    port = board_steps.port(args, output)
    with board_steps.link(port, loaded, args.kernel, output) as (link, _):
        with output.progress("running") as report:
            turns = x.size // math.prod(loaded.turn)
            for number, observation in verify.observe(link, loaded, x):
                observations.append(observation)
                report(number + 1, turns)
        output.results |= {"lost_frames": link.lost_frames, "repeated": link.repeated}
    whole = [observation for observation in observations if observation is not None]
    if len(whole) < turns:
        raise SpikeletError(
            f"{link.lost_frames} frames of {turns - len(whole)} samples were lost for good; "
            f"{args.output} was not written, try a better cable or a lower baud rate"
        )
    arrays: dict[str, Any] = {"answer": np.array([turn.answer for turn in whole])}
    for k in range(len(loaded.layers)):
        arrays[f"spikes_{k}"] = np.stack([turn.spikes[k] for turn in whole])
        arrays[f"membrane_{k}"] = np.stack([turn.membranes[k] for turn in whole])
    with files.replacing(args.output) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    output.results |= {"output": args.output, "samples": turns}
    output.say(f"{args.output}: {turns} samples, 0 frames lost, {link.repeated} samples repeated")
    return 0
