"""The verb `export`: writes a graph or a recording for other tools."""

import argparse

import nir

from spikelet import files
from spikelet.errors import RefusedInput, UsageError
from spikelet.graphs import file, to_snntorch
from spikelet.monitoring.journal import export, reader
from spikelet.output import Output

EXAMPLE = "spikelet export monday.journal -o monday.npz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `export`."""
    parser.add_argument(
        "source",
        metavar="FILE",
        help="graph that Spikelet wrote, or recording of `spikelet monitor --record`",
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="file to write")
    parser.add_argument(
        "--for",
        dest="framework",
        choices=("snntorch",),
        help="framework that reads the graph; other frameworks read the graphs of Spikelet directly",
    )
    parser.add_argument(
        "--form",
        choices=("npz", "csv", "nirdata", "tonic", "neo"),
        help="form of an exported recording (default: by the suffix .npz, .csv, .h5, .npy or .nix)",
    )
    parser.add_argument(
        "--rate",
        type=float,
        metavar="HZ",
        help="samples per second of the recording, for its times (default: as recorded)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Write a recording or a graph."""
    files.check_outputs([args.output], [args.source])
    if reader.is_journal(args.source):
        if args.framework:
            raise UsageError(f"{args.source} is a recording; --for is for graphs, see --form")
        return _export_journal(args, output)
    if not args.framework:
        raise RefusedInput(
            f"{args.source} is no recording of spikelet monitor --record; "
            "to export a graph, give --for snntorch"
        )
    return _export_graph(args, output)


def _export_journal(args: argparse.Namespace, output: Output) -> int:
    """Write a recording, and warn about damage in it."""
    form = args.form or export.form_of(args.output)
    files.check_outputs(export.paths(args.output, form), [args.source])
    journal = reader.load_journal(args.source)
    written = [str(path) for path in export.export(journal, args.output, form, args.rate)]
    turns = sum(1 for _ in journal.turns())
    output.results |= {"output": written, "form": form, "turns": turns, "note": journal.note}
    if journal.note:
        output.warn(journal.note)
    output.say(f"{', '.join(written)}: {turns:,} turns, as {form}")
    return 0


def _export_graph(args: argparse.Namespace, output: Output) -> int:
    """Write the graph, and show the code that the framework needs besides."""
    network = file.read_graph(args.source)
    graph = to_snntorch.for_snntorch(network)
    with files.replacing(args.output) as temporary:
        temporary.write_bytes(files.in_memory(nir.write, graph))
    snippet = to_snntorch.snippet(network, graph)
    output.results |= {"output": args.output, "layers": len(network.layers), "snippet": snippet}
    output.say(f"{args.output}: {len(network.layers)} layers, for snntorch.import_from_nir")
    if snippet:
        output.say("before each batch of `samples`, tell the network how its neurons reset:")
        output.say(snippet)
    return 0
