"""`spikelet flash`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spikelet.boards.interpreter import Interpreter
    from spikelet.boards.resolve import Port
    from spikelet.flashing.layout import Layout
    from spikelet.flashing.rom import Rom
    from spikelet.networks.network import Network
    from spikelet.output import Output

SUMMARY = "Put the runtime and a network on a board; what it runs stays until the new is loaded."
EXAMPLE = "spikelet flash net.lif --port virtual"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `flash` takes."""
    from spikelet.cli import common

    parser.add_argument("network", metavar="FILE.lif", nargs="?")
    common.add_port(parser)
    common.add_samples(parser, "--recording", "for the board to replay by itself")
    common.add_sensor(parser)
    parser.add_argument(
        "--rom", action="store_true", help="into the board's ROM partition, to be read in place"
    )
    parser.add_argument(
        "--small",
        action="store_true",
        help="only what this network and sensor need of the runtime, as where there is no room for more",
    )
    parser.add_argument("--board", metavar="NAME", help="refuse any other board than this one")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be sent, kept and removed, and stop"
    )
    parser.add_argument(
        "--erase", action="store_true", help="remove all that Spikelet has put on the board instead"
    )
    parser.add_argument("--all", action="store_true", help="with --erase: every other file as well")
    parser.add_argument(
        "--yes",
        action="store_true",
        help="with --erase: do not ask; with --rom: write it even if a cut would leave no network",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Make sure that there is room, stage the files, try them, then put them to use."""
    from spikelet.boards import interpreter
    from spikelet.cli import common, erase
    from spikelet.errors import SpikeletError
    from spikelet.flashing import rom, stage
    from spikelet.flashing.runtime import choice, fit, needs
    from spikelet.flashing.runtime import parts as runtime_parts
    from spikelet.networks import network

    if args.erase:
        return erase.run(args, output)
    if args.network is None:
        raise SpikeletError("name a FILE.lif to flash, or --erase")
    loaded = network.load(args.network)
    put = _put(args, loaded)
    where = common.port(args, output)
    asked = interpreter.ask(where)
    if args.board:
        interpreter.check_board(asked, args.board, where.name)
    if not args.dry_run:
        common.install_driver(args, where, asked, output)
    if args.rom:
        where = rom.Rom(where, asked.rom_size)
        asked = replace(asked, flash_size=asked.rom_size)
    parts, task = runtime_parts.of(asked), needs.task_of(loaded, put)
    chosen = choice.choose(where, asked, parts, task, put, small=args.small)
    files = chosen.files
    has = fit.of_interpreter(where.name, asked, parts, files, in_place=where.in_place)
    need = has.check(loaded)
    output.results |= {
        "files": len(files),
        "bytes": sum(len(data) for data in files.values()),
        "bytecode": any(path.endswith(".mpy") for path in files),
        "ram": {"needed": need.ram, "free": has.ram, "parts": dict(need.parts())},
        "left_out": chosen.record,
    }
    if args.dry_run:
        status = _dry_run(where, files, output)
        output.say(chosen.sentence)
        return status
    sent, own = _flash(args, where, files, loaded, output)
    if _starts_with(asked) in own:
        output.say(stage.own_entries_note(own))
    output.results |= {"sent": sent, "own": own}
    output.say(
        f"{len(files)} files, {output.results['bytes']:,} bytes, of which {sent:,} were sent; "
        f"the board has loaded {args.network}"
    )
    output.say(chosen.sentence)
    return 0


def _put(args: argparse.Namespace, loaded: Network) -> dict[str, bytes]:
    """Return what is flashed besides the runtime."""
    from spikelet.boards import sensor_settings
    from spikelet.errors import SpikeletError
    from spikelet.networks import trial_samples
    from spikert.session import NETWORK, RECORDING, SENSOR

    put = {NETWORK: loaded.to_bytes()}
    if args.recording:
        replayed = trial_samples.named(args.recording, loaded, args.every)
        put[RECORDING] = loaded.turn_bytes(replayed.x)
    if args.sensor:
        settings = sensor_settings.parse(args.sensor, args.rate)
        if settings["sensor"] == "replay":
            settings.setdefault("channels", loaded.channels)
        put[SENSOR] = sensor_settings.to_bytes(settings)
    elif args.rate is not None:
        raise SpikeletError("--rate is of a sensor; say with --sensor of which")
    return put


def _flash(
    args: argparse.Namespace,
    where: Port,
    files: Mapping[str, bytes],
    loaded: Network,
    output: Output,
) -> tuple[int, tuple[str, ...]]:
    """Do all steps; return how many bytes were sent, and the entry points that are the user's own."""
    from spikelet.flashing import rom

    if not where.in_place:
        return _as_files(where, files, loaded, output)
    if isinstance(where, rom.Rom) and where.is_in_use():
        _bridge(args, where, files, loaded, output)
    return _in_place(where, files, loaded, output)


def _as_files(
    where: Port, files: Mapping[str, bytes], loaded: Network, output: Output
) -> tuple[int, tuple[str, ...]]:
    """Flash a board's file system."""
    from spikelet.cli import common
    from spikelet.flashing import layout as board_layout
    from spikelet.flashing import stage

    layout = board_layout.of(files)
    sent = common.stage(where, layout, output, "flashing")
    _try(where, loaded, layout, output)
    with where.connect() as transport:
        board = stage.of(transport)
        own = stage.activate(board, layout)
        stage.clean(board, layout)
    return sent, own


def _in_place(
    where: Port, files: Mapping[str, bytes], loaded: Network, output: Output
) -> tuple[int, tuple[str, ...]]:
    """Flash a board's ROM, then have the board start from there."""
    from spikelet.cli import common
    from spikelet.flashing import rom

    with output.progress("flashing") as report:
        sent = 0
        for sent, of in where.install(files):
            report(sent, of)
    with common.link(where, loaded, "", output):
        pass
    return sent, where.activate(files) if isinstance(where, rom.Rom) else ()


def _bridge(
    args: argparse.Namespace,
    where: Rom,
    files: Mapping[str, bytes],
    loaded: Network,
    output: Output,
) -> None:
    """Have a board start from its files while its ROM, from which it starts, is written."""
    from spikelet.errors import BoardGone, SpikeletError

    try:
        _as_files(where.port, files, loaded, output)
    except BoardGone:
        raise
    except SpikeletError as error:
        if args.yes:
            output.warn(f"nothing starts {where.name} if the power goes now: {error}")
            return
        raise SpikeletError(
            f"{error}; its ROM was not written, for nothing would start the board if the power went "
            "meanwhile; add --yes to write it all the same"
        ) from None


def _starts_with(asked: Interpreter) -> str:
    """Return the entry point that the interpreter looks for first."""
    return "code.py" if asked.name == "circuitpython" else "main.py"


def _try(where: Port, loaded: Network, layout: Layout, output: Output) -> None:
    """Have the board load the network from where it was staged, or raise SpikeletError."""
    from spikelet.cli import common
    from spikelet.errors import SpikeletError

    try:
        with common.link(where, loaded, "", output, layout.paths):
            pass
    except SpikeletError as error:
        raise SpikeletError(f"{error}; it was not put to use, what the board had is") from None


def _dry_run(where: Port, files: Mapping[str, bytes], output: Output) -> int:
    """Say what would be done."""
    from spikelet.errors import SpikeletError
    from spikelet.flashing import layout as board_layout
    from spikelet.flashing import stage

    if where.in_place:
        raise SpikeletError("a ROM image is written as a whole; flash without --dry-run")
    with where.connect() as transport:
        plan = stage.plan(stage.of(transport), board_layout.of(files))
    parts = {"send": plan.send, "keep": plan.keep, "remove": plan.remove}
    output.results |= parts
    rows = [(what, path, size) for what, part in parts.items() for path, size in part.items()]
    output.table(("", "file", "bytes"), rows)
    sums = {what: (len(part), sum(part.values())) for what, part in parts.items()}
    output.say(
        "nothing was changed; a flash would "
        + ", ".join(
            f"{what} {count} files of {size:,} bytes" for what, (count, size) in sums.items()
        )
    )
    if plan.own:
        output.say(stage.own_entries_note(plan.own))
    return 0
