"""`spikelet export`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output

SUMMARY = "Write a graph that another framework reads with the same spikes in float."
EXAMPLE = "spikelet export net.nir -o theirs.nir --for snntorch"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `export` takes."""
    parser.add_argument("graph", metavar="FILE.nir", help="a graph that Spikelet wrote")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the .nir to write")
    parser.add_argument(
        "--for",
        dest="framework",
        choices=("snntorch",),
        required=True,
        help="what is to read it; others read Spikelet's own files as NIR defines them",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Write the graph, and say what the framework must be told besides."""
    import nir

    from spikelet import files, nir_graph, snntorch_export

    files.check_target(args.output)
    network = nir_graph.read(args.graph)
    graph = snntorch_export.for_snntorch(network)
    with files.replacing(args.output) as temporary:
        nir.write(temporary, graph)
    told = snntorch_export.snippet(network, graph)
    output.results |= {"output": args.output, "layers": len(network.layers), "snippet": told}
    output.say(f"{args.output}: {len(network.layers)} layers, for snntorch.import_from_nir")
    if told:
        output.say("before each batch of `samples`, tell the network how its neurons reset:")
        output.say(told)
    return 0
