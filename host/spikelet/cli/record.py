"""The verb `record`: records labelled samples of a sensor into a folder."""

import argparse
import contextlib
from typing import Any

from spikelet.boards import sensor_settings
from spikelet.boards.port import Port
from spikelet.cli import board_steps, options, show
from spikelet.errors import SpikeletError, UsageError
from spikelet.inputs.recording_folder import Folder
from spikelet.link import sensor
from spikelet.link.link import Link
from spikelet.link.turn import Status
from spikelet.monitoring.live_plot import LivePlot
from spikelet.monitoring.recorder import Recorded, Recorder, open_sensor
from spikelet.output import Output
from spikert.sensors import demo

EXAMPLE = "spikelet record gestures/ --label wave --seconds 20 --sensor mpu6050 --rate 100"
# Samples of the shortest piece to write.
LEAST = 2
# Samples in the plot.
KEPT = 400
# Counts of all takes.
COUNTS = ("samples", "late", "skipped", "failed", "lost_frames")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `record`."""
    parser.add_argument(
        "folder", metavar="FOLDER", help="folder for the recordings; a new one is created"
    )
    parser.add_argument("--label", required=True, metavar="NAME", help="class of the recording")
    parser.add_argument(
        "--seconds", type=float, default=10, metavar="N", help="duration in seconds (default: 10)"
    )
    parser.add_argument(
        "--takes",
        type=int,
        default=1,
        metavar="N",
        help="recordings to make, one after the other (default: 1)",
    )
    options.add_sensor(parser)
    options.add_port(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Write the runtime to the board if it is missing, and record its sensor."""
    if not args.seconds > 0:
        raise UsageError(f"seconds is {args.seconds}; it must be above 0")
    if args.takes < 1:
        raise UsageError(f"takes is {args.takes}; it must be 1 or more")
    folder = Folder(args.folder, sensor_settings.completed)
    settings = _settings(args, folder)
    # Refuse an impossible label before the board is used.
    _of_take(settings, args.label, folder)
    port = board_steps.port(args, output)
    output.results |= dict.fromkeys(COUNTS, 0) | {"files": []}
    for _ in range(args.takes):
        recorder, whole, failure = Recorder(args.seconds), False, None
        # An interruption ends the recording, and keeps the samples so far. So does a failure.
        with contextlib.suppress(KeyboardInterrupt):
            failure = _take(port, folder, settings, recorder, args, output)
            whole = True
        _keep(folder, args.label, settings, recorder.recorded, output)
        if failure is not None:
            raise failure
        if not whole:
            break
    return 0


def _take(
    port: Port,
    folder: Folder,
    settings: dict[str, Any],
    recorder: Recorder,
    args: argparse.Namespace,
    output: Output,
) -> SpikeletError | None:
    """Make one recording; return the failure that ended it, if there are samples to keep."""
    take = _of_take(settings, args.label, folder)
    with contextlib.ExitStack() as stack:
        with output.progress("preparing") as progress:
            opened = open_sensor(
                port, take, driver=args.install_driver, progress=progress, log=output.log
            )
            link, info = stack.enter_context(opened)
        if args.install_driver:
            output.say(f"the board has the driver {args.install_driver}")
        show.show_board(port.name, info, output)
        try:
            _record(link, folder, args.label, settings, recorder, output)
        except SpikeletError as error:
            if recorder.samples < LEAST:
                raise
            return error
    return None


def _settings(args: argparse.Namespace, folder: Folder) -> dict[str, Any]:
    """Return the sensor of the command line; options that it leaves out are those of the folder."""
    before = folder.settings()
    if before is not None and not sensor_settings.is_known(before.sensor):
        before = None
    name = args.sensor or (before.sensor if before else None)
    if name is None:
        raise UsageError(
            f"{args.folder} has no recording that tells the sensor; name it with --sensor"
        )
    return sensor_settings.parse_settings(name, args.rate, before)


def _of_take(settings: dict[str, Any], label: str, folder: Folder) -> dict[str, Any]:
    """Return the settings of the next recording: the sensor demo performs its label."""
    if settings["sensor"] != "demo":
        return settings
    take = settings | {"motion": settings.get("motion", label)}
    take.setdefault("take", folder.count(label))
    try:
        demo.check(take)
    except ValueError as error:
        raise UsageError(f"the sensor demo performs the label, and {error}") from None
    return take


def _record(
    link: Link,
    folder: Folder,
    label: str,
    settings: dict[str, Any],
    recorder: Recorder,
    output: Output,
) -> None:
    """Record, and show the readings."""
    with contextlib.ExitStack() as stack:
        plot: LivePlot | None = None

        def show_event(event: sensor.Readings | Status) -> None:
            nonlocal plot
            if isinstance(event, sensor.Readings):
                if plot is not None:
                    plot.add(event.raw, _progress(label, recorder))
                return
            if event.trouble:
                output.warn(f"waiting for the sensor: {event.trouble}")
            if plot is None and event.channels:
                described = sensor_settings.describe(settings, event.channels)
                folder.check(label, described)
                plot = stack.enter_context(LivePlot(described.channels, output, KEPT))

        recorder.record(sensor.readings(link), show_event)


def _progress(label: str, recorder: Recorder) -> str:
    return (
        f"recording {label}: {recorder.samples:,} of {recorder.wanted or 0:,} samples; "
        "Ctrl-C ends it and keeps these samples"
    )


def _keep(
    folder: Folder, label: str, settings: dict[str, Any], recorded: Recorded, output: Output
) -> None:
    """Write the recorded pieces, and show their counts."""
    pieces = [piece for piece in recorded.pieces if len(piece) >= LEAST]
    status = recorded.status
    if not pieces or status is None:
        why = f" ({status.trouble})" if status and status.trouble else ""
        raise SpikeletError(f"the sensor gave no samples{why}; no file was written")
    described = sensor_settings.describe(settings, pieces[0].shape[1])
    paths = [folder.add(label, piece, described) for piece in pieces]
    samples = sum(map(len, pieces))
    counts = samples, status.late, status.skipped, status.failed, recorded.lost
    for name, count in zip(COUNTS, counts, strict=True):
        output.results[name] += count
    output.results["files"] += [str(path) for path in paths]
    for path, piece in zip(paths, pieces, strict=True):
        output.say(f"{path}: {len(piece):,} samples of {piece.shape[1]} channels")
    output.say(
        f"{samples:,} samples of {label}, {status.late:,} of them late, {status.skipped:,} left out, "
        f"{recorded.lost:,} lost frames"
        + (f"; in {len(paths)} pieces because of gaps" if len(paths) > 1 else "")
    )
