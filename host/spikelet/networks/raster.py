"""Draw a raster plot of a simulation for a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError, UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot(spikes: Sequence[NDArray[Any]], sample: int = 0) -> Figure:
    """Draw the spikes of one sample, a panel per layer and a row of dots per neuron.

    Parameters
    ----------
    spikes : sequence of uint8[n, T, neurons]
        The spikes of each layer.
    sample : int

    Raises
    ------
    SpikeletError
        If there is no such sample, or matplotlib is not installed.
    """
    try:
        # Only pictures need this optional package.
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise SpikeletError(
            "a plot needs matplotlib, which is not installed; pip install 'spikelet[pictures]'"
        ) from None
    samples = len(spikes[0])
    if not 0 <= sample < samples:
        raise UsageError(f"sample is {sample}; it must be in 0..{samples - 1}")
    figure = Figure(figsize=(8, 1.6 * len(spikes) + 0.6), layout="constrained")
    axes = figure.subplots(len(spikes), 1, sharex=True, squeeze=False)[:, 0]
    for number, (axis, fired) in enumerate(zip(axes, spikes, strict=True)):
        step, neuron = np.nonzero(fired[sample])
        axis.plot(step, neuron, "|", color="#1b1f3b", markersize=4)
        axis.set_ylabel(f"layer {number}")
        axis.set_ylim(-0.5, fired.shape[2] - 0.5)
        axis.set_xlim(-0.5, fired.shape[1] - 0.5)
    axes[-1].set_xlabel("step")
    return figure
