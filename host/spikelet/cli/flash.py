"""`spikelet flash`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output

SUMMARY = (
    "Put the runtime and a network on a board; its old files stay until the new ones are whole."
)
EXAMPLE = "spikelet flash net.lif --port virtual"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `flash` takes."""
    from spikelet.cli import common

    parser.add_argument("network", metavar="FILE.lif")
    common.add_port(parser)
    common.add_samples(parser, "--recording", "for the board to replay by itself")


def run(args: argparse.Namespace, output: Output) -> int:
    """Copy the files, then ask the board what it holds."""
    from spikelet import network, resources, samples
    from spikelet.cli import common
    from spikert.session import NETWORK, RECORDING

    loaded = network.load(args.network)
    files = {**resources.runtime_files(), NETWORK: loaded.to_bytes()}
    if args.recording:
        replayed = samples.named(args.recording, loaded, args.every)
        files[RECORDING] = loaded.turn_bytes(replayed.x)
    where = common.port(args, output)
    total = sum(len(data) for data in files.values())
    with output.progress("flashing") as report:
        for done, of in where.install(files):
            report(done, of)
    with common.link(where, loaded, "", output):
        output.results |= {"files": len(files), "bytes": total}
        output.say(f"{len(files)} files, {total:,} bytes; the board has loaded {args.network}")
    return 0
