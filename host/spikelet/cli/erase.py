"""`spikelet flash --erase`."""

import argparse
import sys

from spikelet.cli import board_steps
from spikelet.errors import SpikeletError
from spikelet.flashing import erase, stage
from spikelet.output import Output


def run(args: argparse.Namespace, output: Output) -> int:
    """Say what would go, ask, and remove it."""

    where = board_steps.port(args, output)
    if where.in_place or args.rom:
        raise SpikeletError(f"{where.name} keeps its files in ROM; flash another network instead")
    with where.connect() as transport:
        files = stage.of(transport)
        found = erase.everything(files) if args.all else erase.ours(files)
        sizes = [size for size in found.values() if size >= 0]
        what = "all files" if args.all else "Spikelet's files"
        whose = f"{what} on {where.name}: {len(sizes)}, {sum(sizes):,} bytes"
        output.results |= {"files": len(sizes), "bytes": sum(sizes)}
        if args.dry_run:
            output.say(f"{whose}; nothing was removed")
            return 0
        if sizes and not args.yes:
            _ask(whose)
        erase.erase(files, found)
    output.say(f"removed {whose}")
    return 0


def _ask(whose: str) -> None:
    """Raise SpikeletError unless the user says yes."""

    if not sys.stdin.isatty():
        raise SpikeletError(
            f"nothing was removed ({whose}); add --yes to do it without being asked"
        )
    answer = input(f"remove {whose}? [y/N] ")
    if answer.strip().lower() not in ("y", "yes"):
        raise SpikeletError(f"nothing was removed ({whose})")
