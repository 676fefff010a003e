"""Arguments and steps that several verbs share."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from spikelet.boards.interpreter import Interpreter
    from spikelet.boards.resolve import Port
    from spikelet.conversion.drift import Drift, LayerDrift
    from spikelet.flashing.layout import Layout
    from spikelet.link.board_info import BoardInfo
    from spikelet.link.link import Link
    from spikelet.link.verify import Verification
    from spikelet.networks.network import Network
    from spikelet.networks.proof import LayerBounds
    from spikelet.output import Output

PORT_HELP = (
    "virtual, unix[:PATH], qemu:m3|m0|rv32[:ELF], pico[:UF2], auto, id:SERIAL or a device; "
    "without it the board that is attached, or virtual"
)


def add_port(parser: argparse.ArgumentParser) -> None:
    """Add --port."""
    parser.add_argument("--port", metavar="P", help=PORT_HELP)


def add_kernel(parser: argparse.ArgumentParser) -> None:
    """Add --kernel."""
    parser.add_argument(
        "--kernel",
        default="",
        metavar="K",
        help="plain, ulab, viper or thumb (default: the board's best)",
    )


def add_samples(parser: argparse.ArgumentParser, name: str, purpose: str) -> None:
    """Add an option that names samples, and --every for those that are recordings."""
    parser.add_argument(
        name, metavar="S", help=f"digits, an .npz or a folder of recordings: {purpose}"
    )
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="of recordings, use one of N samples"
    )


def add_sensor(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add --sensor and --rate."""
    parser.add_argument(
        "--sensor",
        required=required,
        metavar="S",
        help="that the board reads, such as mpu6050, mpu6050:sda=GP4,scl=GP5,g=2, adc:GP26,GP27, or a "
        ".json of settings; see docs/sensors.md",
    )
    parser.add_argument("--rate", type=float, metavar="HZ", help="samples a second (default: 100)")
    parser.add_argument(
        "--install-driver",
        metavar="PACKAGE",
        help="first put this on the board, with circup or mip: the driver for --sensor driver:...",
    )


def install_driver(
    args: argparse.Namespace, where: Port, interpreter: Interpreter, output: Output
) -> None:
    """Put the driver on the board that --install-driver names, if it does."""
    from spikelet.flashing import drivers

    if args.install_driver:
        drivers.install(where, interpreter.name, args.install_driver)
        output.say(f"the driver {args.install_driver} is on the board")


def add_encoder_parameter(parser: argparse._ActionsContainer) -> None:
    """Add --encoder-parameter."""
    parser.add_argument(
        "--encoder-parameter",
        type=int,
        metavar="N",
        help="bernoulli: seed, latency: least x that spikes, phase: period, delta: least change "
        "(default: its usual)",
    )


def port(args: argparse.Namespace, output: Output) -> Port:
    """Return the port that was asked for, or else the only board, or else the virtual one."""
    from spikelet.boards import resolve

    spelling = args.port
    if spelling is None:
        spelling = "auto" if resolve.attached() else "virtual"
    found = resolve.resolve(spelling)
    output.results["port"] = found.name
    return found


def stage(where: Port, layout: Layout, output: Output, what: str) -> int:
    """Put what is new beside what a board has in use; return the bytes that were sent.

    what    is being done, as the progress bar says it
    """
    from spikelet.flashing import stage as flashing

    with where.connect() as transport, output.progress(what) as report:
        steps = flashing.stage(flashing.of(transport), layout)
        kept = done = next(steps)[0]
        for done, of in steps:
            report(done, of)
    return done - kept


@contextlib.contextmanager
def link(
    where: Port,
    network: Network | None,
    kernel: str,
    output: Output,
    paths: Mapping[str, str] | None = None,
    log: Callable[[str], None] | None = None,
) -> Iterator[tuple[Link, BoardInfo]]:
    """Open a session with the board, check that it holds `network`, and say what it is.

    paths    {name: path} to use instead of what is in use
    log      called with the board's text; without it, people are shown it
    """
    from spikelet.errors import SpikeletError
    from spikelet.link import verify
    from spikelet.link.link import Link

    with where.session(paths) as stream:
        opened = Link(stream, where.name, log or output.log)
        try:
            info = opened.hello(kernel)
            if network is not None:
                verify.check_identity(network, info, where.name)
            output.results |= {
                "board": info.machine,
                "runtime": info.runtime,
                "kernel": info.kernel,
            }
            output.say(f"{where.name}: {info.runtime} on {info.machine}, kernel {info.kernel}")
            yield opened, info
        finally:
            with contextlib.suppress(SpikeletError):  # a board that is gone needs no goodbye
                opened.close()


def show_proof(network: Network, proof: Sequence[LayerBounds], output: Output) -> None:
    """Show what each layer is and how far it can reach."""
    from spikelet.networks.proof import INT16_MAX, INT16_MIN

    rows = []
    output.results["layers"] = []
    for number, (layer, bounds) in enumerate(zip(network.layers, proof, strict=True)):
        reach = bounds.reach
        share = max(reach.high / INT16_MAX, reach.low / INT16_MIN)
        theta = "none" if layer.theta is None else _range(layer.theta)
        low = "none" if layer.low is None else _range(layer.low)
        leak = f"{_range(layer.d)} >> {layer.r}"
        place = f"{number}: {layer.inputs}-{layer.neurons}"
        span = f"{reach.low:,}..{reach.high:,}"
        rows.append((place, layer.gain, leak, theta, low, span, f"{share:.0%}"))
        output.results["layers"].append(
            {
                "inputs": layer.inputs,
                "neurons": layer.neurons,
                "gain": layer.gain,
                "d": layer.d,
                "r": layer.r,
                "theta": layer.theta,
                "low": layer.low,
                "reset": layer.reset,
                "reach": [reach.low, reach.high],
            }
        )
    output.table(("layer", "gain", "leak", "threshold", "floor", "can reach", "of int16"), rows)
    if all(bounds.reach.fits for bounds in proof):
        output.say("proved: no sum and no membrane leaves int16, whatever the input")


def show_drift(found: Drift, output: Output) -> None:
    """Show what integers changed, layer by layer."""
    output.results["drift"] = {
        "samples": found.samples,
        "class_agreement": found.class_agreement,
        "layers": [
            {
                "agreement": layer.agreement,
                "overlap": layer.overlap,
                "rate_ratio": layer.rate_ratio,
                "worst_neuron": layer.worst,
                "worst_agreement": layer.worst_agreement,
                "membrane_error": layer.membrane_error,
                "parameters": [vars(grade) | {"exact": grade.exact} for grade in layer.grades],
            }
            for layer in found.layers
        ],
    }
    output.say(
        f"floats and integers give the same class for {found.class_agreement:.2%} "
        f"of {found.samples} samples"
    )
    columns = ("layer", "spikes alike", "overlap", "rate", "worst neuron", "membranes off by")
    output.table(columns, [_drift_row(k, layer) for k, layer in enumerate(found.layers)])
    for number, layer in enumerate(found.layers):
        output.say(f"layer {number}: {'; '.join(map(str, layer.grades))}")


def _drift_row(number: int, layer: LayerDrift) -> tuple[object, ...]:
    off = f"{layer.membrane_error:.1%}"
    if layer.rate_ratio is None:
        return number, "silent", "-", "-", "-", off
    worst = f"{layer.worst}: {layer.worst_agreement:.2%}"
    alike, overlap = f"{layer.agreement:.2%}", f"{layer.overlap:.2%}"
    return number, alike, overlap, f"x{layer.rate_ratio:.3f}", worst, off


def show_verification(found: Verification, output: Output) -> None:
    """Show what was compared and what differs."""
    output.results |= {
        "samples": found.samples,
        "values": found.values,
        "spikes": found.spikes,
        "differences": found.differences,
        "lost_frames": found.lost_frames,
        "missed_frames": found.missed,
        "repeated": found.repeated,
    }
    if found.first is not None:
        output.results["first_difference"] = vars(found.first)
        output.say(f"first difference: {found.first}")
    output.say(
        f"{found.samples:,} samples, {found.spikes:,} spikes, {found.values:,} values compared: "
        f"{found.differences:,} differences, {found.lost_frames:,} lost frames"
        + (f", {found.repeated:,} samples repeated" if found.repeated else "")
    )


def _range(values: NDArray[np.int16]) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low:,}" if low == high else f"{low:,}..{high:,}"
