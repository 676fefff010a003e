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
        files = stage.files_of(transport, everywhere=args.all)
        erasure = erase.everything(files) if args.all else erase.own_files(files)
        sizes = [size for size in erasure.paths.values() if size >= 0]
        selection = "all files" if args.all else "Spikelet's files"
        summary = f"{selection} on {port.name}: {len(sizes)}, {sum(sizes):,} bytes"
        output.results |= {"files": len(sizes), "bytes": sum(sizes), "others": erasure.others}
        if args.dry_run:
            output.say(f"{summary}; no file was removed")
            board_steps.show_others(erasure.others, {}, output)
            return 0
        if sizes and not args.yes:
            _ask(summary)
        erase.erase(files, erasure)
    output.say(f"removed {summary}")
    board_steps.show_others(erasure.others, {}, output)
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
