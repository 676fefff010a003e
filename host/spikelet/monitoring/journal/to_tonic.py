"""A journal's spikes as the structured array that Tonic takes, in a .npy without pickles.

    x    int16    neuron
    y    int16    layer
    t    int64    microseconds where the sampling rate is known, else steps
    p    bool     true, for there is one polarity

Events are in the order of time. The sensor's size is (neurons of the widest layer, layers, 1).
Source: tonic 1.7, tonic/io.py, events_struct.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.monitoring.journal.events import Events, gather
from spikelet.monitoring.journal.reader import Journal

EVENTS = np.dtype([("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", np.bool_)])
WIDEST = int(np.iinfo(np.int16).max)


def write(journal: Journal, path: Path, rate: float | None) -> None:
    """Write a journal's spikes; raises SpikeletError if a layer is too wide."""
    array = structured(gather(journal, rate))
    with path.open("wb") as file:  # np.save would add a suffix to a path
        np.save(file, array, allow_pickle=False)


def structured(events: Events) -> NDArray[Any]:
    """Return the spikes as Tonic has them."""
    widest = max(layer.neurons for layer in events.network.layers)
    if widest > WIDEST:
        raise SpikeletError(f"a layer has {widest} neurons, above Tonic's {WIDEST}; export npz")
    steps = np.concatenate(events.steps)
    found = np.empty(len(steps), EVENTS)
    found["x"] = np.concatenate(events.neurons)
    found["y"] = np.repeat(np.arange(len(events.steps)), [len(each) for each in events.steps])
    step = events.step_seconds
    found["t"] = steps if step is None else np.rint(steps * step * 1e6)
    found["p"] = True
    return found[np.argsort(steps, kind="stable")]
