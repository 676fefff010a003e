"""The verb `demo`: runs train, convert, flash and verify, then draws the spikes."""

import argparse
from pathlib import Path
from typing import Any

from spikelet.cli import convert, flash, options, pictures, train, verify
from spikelet.errors import SpikeletError
from spikelet.networks import trial_samples
from spikelet.networks.lif_file import load_network
from spikelet.output import Output

EXAMPLE = "spikelet demo --port virtual --folder demo"
# Samples in the picture.
SHOWN = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `demo`."""
    options.add_port(parser)
    options.add_kernel(parser)
    parser.add_argument(
        "--folder", default="demo", metavar="DIR", help="folder for the files (default: demo)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the random numbers (default: 0)"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the other verbs one after the other, then draw the spikes of the board."""
    folder = Path(args.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpikeletError(f"cannot make {folder}: {error.strerror}") from None
    graph, tables, drawn = (str(folder / name) for name in ("net.nir", "net.lif", "raster.png"))
    port = ["--port", args.port] if args.port else []
    port += ["--timeout", str(args.timeout)] if args.timeout else []
    kernel = ["--kernel", args.kernel] if args.kernel else []
    status, results = 0, output.results
    for verb, arguments in (
        (train, ["digits", "-o", graph, "--seed", str(args.seed)]),
        (convert, [graph, "-o", tables]),
        (flash, [tables, *port]),
        (verify, [tables, *port, *kernel]),
    ):
        name = verb.__name__.rpartition(".")[2]
        parser = argparse.ArgumentParser()
        verb.add_arguments(parser)
        output.say(f"\n$ spikelet {name} {' '.join(arguments)}")
        output.results = results[name] = {}
        status = max(status, verb.run(parser.parse_args(arguments), output))
    output.results = results
    for key in ("accuracy", "synaptic_events", "samples", "differences", "lost_frames"):
        results[key] = results["verify"][key]
    loaded = load_network(tables)
    x = trial_samples.samples_named("digits", loaded).x[:SHOWN]
    output.say()
    try:
        pictures.raster(drawn, loaded, x, loaded.simulate(x))
    except SpikeletError as error:
        output.warn(str(error))
    else:
        results["picture"] = drawn
        output.say(f"picture          {drawn}: {SHOWN} test images and every spike they caused")
    _summarise(results, output)
    return status


def _summarise(results: dict[str, Any], output: Output) -> None:
    """Show each result in a line."""
    verified, converted = results["verify"], results["convert"]
    samples = verified["samples"]
    reach = max(abs(end) for layer in converted["layers"] for end in layer["reach"])
    output.say(f"accuracy         {results['accuracy']:.2%} of {samples} test images")
    output.say(f"spikes           {verified['spikes'] / max(samples, 1):.0f} an image")
    output.say(f"synaptic events  {results['synaptic_events']:,.0f} an image")
    output.say(f"memory           {converted['bytes']:,} bytes of tables")
    output.say(f"proof            no value exceeds {reach:,}; int16 holds 32,767")
    output.say(
        f"verified         {verified['values']:,} values on {verified['port']}, "
        f"{results['lost_frames']} lost frames, {results['differences']} differences"
    )
