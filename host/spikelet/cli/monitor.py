"""`spikelet monitor`."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.boards.resolve import Port
    from spikelet.link.link import Link
    from spikelet.monitoring.monitor import Monitor
    from spikelet.monitoring.watch import Log, Watch
    from spikelet.output import Output

SUMMARY = "Watch a board run its network, on its sensor or on the recording flashed with it."
EXAMPLE = "spikelet monitor --port virtual --check --record monday.journal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `monitor` takes."""
    from spikelet.cli import common

    common.add_port(parser)
    common.add_kernel(parser)
    parser.add_argument("--samples", type=int, metavar="N", help="stop after N answers")
    parser.add_argument(
        "--replay", action="store_true", help="the recording, though there is a sensor"
    )
    parser.add_argument(
        "--check", action="store_true", help="compare every spike with the reference"
    )
    parser.add_argument(
        "--record", metavar="FILE", help="keep everything that comes; spikelet export reads it"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Watch until interrupted, or for as many samples as were asked for."""
    from spikelet.boards import resolve
    from spikelet.cli import common
    from spikelet.monitoring import watch as watching
    from spikelet.monitoring.live_view import LiveView
    from spikelet.monitoring.monitor import Monitor
    from spikert.session import SENSOR

    if args.record:
        _check_new(args.record)
    where = common.port(args, output)
    network, flashed = resolve.held(where)
    source = watching.listened if SENSOR in flashed and not args.replay else watching.replayed
    with (
        LiveView(network, output, where.name) as view,
        Monitor(network, view, check=args.check, record=args.record) as monitor,
    ):

        @contextlib.contextmanager
        def connect(port: Port, log: Log) -> Iterator[Link]:
            with common.link(port, network, args.kernel, output, log=log) as (link, info):
                monitor.begin(port.name, info)
                yield link

        watch = watching.Watch(
            where,
            connect,
            source(network),
            stream=network.stream is not None,
            log=monitor.log,
        )
        try:
            monitor.follow(watch, args.samples)
        except KeyboardInterrupt:
            if args.samples is not None:
                raise
    return _report(args, watch, monitor, output)


def _check_new(path: str) -> None:
    """Raise SpikeletError unless a file can be made at `path`."""
    from pathlib import Path

    from spikelet import files
    from spikelet.errors import SpikeletError

    files.check_target(path)
    if Path(path).exists():
        raise SpikeletError(f"{path} is there already; name another file")


def _report(args: argparse.Namespace, watch: Watch, monitor: Monitor, output: Output) -> int:
    """Say how it went, and return the exit status."""
    from spikelet.cli import common

    found = monitor.found
    output.results |= {
        "samples": watch.answers,
        "lost_frames": watch.lost_frames,
        "reconnections": watch.reconnections,
        "answers": monitor.answers,
        **monitor.sampling,
    }
    if args.record:
        output.results["record"] = args.record
        output.say(f"{args.record}: holds all of it; spikelet export reads it")
    if sampled := ", ".join(f"{n:,} {what}" for what, n in monitor.sampling.items() if n):
        output.say(f"samples: {sampled}")
    if watch.reconnections:
        output.say(f"{watch.reconnections:,} reconnections")
    if not args.check:
        output.say(f"{watch.answers:,} samples, {watch.lost_frames:,} lost frames")
        return 1 if watch.lost_frames else 0
    found.lost_frames, found.missed = watch.lost_frames, watch.missed
    common.show_verification(found, output)
    return 1 if found.differences or found.lost_frames else 0
