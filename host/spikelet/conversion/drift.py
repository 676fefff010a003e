"""What integers change: the float network and the integer one made from it, on the same input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet import files
from spikelet.conversion.convert import LayerReport
from spikelet.networks.float_network import FloatLayer, FloatNetwork, FloatTrace
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.reference import Trace

EXACT = 1e-9  # what float64 leaves of a number that is meant to be whole


@dataclass(frozen=True)
class Grade:
    """How well one parameter of a layer came through.

    parameter    its name
    error        float, the largest over the layer, in `unit`
    unit         "membrane units" of the integers, or "of V per step" and "of I per step" for leaks
    """

    parameter: str
    error: float
    unit: str

    @property
    def exact(self) -> bool:
        """Whether nothing was lost."""
        return self.error < EXACT

    def __str__(self) -> str:
        if self.exact:
            return f"{self.parameter}: exact"
        return f"{self.parameter}: approximated, within {self.error:.2g} {self.unit}"


@dataclass(frozen=True, eq=False)
class LayerDrift:
    """How one layer's spikes differ.

    agreement        float 0..1, share of all (sample, step, neuron) on which both agree
    overlap          float 0..1, spikes that both made of those that either made (intersection over
                     union); 1 where neither made any
    rate_ratio       float, integer spikes for each float spike; None where there is no float spike
    worst            int, the neuron on which they agree least; `worst_agreement` says how far
    float_rates      float[neurons], spikes per step      integer_rates    the same
    membrane_error   float, root mean square of the difference of the membranes at the window's end,
                     as a share of the spread of the float ones
    grades           a Grade for each parameter
    """

    agreement: float
    overlap: float
    rate_ratio: float | None
    worst: int
    worst_agreement: float
    float_rates: NDArray[np.float64]
    integer_rates: NDArray[np.float64]
    membrane_error: float
    grades: tuple[Grade, ...]

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return len(self.float_rates)


@dataclass(frozen=True, eq=False)
class Drift:
    """How a network's answers and spikes differ.

    samples            int, how many were compared
    class_agreement    float 0..1, share of them with the same answer
    layers             a LayerDrift for each layer
    """

    samples: int
    class_agreement: float
    layers: tuple[LayerDrift, ...]


def measure(
    before: FloatNetwork, after: Network, reports: Sequence[LayerReport], x: NDArray[np.uint8]
) -> Drift:
    """Run both networks on x uint8[n, channels] and compare them.

    reports    what conversion said of each layer
    Raises SpikeletError if x does not fit.
    """
    return compare(before, after, reports, before.simulate(x), after.simulate(x))


def compare(
    before: FloatNetwork,
    after: Network,
    reports: Sequence[LayerReport],
    floats: FloatTrace,
    integers: Trace,
) -> Drift:
    """Compare the simulations of a float network and of the integer one made from it.

    Parameters
    ----------
    before : FloatNetwork
    after : Network
    reports : sequence of LayerReport
        One for each layer, from the conversion.
    floats, integers
        Their simulations of the same samples.
    """
    layers = tuple(
        _layer_drift(
            (float_layer, layer, report.scale),
            (floats.spikes[k], integers.spikes[k] > 0),
            (
                floats.membranes[k][:, -1],
                _last(integers.membranes[k]) / float_layer.each(report.scale),
            ),
        )
        for k, (float_layer, layer, report) in enumerate(
            zip(before.layers, after.layers, reports, strict=True)
        )
    )
    same = floats.answers == integers.answers
    return Drift(samples=len(floats.answers), class_agreement=float(same.mean()), layers=layers)


def write_spikes(path: str | Path, trace: Trace, dt: float) -> None:
    """Write every layer's spikes as NIR's own data, which `nir.read_data` reads.

    The nodes bear the names that they have in the graph; neurons of a convolution stand in Spikelet's
    order, pixel by pixel. dt is in seconds per step.
    Raises SpikeletError if the file cannot be written.
    """
    nodes = {
        f"neurons_{k}": nir.NIRNodeData({"spikes": nir.TimeGriddedData(spikes > 0, dt)})
        for k, spikes in enumerate(trace.spikes)
    }
    with files.replacing(path) as temporary:
        nir.write_data(temporary, nir.NIRGraphData(nodes))


def grades(before: FloatLayer, after: Layer, scale: NDArray[np.float64]) -> tuple[Grade, ...]:
    """Return a grade for each parameter; `scale` float64[maps] is membrane units per unit of it.

    Half a unit of the bias is conversion's own, against the rounding of leak and drive.
    """
    pairs = [
        ("weights", before.weights, after.weights.astype(np.int64) << after.gain),
        ("bias", before.bias, after.bias),
        ("v_start", before.v_start, after.v_start),
    ]
    if before.recurrent is not None and after.recurrent is not None:
        recurrent = after.recurrent.astype(np.int64) << after.gain
        pairs.append(("recurrent weights", before.recurrent, recurrent))
    if before.theta is not None:
        pairs.append(("threshold", before.theta, after.theta))
        if after.reset == "set":
            pairs.append(("v_reset", before.v_reset, after.v_reset))
        elif (before.subtracted != before.theta).any():
            pairs.append(("reset", before.subtracted, after.rho))
    found = [
        Grade(name, float(np.abs(integers - floats * scale).max()), "membrane units")
        for name, floats, integers in pairs
    ]
    found.append(Grade("leak", _leak_error(before.beta, after.d, after.r), "of V per step"))
    if before.alpha is not None:
        error = _leak_error(before.alpha, after.current_d, after.current_r)
        found.append(Grade("current leak", error, "of I per step"))
    return tuple(found)


def _leak_error(kept: NDArray[np.float64], d: NDArray[np.int16], r: int) -> float:
    """Return by how much the share that integers keep differs from that of floats."""
    return float(np.abs(1 - d / 2.0**r - kept).max())


def _last(membranes: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return int16[n, neurons], the membranes at the end; of a stream those at the last answer."""
    return membranes[:, -1] if membranes.ndim == 3 else membranes


def _layer_drift(
    layers: tuple[FloatLayer, Layer, NDArray[np.float64]],
    spikes: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    membranes: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> LayerDrift:
    """Compare one layer's spikes bool[n, T, neurons] and last membranes float[n, neurons]."""
    before, after = spikes
    by_neuron = (before == after).mean(axis=(0, 1))
    either = np.count_nonzero(before | after)
    made = np.count_nonzero(before)
    spread = float(membranes[0].std())
    error = float(np.sqrt(((membranes[1] - membranes[0]) ** 2).mean()))
    return LayerDrift(
        agreement=float(by_neuron.mean()),
        overlap=np.count_nonzero(before & after) / either if either else 1.0,
        rate_ratio=np.count_nonzero(after) / made if made else None,
        worst=int(by_neuron.argmin()),
        worst_agreement=float(by_neuron.min()),
        float_rates=before.mean(axis=(0, 1)),
        integer_rates=after.mean(axis=(0, 1)),
        membrane_error=error / spread if spread else error,
        grades=grades(*layers),
    )
