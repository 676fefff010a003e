"""The verb `convert`: turns a float network into integer tables with a proof."""

import argparse
from typing import NamedTuple

from spikelet import files
from spikelet.boards import catalogue
from spikelet.cli import options, pictures, show
from spikelet.conversion import convert, drift, quantisation, weight_storage
from spikelet.conversion.convert import LayerReport
from spikelet.conversion.weight_storage import Option
from spikelet.graphs import file
from spikelet.inputs.dataset import Dataset
from spikelet.networks import lif_file, score, trial_samples
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.lif_file import save_network
from spikelet.networks.network import Network
from spikelet.output import Output

EXAMPLE = "spikelet convert net.nir -o net.lif"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `convert`."""
    parser.add_argument("graph", metavar="FILE.nir", help="graph that Spikelet wrote")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".lif file to write")
    parser.add_argument("--bits", type=int, metavar="N", help="bits of a weight, 3..8 (default: 8)")
    parser.add_argument(
        "--board",
        metavar="NAME",
        help="store weights in the form that this board, a name of `spikelet boards`, adds fastest, "
        "with the fewest bits that keep the accuracy within 0.1 point",
    )
    options.add_samples(parser, "--samples", "to compare the accuracy before and after")
    parser.add_argument(
        "--report",
        nargs="?",
        const="",
        metavar="PICTURE",
        help="compare every spike of floats and integers, and draw the comparison if you name a file",
    )
    parser.add_argument(
        "--spikes", metavar="FILE", help="write the spikes of the integers as NIR data"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Convert and write the network, and compare it with the float network."""
    files.check_outputs([args.output, args.report, args.spikes], [args.graph, args.samples])
    graph, sha256 = file.read_with_sha256(args.graph)
    converted, samples = _converted(graph, sha256, args, output)
    network, reports = converted.network, converted.reports
    save_network(network, args.output)
    size = len(lif_file.to_bytes(network))
    output.results |= {"output": args.output, "bytes": size}
    output.say(f"{args.output}: {size:,} bytes")
    show.show_proof(network, [report.bounds for report in reports], output)
    for number, report in enumerate(reports):
        for change in report.changes:
            output.say(f"layer {number}: {change}")
    output.results["changes"] = [list(report.changes) for report in reports]
    if samples.classes or args.report is not None or args.spikes:
        _compare(graph, converted, samples, args, output)
    return 0


class _Converted(NamedTuple):
    bits: int
    network: Network
    reports: tuple[LayerReport, ...]


def _converted(
    graph: FloatNetwork, sha256: bytes, args: argparse.Namespace, output: Output
) -> tuple[_Converted, Dataset]:
    """Return the conversion of the command line or for a board, and samples to try it on."""
    bits = quantisation.BITS[1] if args.bits is None else args.bits
    widest = _Converted(bits, *convert.convert_network(graph, sha256, bits))
    samples = trial_samples.fitting(widest.network, args.samples, args.every)
    if args.board is None:
        return widest, samples
    board = catalogue.load_board_type(args.board)
    candidates = weight_storage.options_for(graph, sha256, board, samples, args.bits)
    chosen = weight_storage.fastest(candidates)
    _show_options(candidates, chosen, output)
    kernel = board.kernels[0]
    output.say(
        f"{board.name}, kernel {kernel}: {chosen.bits} bits, {chosen.storage}; "
        f"compared on {len(samples.x)} samples, {samples.name}"
    )
    output.results |= {"board": board.name, "kernel": kernel, "bits": chosen.bits}
    return _Converted(chosen.bits, chosen.network, chosen.reports), samples


def _compare(
    graph: FloatNetwork,
    converted: _Converted,
    samples: Dataset,
    args: argparse.Namespace,
    output: Output,
) -> None:
    """Simulate both networks once; show, draw and write the results that the options name."""
    network, integers = converted.network, converted.network.simulate(samples.x)
    floats = graph.simulate(samples.x) if samples.classes or args.report is not None else None
    if samples.classes and floats is not None:
        before = score.of_trace(graph, samples, floats)
        after = score.of_trace(network, samples, integers)
        output.results |= {
            "accuracy": after.accuracy,
            "accuracy_float": before.accuracy,
            "synaptic_events": after.synaptic_events,
            "synaptic_events_float": before.synaptic_events,
        }
        output.say(
            f"accuracy on {len(samples.x)} test samples: float {before.accuracy:.2%}, "
            f"int{converted.bits} {after.accuracy:.2%}; {after.synaptic_events:,.0f} "
            "synaptic events each"
        )
    if args.report is not None and floats is not None:
        differences = drift.compare_traces(graph, network, converted.reports, floats, integers)
        show.show_drift(differences, output)
        if args.report:
            pictures.drift(args.report, differences)
            output.say(f"{args.report}: every neuron's rate, integers against floats")
    if args.spikes:
        drift.write_spikes(args.spikes, integers, graph.dt)
        output.say(f"{args.spikes}: the spikes of every layer, as NIR data")


def _show_options(candidates: list[Option], chosen: Option, output: Output) -> None:
    rows = [
        (
            option.bits,
            option.storage,
            "-" if option.accuracy is None else f"{option.accuracy:.2%}",
            f"{option.instructions:,.0f}",
            f"{option.size:,}",
            "chosen" if option is chosen else "",
        )
        for option in candidates
    ]
    columns = ("bits", "storage by layer", "accuracy", "instructions of events", "bytes", "")
    output.table(columns, rows)
