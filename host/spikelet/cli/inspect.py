"""The verb `inspect`: shows the tables, the proof and the memory of a network."""

import argparse

from spikelet.boards import catalogue
from spikelet.cli import show
from spikelet.errors import RIGHT, RefusedInput
from spikelet.flashing.runtime import fit
from spikelet.flashing.runtime.fit import Capacity
from spikelet.networks import lif_file
from spikelet.networks.lif_file import load_network
from spikelet.networks.network import Network
from spikelet.networks.proof import check_proof, prove
from spikelet.output import Output

EXAMPLE = "spikelet inspect net.lif --board qemu-m0"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `inspect`."""
    parser.add_argument("network", metavar="FILE.lif", help="network to show")
    parser.add_argument(
        "--board",
        metavar="NAME",
        help="compare with the memory of this board, a name of `spikelet boards`",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Show the tables, prove them again, and compare with the memory of the board."""
    board = catalogue.load_board_type(args.board) if args.board else None
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
    proof = prove(loaded)
    show.show_proof(loaded, proof, output)
    check_proof(loaded, proof)
    if board is None:
        return RIGHT
    capacity = fit.of_board(board)
    if not capacity.holds(capacity.need(loaded)) and board.first.rom_size:
        output.say(
            f"{board.name}'s file system is too small; in its ROM partition, with flash --rom:"
        )
        capacity = fit.of_board(board, in_rom=True)
    return RIGHT if _show_room(capacity, loaded, output) else RefusedInput.status


def _show_room(board: Capacity, network: Network, output: Output) -> bool:
    """Show the memory that a network needs on a board, by part; return whether it fits."""
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
    by_part = [(f"  {name}", size, "") for name, size in parts.items()]
    rows = [("RAM", need.ram, _free(board.ram)), *by_part]
    rows.append(("flash", need.flash, _free(board.flash)))
    output.table((f"{board.name}, kernel {board.kernel}", "bytes needed", "available"), rows)
    if board.is_short(network):
        output.say(
            f"{board.name} cannot store the whole runtime; these figures are for the modules that the "
            "network needs, without a sensor"
        )
    if fits and board.ram is None:
        output.say(f"fits {board.name} as far as known; the board itself must report its free RAM")
    elif fits:
        output.say(f"fits {board.name}")
    else:
        output.say(f"does not fit: {board.shortage(need)}; {board.advice(network, need)}")
    return fits


def _free(size: int | None) -> str:
    if size is None:
        return "unknown until the board reports it"
    return f"{size:,}" if size else "enough"
