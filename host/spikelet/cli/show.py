"""Tables and sentences that several verbs show."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spikelet.conversion.drift import Drift, LayerDrift
from spikelet.link.board_info import BoardInfo
from spikelet.link.verify import Verification
from spikelet.networks.int16 import INT16_MAX, INT16_MIN
from spikelet.networks.network import Network
from spikelet.networks.proof import LayerBounds
from spikelet.output import Output


def show_board(port: str, info: BoardInfo, output: Output) -> None:
    """Show which board answers, and which kernel it uses."""
    output.results |= {"board": info.machine, "runtime": info.runtime, "kernel": info.kernel}
    output.say(f"{port}: {info.runtime} on {info.machine}, kernel {info.kernel}")


def show_proof(network: Network, proof: Sequence[LayerBounds], output: Output) -> None:
    """Show what each layer is and how far it can reach."""
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
