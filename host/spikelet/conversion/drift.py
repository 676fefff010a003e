"""Compare a float network with its integer conversion on the same input."""

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

# Rounding error of float64 for a number that is meant to be whole.
EXACT = 1e-9


@dataclass(frozen=True)
class Grade:
    """The conversion error of one parameter of a layer.

    Attributes
    ----------
    parameter : str
        Name of the parameter.
    error : float
        The largest error in the layer, in `unit`.
    unit : str
        "membrane units" of the integers; for leaks "of V per step" or "of I per step".
    """

    parameter: str
    error: float
    unit: str

    @property
    def exact(self) -> bool:
        """Whether the conversion is exact."""
        return self.error < EXACT

    def __str__(self) -> str:
        if self.exact:
            return f"{self.parameter}: exact"
        return f"{self.parameter}: approximated, within {self.error:.2g} {self.unit}"


@dataclass(frozen=True, eq=False)
class LayerDrift:
    """The differences between the spikes of a float layer and its integer conversion.

    Attributes
    ----------
    agreement : float
        Share of all (sample, step, neuron) on which both agree, 0..1.
    overlap : float
        Intersection over union of the spikes, 0..1; 1 without any spike.
    rate_ratio : float or None
        Integer spikes per float spike; None without any float spike.
    worst : int
        The neuron with the least agreement.
    worst_agreement : float
        Its agreement, 0..1.
    float_rates, integer_rates : float64[neurons]
        Spikes per step.
    membrane_error : float
        Root mean square difference of the membranes at the end of the window, relative to the
        standard deviation of the float ones.
    grades : tuple of Grade
        A grade for each parameter.
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
    """The differences between the answers and spikes of a float network and its conversion.

    Attributes
    ----------
    samples : int
        Number of samples that were compared.
    class_agreement : float
        Share of the samples with the same answer, 0..1.
    layers : tuple of LayerDrift
    """

    samples: int
    class_agreement: float
    layers: tuple[LayerDrift, ...]


def measure_drift(
    before: FloatNetwork, after: Network, reports: Sequence[LayerReport], x: NDArray[np.uint8]
) -> Drift:
    """Run both networks on the same samples and compare them.

    Parameters
    ----------
    before : FloatNetwork
    after : Network
    reports : sequence of LayerReport
        One for each layer, from the conversion.
    x : uint8[n, channels]

    Raises
    ------
    SpikeletError
        If x does not fit the networks.
    """
    return compare_traces(before, after, reports, before.simulate(x), after.simulate(x))


def compare_traces(
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
    """Write the spikes of every layer in the data format of NIR, which `nir.read_data` reads.

    The nodes have the same names as in the graph. Neurons of a convolution keep Spikelet's order, pixel
    by pixel.

    Parameters
    ----------
    path : path
    trace : Trace
    dt : float
        Seconds per step.

    Raises
    ------
    SpikeletError
        If the file cannot be written.
    """
    nodes = {
        f"neurons_{k}": nir.NIRNodeData({"spikes": nir.TimeGriddedData(spikes > 0, dt)})
        for k, spikes in enumerate(trace.spikes)
    }
    with files.replacing(path) as temporary:
        temporary.write_bytes(files.in_memory(nir.write_data, nir.NIRGraphData(nodes)))


def grades(before: FloatLayer, after: Layer, scale: NDArray[np.float64]) -> tuple[Grade, ...]:
    """Return a grade for each parameter.

    The error of the bias includes half a unit that conversion adds against the rounding of leak and
    drive.

    Parameters
    ----------
    before : FloatLayer
    after : Layer
    scale : float64[maps]
        Membrane units per unit of the float network.
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
    graded = [
        Grade(name, float(np.abs(integers - floats * scale).max()), "membrane units")
        for name, floats, integers in pairs
    ]
    graded.append(Grade("leak", _leak_error(before.beta, after.d, after.r), "of V per step"))
    if before.alpha is not None:
        error = _leak_error(before.alpha, after.current_d, after.current_r)
        graded.append(Grade("current leak", error, "of I per step"))
    return tuple(graded)


def _leak_error(beta: NDArray[np.float64], d: NDArray[np.int16], r: int) -> float:
    """Return the largest difference between beta and the integer leak's share, 1 - d / 2**r."""
    return float(np.abs(1 - d / 2.0**r - beta).max())


def _last(membranes: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return int16[n, neurons], the membranes at the end; for a stream at the last answer."""
    return membranes[:, -1] if membranes.ndim == 3 else membranes


def _layer_drift(
    layers: tuple[FloatLayer, Layer, NDArray[np.float64]],
    spikes: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    membranes: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> LayerDrift:
    """Compare the spikes bool[n, T, neurons] and last membranes float[n, neurons] of a layer."""
    before, after = spikes
    by_neuron = (before == after).mean(axis=(0, 1))
    either = np.count_nonzero(before | after)
    float_spikes = np.count_nonzero(before)
    spread = float(membranes[0].std())
    error = float(np.sqrt(((membranes[1] - membranes[0]) ** 2).mean()))
    return LayerDrift(
        agreement=float(by_neuron.mean()),
        overlap=np.count_nonzero(before & after) / either if either else 1.0,
        rate_ratio=np.count_nonzero(after) / float_spikes if float_spikes else None,
        worst=int(by_neuron.argmin()),
        worst_agreement=float(by_neuron.min()),
        float_rates=before.mean(axis=(0, 1)),
        integer_rates=after.mean(axis=(0, 1)),
        membrane_error=error / spread if spread else error,
        grades=grades(*layers),
    )
