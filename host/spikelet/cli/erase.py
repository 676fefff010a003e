"""The option `spikelet flash --erase`: removes files from a board."""

import argparse
import sys

from spikelet.cli import board_steps
from spikelet.errors import SpikeletError, UsageError
from spikelet.flashing import erase, stage
from spikelet.output import Output


def run(args: argparse.Namespace, output: Output) -> int:
    """Ask before the files are removed, then remove them."""
    port = board_steps.port(args, output)
    if port.in_place or args.rom:
        raise UsageError(f"{port.name} keeps its files in ROM; flash another network instead")
    with port.connect() as transport:
        files = stage.files_of(transport)
        entries = erase.everything(files) if args.all else erase.own_files(files)
        sizes = [size for size in entries.values() if size >= 0]
        selection = "all files" if args.all else "Spikelet's files"
        summary = f"{selection} on {port.name}: {len(sizes)}, {sum(sizes):,} bytes"
        output.results |= {"files": len(sizes), "bytes": sum(sizes)}
        if args.dry_run:
            output.say(f"{summary}; no file was removed")
            return 0
        if sizes and not args.yes:
            _ask(summary)
        erase.erase(files, entries)
    output.say(f"removed {summary}")
    return 0


def _ask(summary: str) -> None:
    """Raise SpikeletError unless the user says yes."""
    if not sys.stdin.isatty():
        raise UsageError(
            f"no file was removed ({summary}); add --yes to remove them without a question"
        )
    answer = input(f"remove {summary}? [y/N] ")
    if answer.strip().lower() not in ("y", "yes"):
        raise SpikeletError(f"no file was removed ({summary})")
