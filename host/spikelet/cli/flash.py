"""`spikelet flash`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output

SUMMARY = (
    "Put the runtime and a network on a board; its old files stay until the new ones are whole."
)
EXAMPLE = "spikelet flash net.lif --port virtual"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `flash` takes."""
    from spikelet.cli import common

    parser.add_argument("network", metavar="FILE.lif")
    common.add_port(parser)
    common.add_samples(parser, "--recording", "for the board to replay by itself")
    parser.add_argument(
        "--rom", action="store_true", help="into the board's ROM partition, to be read in place"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Make sure that there is room, copy the files, then ask the board what it holds."""
    from spikelet import bytecode, interpreter, network, rom, room, samples
    from spikelet.cli import common
    from spikert.session import NETWORK, RECORDING

    loaded = network.load(args.network)
    put = {NETWORK: loaded.to_bytes()}
    if args.recording:
        replayed = samples.named(args.recording, loaded, args.every)
        put[RECORDING] = loaded.turn_bytes(replayed.x)
    where = common.port(args, output)
    asked = interpreter.ask(where)
    if args.rom:
        where = rom.Rom(where, asked.rom_size)
        asked = replace(asked, flash_size=asked.rom_size)
    files = bytecode.runtime_files(asked) | put
    has = room.of_interpreter(where.name, asked, files, in_place=where.folder == "/rom/")
    need = has.check(loaded)
    total = sum(len(data) for data in files.values())
    with output.progress("flashing") as report:
        for done, of in where.install(files):
            report(done, of)
    bytecode.remove_other_forms(where, files)
    with common.link(where, loaded, "", output):
        output.results |= {
            "files": len(files),
            "bytes": total,
            "bytecode": any(path.endswith(".mpy") for path in files),
            "ram": {"needed": need.ram, "free": has.ram, "parts": dict(need.parts())},
        }
        output.say(f"{len(files)} files, {total:,} bytes; the board has loaded {args.network}")
    return 0
