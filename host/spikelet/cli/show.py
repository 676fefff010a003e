"""Shows the tables and sentences that several verbs share."""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spikelet.conversion.drift import Drift, LayerDrift
from spikelet.inputs.recorded_sensor import SensorSettings
from spikelet.link.board_info import BoardInfo
from spikelet.link.verify import Verification
from spikelet.networks.int16 import INT16_MAX, INT16_MIN
from spikelet.networks.network import Network
from spikelet.networks.proof import LayerBounds
from spikelet.output import Output
from spikelet.printable import printable


def show_board(port: str, info: BoardInfo, output: Output) -> None:
    """Show the board at a port, and the kernel that it uses."""
    output.results |= {"board": info.machine, "runtime": info.runtime, "kernel": info.kernel}
    output.say(f"{port}: {info.runtime} on {info.machine}, kernel {info.kernel}")


def show_origin(network: Network, output: Output) -> None:
    """Show the inputs of a network, and the sensor, data and versions that it comes from."""
    origin, stream, scaling = network.provenance, network.stream, network.scaling
    sensor = origin.sensor if origin else None
    output.results |= {
        "channels": network.channels,
        "window": stream.window if stream else None,
        "hop": stream.hop if stream else None,
        "scaling": vars(scaling) if scaling else None,
        "rate": origin.rate if origin else None,
        "sensor": sensor.fields() if sensor else None,
        "provenance": dict(origin.fields) if origin else None,
    }
    if stream:
        output.say(f"an answer every {stream.hop} samples, over the last {stream.window}")
    if scaling:
        offset, scale = (" ".join(map(str, part)) for part in (scaling.offset, scaling.scale))
        output.say(f"input: ((reading - {offset}) * {scale}) >> {scaling.shift}, in 0..255")
    if sensor:
        options = "".join(f", {key} {value}" for key, value in sorted(sensor.settings.items()))
        output.say(printable(f"sensor: {sensor.sensor}{options}, {sensor.rate:g} Hz"))
        output.say(printable(f"channels: {', '.join(_channels(sensor))}"))
        if sensor.wiring:
            wired = (f"{key} {json.dumps(value)}" for key, value in sorted(sensor.wiring.items()))
            output.say(printable(f"wiring: {', '.join(wired)}"))
    elif origin and origin.rate:
        output.say(f"rate: {origin.rate:g} Hz, of an unknown sensor")
    if origin:
        seed = "" if origin.seed is None else f"seed {origin.seed}, "
        versions = ", ".join(
            f"{name} {version}" for name, version in sorted(origin.software.items())
        )
        output.say(printable(f"trained with {seed}{versions or 'unknown software'}"))
        output.say(printable(f"on data with sha256 {origin.data_sha256 or 'unknown'}"))


def _channels(sensor: SensorSettings) -> list[str]:
    """Return the names of the channels, each with its unit."""
    units = sensor.units or ("",) * len(sensor.channels)
    named = zip(sensor.channels, units, strict=False)
    return [f"{name} ({unit})" if unit else name for name, unit in named]


def show_proof(network: Network, proof: Sequence[LayerBounds], output: Output) -> None:
    """Show each layer, and the proved range of its values."""
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
        output.say("proved: for every input, no sum and no membrane leaves int16")


def show_drift(drift: Drift, output: Output) -> None:
    """Show the differences between floats and integers, layer by layer."""
    output.results["drift"] = {
        "samples": drift.samples,
        "class_agreement": drift.class_agreement,
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
            for layer in drift.layers
        ],
    }
    output.say(
        f"floats and integers give the same class for {drift.class_agreement:.2%} "
        f"of {drift.samples} samples"
    )
    columns = ("layer", "spikes alike", "overlap", "rate", "worst neuron", "membranes off by")
    output.table(columns, [_drift_row(k, layer) for k, layer in enumerate(drift.layers)])
    for number, layer in enumerate(drift.layers):
        output.say(f"layer {number}: {'; '.join(map(str, layer.grades))}")


def _drift_row(number: int, layer: LayerDrift) -> tuple[object, ...]:
    off = f"{layer.membrane_error:.1%}"
    if layer.rate_ratio is None:
        return number, "silent", "-", "-", "-", off
    worst = f"{layer.worst}: {layer.worst_agreement:.2%}"
    alike, overlap = f"{layer.agreement:.2%}", f"{layer.overlap:.2%}"
    return number, alike, overlap, f"x{layer.rate_ratio:.3f}", worst, off


def show_verification(result: Verification, output: Output) -> None:
    """Show the number of compared values and of differences."""
    output.results |= {
        "samples": result.samples,
        "values": result.values,
        "spikes": result.spikes,
        "differences": result.differences,
        "lost_frames": result.lost_frames,
        "missed_frames": result.missed,
        "repeated": result.repeated,
    }
    if result.first is not None:
        output.results["first_difference"] = vars(result.first)
        output.say(f"first difference: {result.first}")
    output.say(
        f"{result.samples:,} samples, {result.spikes:,} spikes, {result.values:,} values compared: "
        f"{result.differences:,} differences, {result.lost_frames:,} lost frames"
        + (f", {result.repeated:,} samples repeated" if result.repeated else "")
    )


def _range(values: NDArray[np.int16]) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low:,}" if low == high else f"{low:,}..{high:,}"
