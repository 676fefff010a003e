"""`spikelet convert`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output

SUMMARY = "Turn a NIR graph into int8 tables, and prove that they fit 16-bit integers."
EXAMPLE = "spikelet convert net.nir -o net.lif"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `convert` takes."""
    parser.add_argument("graph", metavar="FILE.nir", help="a graph that Spikelet wrote")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the .lif to write")
    parser.add_argument(
        "--samples", metavar="S", help="digits or an .npz, to compare accuracy before and after"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Convert, compare with the float network, write."""
    from spikelet import conversion, evaluation, nir_graph
    from spikelet.cli import common

    graph = nir_graph.read(args.graph)
    network, reports = conversion.convert(graph, bytes.fromhex(nir_graph.sha256(args.graph)))
    samples = common.test_samples(network, args.samples)
    network.save(args.output)
    output.results |= {"output": args.output, "bytes": len(network.to_bytes())}
    output.say(f"{args.output}: {len(network.to_bytes()):,} bytes")
    common.show_proof(network, [report.bounds for report in reports], output)
    for number, report in enumerate(reports):
        for change in report.changes:
            output.say(f"layer {number}: {change}")
    output.results["changes"] = [list(report.changes) for report in reports]
    if samples.classes:
        before = evaluation.evaluate(graph, samples)
        after = evaluation.evaluate(network, samples)
        output.results |= {
            "accuracy": after.accuracy,
            "accuracy_float": before.accuracy,
            "synaptic_events": after.synaptic_events,
            "synaptic_events_float": before.synaptic_events,
        }
        output.say(
            f"accuracy on {len(samples.x)} test samples: float {before.accuracy:.2%}, "
            f"int8 {after.accuracy:.2%}; {after.synaptic_events:,.0f} synaptic events each"
        )
    return 0
