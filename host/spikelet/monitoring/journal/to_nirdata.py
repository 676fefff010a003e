"""Writes a journal as NIRGraphData: the data at each node of the source graph.

    input        readings    ValuedEventData, a value of each channel at the first step of each sample
    neurons_K    spikes      EventData of layer K
                 membrane    ValuedEventData, a value of each neuron at the last step of each turn

The whole journal is one sample. Time is in seconds if the sampling rate is known, else in steps. The
nodes have the names of the graphs that Spikelet writes, so that `check_nodes` accepts them. Neurons are
in the order of Spikelet, with channels last. A layer without a spike has the one event that NIR uses as
filler: index -1 at infinity.
Source: nir 1.0.8, nir/data_ir/graph.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet import files
from spikelet.monitoring.journal.events import Events, gather, times
from spikelet.monitoring.journal.reader import Journal


def write(journal: Journal, path: Path, rate: float | None) -> None:
    """Write a journal with the writer of the package nir.

    Parameters
    ----------
    journal : Journal
    path : Path
    rate : float or None
        Samples per second; None for the rate in the journal.
    """
    path.write_bytes(files.in_memory(nir.write_data, graph_data(gather(journal, rate))))


def graph_data(events: Events) -> nir.NIRGraphData:
    """Return the events in the classes of NIR."""
    step = events.step_seconds or 1.0
    nodes: dict[str, Any] = {}
    if events.readings is not None:
        nodes["input"] = nir.NIRNodeData({"readings": _readings(events, step)})
    for k, layer in enumerate(events.network.layers):
        spikes = _spikes(events.steps[k], events.neurons[k], step)
        limits = {"n_neurons": layer.neurons, "t_max": _end(events, step)}
        values = events.membranes[k]
        nodes[f"neurons_{k}"] = nir.NIRNodeData(
            {
                "spikes": nir.EventData(**spikes, **limits),
                "membrane": nir.ValuedEventData(**_valued(values, events.ends, step), **limits),
            }
        )
    return nir.NIRGraphData(nodes)


def _end(events: Events, step: float) -> float:
    return float(times(np.array([events.length]), step)[0])


def _spikes(
    steps: NDArray[np.int64], neurons: NDArray[np.int64], step: float
) -> dict[str, NDArray[Any]]:
    if not len(steps):
        return {"idx": np.full((1, 1), -1), "time": np.full((1, 1), np.inf)}
    return {"idx": neurons[None], "time": times(steps, step)[None]}


def _valued(values: NDArray[Any], steps: NDArray[np.int64], step: float) -> dict[str, NDArray[Any]]:
    """Return values number[n, width] at n steps as events."""
    count, width = values.shape
    return {
        "idx": np.tile(np.arange(width), count)[None],
        "time": np.repeat(times(steps, step), width)[None],
        "value": values.astype(np.float64).reshape(1, -1),
    }


def _readings(events: Events, step: float) -> nir.ValuedEventData:
    assert events.readings is not None
    network = events.network
    samples = events.readings.reshape(-1, network.channels)
    # Samples in a turn.
    each = network.turn_steps // network.steps
    first = events.turns[:, None] * network.turn_steps + np.arange(each) * network.steps
    return nir.ValuedEventData(
        **_valued(samples, first.ravel(), step),
        n_neurons=network.channels,
        t_max=_end(events, step),
    )
