"""Draws spikes, the drift of integers, and the front of a sweep into picture files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelet import files
from spikelet.conversion.drift import Drift
from spikelet.errors import SpikeletError, UsageError
from spikelet.inputs import encoders
from spikelet.networks.network import Network
from spikelet.networks.reference import Trace
from spikelet.training.sweeps.pareto import Configuration, front, label, varied_options

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, ACCENT, QUIET = "#1b1f3b", "#d1495b", "#9aa0b5"
ENCODER_INKS = {
    "direct": INK,
    "rate": ACCENT,
    "bernoulli": "#d9942b",
    "latency": "#00798c",
    "phase": "#5f9b6d",
    "delta": "#8d6a9f",
}


def raster(path: str | Path, network: Network, x: NDArray[np.uint8], trace: Trace) -> None:
    """Draw samples and their spikes, a row of ticks per neuron.

    Parameters
    ----------
    path : path
        Its suffix is the format.
    network : Network
    x : uint8[n, channels]
        Samples.
    trace : Trace
        The run of these samples.

    Raises
    ------
    SpikeletError
        If matplotlib is not installed, or the file cannot be written.
    """
    pyplot = _pyplot()
    heights = [1.2, *(max(0.8, layer.neurons / 24) for layer in network.layers)]
    figure, axes = pyplot.subplots(
        len(heights),
        1,
        sharex=True,
        figsize=(10, 1.1 * sum(heights) + 1),
        gridspec_kw={"height_ratios": heights},
        layout="constrained",
    )
    _draw_inputs(axes[0], network, x)
    for k, (axis, layer) in enumerate(zip(axes[1:], network.layers, strict=True)):
        last = k == len(network.layers) - 1
        if last and layer.theta is None:
            _draw_answers(axis, network, trace)
        else:
            _draw_spikes(axis, trace.spikes[k], f"layer {k}: {layer.neurons} neurons")
    axes[-1].set_xlabel(
        f"{len(x)} samples of {network.steps} steps; a tick is a spike, a dot the answer", color=INK
    )
    _save(pyplot, figure, path)


def drift(path: str | Path, measured: Drift) -> None:
    """Draw the firing rates of each layer, integers against floats, a dot per neuron.

    Parameters
    ----------
    path : path
        Its suffix is the format.
    measured : Drift

    Raises
    ------
    SpikeletError
        If matplotlib is not installed, or the file cannot be written.
    """
    pyplot = _pyplot()
    layers = [layer for layer in measured.layers if layer.float_rates.any()]
    figure, axes = pyplot.subplots(
        1,
        max(len(layers), 1),
        figsize=(4.2 * max(len(layers), 1), 4.2),
        squeeze=False,
        layout="constrained",
    )
    for axis, layer in zip(axes[0], layers, strict=False):
        most = max(layer.float_rates.max(), layer.integer_rates.max())
        axis.plot([0, most], [0, most], color=QUIET, linewidth=0.8)
        axis.plot(layer.float_rates, layer.integer_rates, "o", color=INK, markersize=3)
        worst = layer.float_rates[layer.worst], layer.integer_rates[layer.worst]
        axis.plot(*worst, "o", color=ACCENT, markersize=6, label=f"neuron {layer.worst}, the worst")
        axis.set_title(f"{layer.neurons} neurons, {layer.agreement:.2%} of spikes alike", color=INK)
        axis.set_xlabel("spikes per step, floats", color=INK)
        axis.set_ylabel("spikes per step, integers", color=INK)
        axis.legend(frameon=False)
    _save(pyplot, figure, path)


def pareto(path: str | Path, configurations: Sequence[Configuration]) -> None:
    """Draw validation accuracy against synaptic events, a dot per configuration; number the front.

    Bars go from the lowest seed to the highest.

    Parameters
    ----------
    path : path
        Its suffix is the format.
    configurations : sequence of Configuration

    Raises
    ------
    SpikeletError
        If every network failed, matplotlib is not installed, or the file cannot be written.
    """
    measured = [one for one in configurations if one.measured]
    if not measured:
        raise SpikeletError(f"cannot draw {path}: no network of the sweep was measured")
    pyplot = _pyplot()
    figure, axis = pyplot.subplots(figsize=(10, 5.4), layout="constrained")
    best = front(measured)
    for encoder in dict.fromkeys(one.options.encoder for one in measured):
        ink = ENCODER_INKS.get(encoder, QUIET)
        beaten = [one for one in measured if one.options.encoder == encoder and one not in best]
        _draw_configurations(axis, beaten, color=ink, markersize=4.5, alpha=0.4)
        axis.plot([], [], "o", color=ink, markersize=4.5, label=encoder)
    _draw_front(axis, best, varied_options(configurations))
    _scale_by_cost(axis)
    axis.set_xlabel("synaptic events per sample", color=INK)
    axis.set_ylabel("validation accuracy", color=INK)
    seeds = max(len(one.measured) for one in measured)
    axis.set_title(f"mean and ends of {seeds} seeds" if seeds > 1 else "one seed", color=INK)
    legend = figure.legend(loc="outside right upper", frameon=False, labelcolor=INK, fontsize=9)
    legend.set_alignment("left")
    _save(pyplot, figure, path)


def _pyplot() -> Any:
    """Return the module pyplot of matplotlib, which draws to files only."""
    try:
        import matplotlib  # noqa: PLC0415

        matplotlib.use("Agg")
        from matplotlib import pyplot  # noqa: PLC0415
    except ImportError:
        raise SpikeletError("pictures need matplotlib: pip install 'spikelet[pictures]'") from None
    return pyplot


def _save(pyplot: Any, figure: Any, path: str | Path) -> None:
    suffix = Path(path).suffix.lstrip(".") or "png"
    try:
        with files.replacing(path) as temporary:
            figure.savefig(temporary, format=suffix, dpi=120)
    except ValueError:
        raise UsageError(f"cannot draw {path}: its ending names no format; try .png") from None
    finally:
        pyplot.close(figure)


def _draw_inputs(axis: Axes, network: Network, x: NDArray[np.uint8]) -> None:
    """Draw square inputs as images above their steps, and other inputs as spikes."""
    side = round(network.channels**0.5)
    axis.set_yticks([])
    axis.set_ylabel("input", color=INK)
    _frame(axis)
    if side * side != network.channels:
        spikes = encoders.spikes(network.encoder, x, network.steps, network.encoder_parameter)
        _draw_spikes(axis, spikes, "input")
        return
    for i, sample in enumerate(x):
        left = i * network.steps + 0.1
        place = (left, left + network.steps - 0.2, 0, 1)
        image: Any = 255 - sample.reshape(side, side)
        axis.imshow(image, cmap="gray", vmin=0, vmax=255, extent=place, aspect="auto")
    axis.set_xlim(0, len(x) * network.steps)
    axis.set_ylim(0, 1)


def _draw_spikes(axis: Axes, spikes: NDArray[Any], title: str) -> None:
    n, steps, neurons = spikes.shape
    times, addresses = np.nonzero(spikes.reshape(n * steps, neurons))
    axis.plot(times + 0.5, addresses, "|", color=INK, markersize=4.5, markeredgewidth=1.8)
    axis.set_ylim(-1, neurons)
    axis.set_xlim(0, n * steps)
    axis.set_ylabel(title, color=INK)
    _frame(axis)
    _separate(axis, n, steps)


def _draw_answers(axis: Axes, network: Network, trace: Trace) -> None:
    """Draw the membranes of the readout at the end of each window, and mark the answer."""
    steps = network.steps
    n = len(trace.answers)
    places = (0, n * steps, -0.5, len(network.classes) - 0.5)
    image: Any = trace.membranes[-1].T
    axis.imshow(image, cmap="Purples", origin="lower", extent=places, aspect="auto")
    middles = np.arange(n) * steps + steps / 2
    axis.plot(middles, trace.answers, "o", color=ACCENT, markersize=5)
    axis.set_yticks(range(len(network.classes)), network.classes, fontsize=6)
    axis.set_ylabel("answer", color=INK)
    _frame(axis)
    _separate(axis, n, steps)


def _draw_configurations(axis: Axes, configurations: Sequence[Configuration], **style: Any) -> None:
    """Draw a dot and the spread over seeds for each configuration."""
    for one in configurations:
        events, accuracy = one.synaptic_events, one.accuracy
        axis.errorbar(
            events.mean,
            accuracy.mean,
            xerr=[[events.mean - events.lowest], [events.highest - events.mean]],
            yerr=[[accuracy.mean - accuracy.lowest], [accuracy.highest - accuracy.mean]],
            fmt="o",
            elinewidth=0.8,
            **style,
        )


def _draw_front(axis: Axes, best: Sequence[Configuration], names: Sequence[str]) -> None:
    """Draw the front as stairs with numbered configurations, and their test accuracy."""
    events = [one.synaptic_events.mean for one in best]
    heights = [one.accuracy.mean for one in best]
    axis.plot(
        events, heights, color=QUIET, linewidth=1.2, drawstyle="steps-post", label="Pareto front"
    )
    tested = [one.test_accuracy.mean for one in best]
    style: dict[str, Any] = {"color": INK, "markerfacecolor": "white", "markersize": 5}
    axis.plot(events, tested, "D", label="its accuracy on the test part", **style)
    for number, one in enumerate(best, start=1):
        ink = ENCODER_INKS.get(one.options.encoder, QUIET)
        _draw_configurations(axis, [one], color=ink, markersize=13, zorder=3)
        place = one.synaptic_events.mean, one.accuracy.mean
        axis.plot(*place, marker=f"${number}$", color="white", markersize=6, zorder=4)
        words = label(one.options, names)
        axis.plot([], [], marker=f"${number}$", color=ink, linestyle="", markersize=6, label=words)


def _scale_by_cost(axis: Axes) -> None:
    """Make the axis of events logarithmic with plain numbers, and show accuracy in percent."""
    from matplotlib.ticker import (  # noqa: PLC0415
        FuncFormatter,
        LogLocator,
        NullFormatter,
        PercentFormatter,
    )

    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda events, _: f"{events:,.0f}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    axis.grid(color=QUIET, linewidth=0.4, alpha=0.4)
    axis.tick_params(colors=INK)
    for side in axis.spines.values():
        side.set_color(QUIET)


def _separate(axis: Axes, n: int, steps: int) -> None:
    for i in range(1, n):
        axis.axvline(i * steps, color=QUIET, linewidth=0.6)


def _frame(axis: Axes) -> None:
    axis.tick_params(colors=INK, length=0)
    axis.set_xticks([])
    for side in axis.spines.values():
        side.set_color(QUIET)
