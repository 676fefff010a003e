"""`spikelet monitor`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output

SUMMARY = "Watch a board run the recording that was flashed with its network."
EXAMPLE = "spikelet monitor --port virtual --check"
BATCH = 16  # samples that the board runs before it asks for more


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `monitor` takes."""
    from spikelet.cli import common

    common.add_port(parser)
    common.add_kernel(parser)
    parser.add_argument("--samples", type=int, metavar="N", help="stop after N answers")
    parser.add_argument(
        "--check", action="store_true", help="compare every spike with the reference"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Watch until interrupted, or for as many samples as were asked for."""
    import itertools

    from spikelet import ports, verification
    from spikelet.cli import common
    from spikelet.live import LiveView

    where = common.port(args, output)
    network = ports.held_network(where)
    live = verification.LiveCheck(network)
    found, start = live.found, True
    with (
        common.link(where, network, args.kernel, output) as (link, _),
        LiveView(network, output) as view,
    ):
        try:
            for first in itertools.count(0, BATCH):
                count = BATCH if args.samples is None else min(BATCH, args.samples - first)
                if count <= 0:
                    break
                unseen = False  # whether what follows depends on a state that nobody saw
                for observation in link.replay(network, first, count, start=start):
                    if observation is None:
                        unseen = network.stream is not None
                        continue
                    if args.check and not unseen:
                        live.check(observation)
                    view.show(observation, found, link)
                start = unseen
                if start:
                    live.restart()
        except KeyboardInterrupt:
            if args.samples is not None:
                raise
        found.lost_frames, found.missed = link.lost_frames, link.missed
    output.results |= {"samples": view.samples, "lost_frames": found.lost_frames}
    if not args.check:
        output.say(f"{view.samples:,} samples, {found.lost_frames:,} lost frames")
        return 1 if found.lost_frames else 0
    common.show_verification(found, output)
    return 1 if found.differences or found.lost_frames else 0
