"""`spikelet demo`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output

SUMMARY = "Go the whole way once: train on digits, convert, prove, flash, verify every spike, draw."
EXAMPLE = "spikelet demo --port virtual --folder demo"
SHOWN = 12  # samples in the picture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `demo` takes."""
    from spikelet.cli import common

    common.add_port(parser)
    common.add_kernel(parser)
    parser.add_argument("--folder", default="demo", metavar="DIR", help="where its files go")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the other verbs, one after the other, then draw what the board did."""
    from pathlib import Path

    from spikelet import network, picture
    from spikelet.cli import common, convert, flash, train, verify
    from spikelet.errors import SpikeletError

    folder = Path(args.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpikeletError(f"cannot make {folder}: {error.strerror}") from None
    graph, tables, drawn = (str(folder / name) for name in ("net.nir", "net.lif", "raster.png"))
    port = ["--port", args.port] if args.port else []
    kernel = ["--kernel", args.kernel] if args.kernel else []
    status = 0
    for verb, arguments in (
        (train, ["digits", "-o", graph, "--seed", str(args.seed)]),
        (convert, [graph, "-o", tables]),
        (flash, [tables, *port]),
        (verify, [tables, *port, *kernel]),
    ):
        parser = argparse.ArgumentParser()
        verb.add_arguments(parser)
        output.say(f"\n$ spikelet {verb.__name__.rpartition('.')[2]} {' '.join(arguments)}")
        status = max(status, verb.run(parser.parse_args(arguments), output))
    loaded = network.load(tables)
    x = common.named_samples("digits", loaded).x[:SHOWN]
    output.say()
    try:
        picture.raster(drawn, loaded, x, loaded.simulate(x))
    except SpikeletError as error:
        output.warn(str(error))
    else:
        output.results["picture"] = drawn
        output.say(f"{drawn}: the first {SHOWN} test images and every spike they caused")
    return status
