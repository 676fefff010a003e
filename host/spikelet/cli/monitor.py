"""The verb `monitor`: watches a board and shows, checks or records its turns."""

import argparse
import contextlib

from spikelet import files
from spikelet.cli import board_steps, options
from spikelet.cli.show import show_board, show_verification
from spikelet.errors import FAILED, RIGHT, UsageError
from spikelet.flashing import held_network
from spikelet.monitoring.live_view import LiveView
from spikelet.monitoring.monitor import Monitor
from spikelet.monitoring.watch import source
from spikelet.output import Output

EXAMPLE = "spikelet monitor --port virtual --check --record monday.journal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `monitor`."""
    options.add_port(parser)
    options.add_kernel(parser)
    parser.add_argument("--samples", type=int, metavar="N", help="stop after N answers")
    parser.add_argument(
        "--replay",
        action="store_true",
        help="run on the flashed recording even if the board has a sensor",
    )
    parser.add_argument(
        "--check", action="store_true", help="compare every spike with the reference"
    )
    parser.add_argument(
        "--record", metavar="FILE", help="write every event to FILE, which `spikelet export` reads"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Watch until an interruption, or for the number of samples in `--samples`."""
    if args.record:
        _check_new(args.record)
    port = board_steps.port(args, output)
    network, flashed = held_network.read_held_network(port)
    with (
        LiveView(network, output, port.name) as view,
        Monitor(
            port,
            network,
            source(network, flashed, replay=args.replay),
            kernel=args.kernel,
            check=args.check,
            record=args.record,
            log=view.log,
            on_board=lambda name, info: show_board(name, info, output),
        ) as monitor,
    ):
        try:
            _follow(monitor, view, args.samples)
        except KeyboardInterrupt:
            if args.samples is not None:
                raise
    return _report(args, monitor, output)


def _follow(monitor: Monitor, view: LiveView, samples: int | None) -> None:
    """Show every event."""
    with contextlib.closing(monitor.events(samples)) as events:
        for event in events:
            view.show(event, monitor.watch, monitor.found if monitor.checks else None)


def _check_new(path: str) -> None:
    """Raise SpikeletError unless a new file at `path` is possible."""
    files.check_target(path)
    if files.is_regular(path):
        raise UsageError(f"{path} is there already; name another file")


def _report(args: argparse.Namespace, monitor: Monitor, output: Output) -> int:
    """Show the counts, and return the exit status."""
    watch, result = monitor.watch, monitor.found
    output.results |= {
        "samples": watch.answers,
        "lost_frames": watch.lost_frames,
        "reconnections": watch.reconnections,
        "answers": monitor.answers,
        **monitor.sampling,
    }
    if args.record:
        output.results["record"] = args.record
        output.say(f"{args.record}: contains every event; spikelet export reads it")
    if sampled := ", ".join(f"{n:,} {kind}" for kind, n in monitor.sampling.items() if n):
        output.say(f"samples: {sampled}")
    if watch.reconnections:
        output.say(f"{watch.reconnections:,} reconnections")
    if not args.check:
        output.say(f"{watch.answers:,} samples, {watch.lost_frames:,} lost frames")
        return FAILED if watch.lost_frames else RIGHT
    show_verification(result, output)
    return FAILED if result.differences or result.lost_frames else RIGHT
