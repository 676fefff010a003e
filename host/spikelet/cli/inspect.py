"""`spikelet inspect`."""

import argparse

from spikelet.boards import catalogue
from spikelet.cli import show
from spikelet.flashing.runtime import fit
from spikelet.flashing.runtime.fit import Room
from spikelet.networks import lif_file
from spikelet.networks import proof as bounds
from spikelet.networks.lif_file import load_network
from spikelet.networks.network import Network
from spikelet.output import Output

EXAMPLE = "spikelet inspect net.lif --board qemu-m0"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `inspect` takes."""
    parser.add_argument("network", metavar="FILE.lif")
    parser.add_argument("--board", metavar="NAME", help="one of `spikelet boards`")


def run(args: argparse.Namespace, output: Output) -> int:
    """Show the tables, prove them again, compare with the board's memory."""

    board = catalogue.load(args.board) if args.board else None
    loaded = load_network(args.network)
    size = len(lif_file.to_bytes(loaded))
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
    show.show_proof(loaded, proof, output)
    fits = all(layer.reach.fits for layer in proof)
    if board is None:
        return 0 if fits else 1
    has = fit.of_board(board)
    if not has.holds(has.need(loaded)) and board.first.rom_size:
        output.say(
            f"{board.name}'s file system is too small; in its ROM partition, with flash --rom:"
        )
        has = fit.of_board(board, in_rom=True)
    return 0 if _show_room(has, loaded, output) and fits else 1


def _show_room(board: Room, network: Network, output: Output) -> bool:
    """Show what a network needs of a board's memory, part by part; return whether it has that."""
    need = board.need(network)
    fits = board.holds(need)
    parts = dict(need.parts())
    output.results |= {
        "fits": fits,
        "kernel": board.kernel,
        "small": board.is_short(network),
        "ram": {"needed": need.ram, "free": board.ram, "parts": parts},
        "flash": {"needed": need.flash, "free": board.flash},
    }
    of_which = [(f"  {name}", size, "") for name, size in parts.items()]
    rows = [("RAM", need.ram, _free(board.ram)), *of_which]
    rows.append(("flash", need.flash, _free(board.flash)))
    output.table((f"{board.name}, kernel {board.kernel}", "bytes needed", "there are"), rows)
    if board.is_short(network):
        output.say(
            f"{board.name} has no room for all of the runtime; this is with what the network needs of "
            "it, and no sensor"
        )
    if fits and board.ram is None:
        output.say(f"fits {board.name} as far as is known; its RAM is unknown until it is asked")
    elif fits:
        output.say(f"fits {board.name}")
    else:
        output.say(f"does not fit: {board.shortage(need)}; {board.advice(network, need)}")
    return fits


def _free(size: int | None) -> str:
    if size is None:
        return "unknown until asked"
    return f"{size:,}" if size else "enough"
