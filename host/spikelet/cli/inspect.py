"""`spikelet inspect`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output

SUMMARY = "Show what a .lif file holds, what is proved of it, and whether a board has room for it."
EXAMPLE = "spikelet inspect net.lif --board qemu-m0"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `inspect` takes."""
    parser.add_argument("network", metavar="FILE.lif")
    parser.add_argument("--board", metavar="NAME", help="one of `spikelet boards`")


def run(args: argparse.Namespace, output: Output) -> int:
    """Show the tables, prove them again, compare with the board's memory."""
    from spikelet import boards, bounds, network
    from spikelet.cli import common

    board = boards.load(args.board) if args.board else None
    loaded = network.load(args.network)
    size = len(loaded.to_bytes())
    sizes = "-".join(str(n) for n in (loaded.channels, *(layer.neurons for layer in loaded.layers)))
    output.results |= {
        "encoder": loaded.encoder,
        "steps": loaded.steps,
        "readout": loaded.readout,
        "classes": loaded.classes,
        "bytes": size,
        "source_sha256": loaded.source_sha256,
    }
    output.say(
        f"{args.network}: {sizes}, encoder {loaded.encoder}, {loaded.steps} steps, "
        f"readout {loaded.readout}, {size:,} bytes"
    )
    output.say(f"classes: {', '.join(loaded.classes)}")
    output.say(f"from the graph with sha256 {loaded.source_sha256.hex()}")
    proof = bounds.prove(loaded)
    common.show_proof(loaded, proof, output)
    fits = all(layer.reach.fits for layer in proof)
    if board is not None:
        room = not board.ram_free or size <= board.ram_free
        output.results["fits"] = room
        output.say(
            f"{board.name}: {board.ram_free:,} bytes of RAM free for Python, "
            f"the tables alone take {size:,}: {'fits' if room else 'does not fit'}"
        )
        fits = fits and room
    return 0 if fits else 1
