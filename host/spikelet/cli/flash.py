"""The verb `flash`: writes the runtime and a network to a board."""

import argparse
from typing import Any

from spikelet.boards import sensor_settings
from spikelet.cli import board_steps, erase, options
from spikelet.cli.show import show_board
from spikelet.errors import UsageError
from spikelet.flashing import flash, stage
from spikelet.flashing.flash import Preparation
from spikelet.networks import trial_samples
from spikelet.networks.lif_file import load_network
from spikelet.networks.network import Network
from spikelet.output import Output

EXAMPLE = "spikelet flash net.lif --port virtual"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `flash`."""
    parser.add_argument(
        "network", metavar="FILE.lif", nargs="?", help="network to flash; leave it out with --erase"
    )
    options.add_port(parser)
    options.add_samples(parser, "--recording", "that the board replays by itself")
    options.add_sensor(parser)
    parser.add_argument(
        "--rom",
        action="store_true",
        help="write into the ROM partition of the board, which reads it in place",
    )
    parser.add_argument(
        "--small",
        action="store_true",
        help="send only the modules that this network and its sensor need, as for a small flash",
    )
    parser.add_argument(
        "--board",
        metavar="NAME",
        help="refuse to flash any board but this one, a name of `spikelet boards`",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show the files to send, keep and remove, and your own files, and change none",
    )
    parser.add_argument(
        "--erase",
        action="store_true",
        help="remove the files that Spikelet wrote from the board instead",
    )
    parser.add_argument(
        "--all", action="store_true", help="remove every other file as well, with --erase"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="flash a network although it is not proved to stay within 16-bit integers",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="remove files without a question, with --erase; write even if a power cut meanwhile "
        "would leave no network, with --rom",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Choose the files, then stage, try and activate them."""
    if args.erase:
        return erase.run(args, output)
    if args.network is None:
        raise UsageError("name a FILE.lif to flash, or --erase")
    loaded = load_network(args.network)
    extra = _payload(args, loaded)
    preparation = flash.prepare(
        board_steps.port(args, output),
        loaded,
        extra,
        small=args.small,
        rom=args.rom,
        board=args.board,
        driver=None if args.dry_run else args.install_driver,
        force=args.force,
    )
    if args.install_driver and not args.dry_run:
        output.say(f"the board has the driver {args.install_driver}")
    output.results |= _chosen(preparation)
    if args.dry_run:
        _show_plan(preparation, output)
        output.say(preparation.choice.sentence)
        return 0
    with output.progress("flashing") as progress:
        report = flash.write_files(
            preparation, force=args.yes, progress=progress, log=output.log, warn=output.warn
        )
    show_board(preparation.port.name, report.info, output)
    if not report.starts_by_itself:
        output.say(stage.own_entries_note(report.own_entries))
    output.results |= {
        "sent": report.sent,
        "own": report.own_entries,
        "others": report.others,
        "backups": report.backups,
    }
    output.say(f"{report}; the board has loaded {args.network}")
    board_steps.show_others(report.others, report.backups, output)
    output.say(report.left_out)
    return 0


def _payload(args: argparse.Namespace, loaded: Network) -> dict[str, bytes]:
    """Return the files to flash besides the runtime."""
    recording = sensor = None
    if args.recording:
        recording = trial_samples.samples_named(args.recording, loaded, args.every)
    if args.sensor:
        sensor = sensor_settings.parse_settings(args.sensor, args.rate)
    elif args.rate is not None:
        raise UsageError("--rate is for a sensor; name it with --sensor")
    return flash.payload(loaded, recording=recording, sensor=sensor)


def _chosen(preparation: Preparation) -> dict[str, Any]:
    """Return the choice of files for JSON."""
    need = preparation.need
    return {
        "files": len(preparation.files),
        "bytes": preparation.size,
        "bytecode": any(path.endswith(".mpy") for path in preparation.files),
        "ram": {"needed": need.ram, "free": preparation.ram, "parts": dict(need.parts())},
        "left_out": preparation.choice.record,
    }


def _show_plan(preparation: Preparation, output: Output) -> None:
    """Show the files that a flash would send, keep and remove."""
    plan = flash.plan_flash(preparation)
    parts = {"send": plan.send, "keep": plan.keep, "remove": plan.remove}
    output.results |= {**parts, "own": plan.own, "others": plan.others, "backups": plan.backups}
    rows = [(verb, path, size) for verb, part in parts.items() for path, size in part.items()]
    output.table(("", "file", "bytes"), rows)
    sums = {verb: (len(part), sum(part.values())) for verb, part in parts.items()}
    output.say(
        "no file was changed; a flash would "
        + ", ".join(
            f"{verb} {count} files of {size:,} bytes" for verb, (count, size) in sums.items()
        )
    )
    if plan.own:
        output.say(stage.own_entries_note(plan.own))
    board_steps.show_others(plan.others, plan.backups, output)
