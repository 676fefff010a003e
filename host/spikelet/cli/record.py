"""The verb `record`: records labelled samples of a sensor into a folder."""

import argparse
import contextlib
from typing import Any

from spikelet.boards import sensor_settings
from spikelet.cli import board_steps, options, show
from spikelet.errors import SpikeletError, UsageError
from spikelet.inputs.recording_folder import Folder, SensorSettings
from spikelet.link import sensor
from spikelet.link.link import Link
from spikelet.link.turn import Status
from spikelet.monitoring.live_plot import LivePlot
from spikelet.monitoring.recorder import Recorded, Recorder, open_sensor
from spikelet.output import Output
from spikert.sensors import driver

EXAMPLE = "spikelet record gestures/ --label wave --seconds 20 --sensor mpu6050 --rate 100"
# Samples of the shortest piece to write.
LEAST = 2
# Samples in the plot.
KEPT = 400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `record`."""
    parser.add_argument(
        "folder", metavar="FOLDER", help="folder for the recordings; a new one is created"
    )
    parser.add_argument("--label", required=True, metavar="NAME", help="class of the recording")
    parser.add_argument(
        "--seconds", type=float, default=10, metavar="N", help="duration in seconds (default: 10)"
    )
    options.add_sensor(parser, required=True)
    options.add_port(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Write the runtime to the board if it is missing, and record its sensor."""
    if not args.seconds > 0:
        raise UsageError(f"seconds is {args.seconds}; it must be above 0")
    settings = sensor_settings.parse_settings(args.sensor, args.rate)
    folder, recorder = Folder(args.folder), Recorder(args.seconds)
    port = board_steps.port(args, output)
    # An interruption ends the recording, and keeps the samples so far.
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        with output.progress("preparing") as progress:
            link, info = stack.enter_context(
                open_sensor(
                    port, settings, driver=args.install_driver, progress=progress, log=output.log
                )
            )
        if args.install_driver:
            output.say(f"the board has the driver {args.install_driver}")
        show.show_board(port.name, info, output)
        _record(link, folder, args.label, settings, recorder, output)
    return _keep(folder, args.label, settings, recorder.recorded, output)


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
                names = sensor_settings.channel_names(settings, event.channels)
                folder.check(label, _described(settings, names))
                plot = stack.enter_context(LivePlot(names, output, KEPT))

        recorder.record(sensor.readings(link), show_event)


def _progress(label: str, recorder: Recorder) -> str:
    return (
        f"recording {label}: {recorder.samples:,} of {recorder.wanted or 0:,} samples; "
        "Ctrl-C ends it and keeps these samples"
    )


def _keep(
    folder: Folder, label: str, settings: dict[str, Any], recorded: Recorded, output: Output
) -> int:
    """Write the recorded pieces, and show their counts."""
    pieces = [piece for piece in recorded.pieces if len(piece) >= LEAST]
    status = recorded.status
    if not pieces or status is None:
        why = f" ({status.trouble})" if status and status.trouble else ""
        raise SpikeletError(f"the sensor gave no samples{why}; no file was written")
    described = _described(settings, sensor_settings.channel_names(settings, pieces[0].shape[1]))
    paths = [folder.add(label, piece, described) for piece in pieces]
    samples = sum(map(len, pieces))
    counts = {"late": status.late, "skipped": status.skipped, "failed": status.failed}
    output.results |= counts | {
        "samples": samples,
        "lost_frames": recorded.lost,
        "files": [str(path) for path in paths],
    }
    for path, piece in zip(paths, pieces, strict=True):
        output.say(f"{path}: {len(piece):,} samples of {piece.shape[1]} channels")
    output.say(
        f"{samples:,} samples of {label}, {status.late:,} of them late, {status.skipped:,} left out, "
        f"{recorded.lost:,} lost frames"
        + (f"; in {len(paths)} pieces because of gaps" if len(paths) > 1 else "")
    )
    return 0


def _described(settings: dict[str, Any], names: tuple[str, ...]) -> SensorSettings:
    """Return the settings that all recordings of a folder must share."""
    decisive: dict[str, str | int | float] = {
        key: settings[key] for key in ("g", "dps", "driver") if key in settings
    }
    for key in ("read", "unit"):
        if key in settings:
            decisive[key] = "+".join(map(str, driver.listed(settings, key)))
    return SensorSettings(settings["sensor"], float(settings["rate"]), names, decisive)
