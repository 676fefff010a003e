"""`spikelet convert`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.conversion.convert import LayerReport
    from spikelet.conversion.weight_storage import Option
    from spikelet.networks.float_network import FloatNetwork
    from spikelet.networks.network import Network
    from spikelet.output import Output

SUMMARY = "Turn a NIR graph into int8 tables, and prove that they fit 16-bit integers."
EXAMPLE = "spikelet convert net.nir -o net.lif"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `convert` takes."""
    from spikelet.cli import common

    parser.add_argument("graph", metavar="FILE.nir", help="a graph that Spikelet wrote")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the .lif to write")
    parser.add_argument(
        "--bits", type=int, metavar="N", help="3..8, that a weight takes (default: 8)"
    )
    parser.add_argument(
        "--board",
        metavar="NAME",
        help="one of `spikelet boards`: store weights as it adds them fastest, in as few bits as keep "
        "the accuracy within 0.1 point",
    )
    common.add_samples(parser, "--samples", "to compare accuracy before and after")
    parser.add_argument(
        "--report",
        nargs="?",
        const="",
        metavar="PICTURE",
        help="compare every spike of floats and integers, and draw that where a file is named",
    )
    parser.add_argument(
        "--spikes", metavar="FILE", help="write the integers' spikes as NIR's own data"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Convert, compare with the float network, write."""
    from spikelet import files
    from spikelet.cli import common, pictures
    from spikelet.conversion import drift
    from spikelet.graphs import file
    from spikelet.networks import score, trial_samples

    for target in filter(None, (args.output, args.report, args.spikes)):
        files.check_target(target)

    graph = file.read(args.graph)
    sha256 = bytes.fromhex(file.sha256(args.graph))
    bits, network, reports = _converted(graph, sha256, args, output)
    given = trial_samples.fitting(network, args.samples, args.every)
    network.save(args.output)
    output.results |= {"output": args.output, "bytes": len(network.to_bytes())}
    output.say(f"{args.output}: {len(network.to_bytes()):,} bytes")
    common.show_proof(network, [report.bounds for report in reports], output)
    for number, report in enumerate(reports):
        for change in report.changes:
            output.say(f"layer {number}: {change}")
    output.results["changes"] = [list(report.changes) for report in reports]
    if given.classes:
        before = score.evaluate(graph, given)
        after = score.evaluate(network, given)
        output.results |= {
            "accuracy": after.accuracy,
            "accuracy_float": before.accuracy,
            "synaptic_events": after.synaptic_events,
            "synaptic_events_float": before.synaptic_events,
        }
        output.say(
            f"accuracy on {len(given.x)} test samples: float {before.accuracy:.2%}, "
            f"int{bits} {after.accuracy:.2%}; {after.synaptic_events:,.0f} synaptic events each"
        )
    if args.report is not None:
        found = drift.measure(graph, network, reports, given.x)
        common.show_drift(found, output)
        if args.report:
            pictures.drift(args.report, found)
            output.say(f"{args.report}: every neuron's rate, integers against floats")
    if args.spikes:
        drift.write_spikes(args.spikes, network.simulate(given.x), graph.dt)
        output.say(f"{args.spikes}: the spikes of every layer, as NIR data")
    return 0


def _converted(
    graph: FloatNetwork, sha256: bytes, args: argparse.Namespace, output: Output
) -> tuple[int, Network, tuple[LayerReport, ...]]:
    """Return the bits, the network and the reports that were asked for, or that suit a board."""
    from spikelet.boards import catalogue
    from spikelet.conversion import convert, quantisation, weight_storage
    from spikelet.networks import trial_samples

    bits = quantisation.BITS[1] if args.bits is None else args.bits
    if args.board is None:
        return bits, *convert.convert(graph, sha256, bits)
    board = catalogue.load(args.board)
    widest = convert.convert(graph, sha256, bits)[0]
    given = trial_samples.fitting(widest, args.samples, args.every)
    found = weight_storage.options(
        graph, sha256, board, given, weight_storage.BITS if args.bits is None else (bits,)
    )
    chosen = weight_storage.fastest(found)
    _show_options(found, chosen, output)
    kernel = board.kernels[0]
    output.say(
        f"{board.name}, kernel {kernel}: {chosen.bits} bits, {chosen.storage}; "
        f"compared on {len(given.x)} samples, {given.name}"
    )
    output.results |= {"board": board.name, "kernel": kernel, "bits": chosen.bits}
    return chosen.bits, chosen.network, chosen.reports


def _show_options(found: list[Option], chosen: Option, output: Output) -> None:
    rows = [
        (
            option.bits,
            option.storage,
            "-" if option.accuracy is None else f"{option.accuracy:.2%}",
            f"{option.instructions:,.0f}",
            f"{option.size:,}",
            "chosen" if option is chosen else "",
        )
        for option in found
    ]
    columns = ("bits", "storage by layer", "accuracy", "instructions of events", "bytes", "")
    output.table(columns, rows)
