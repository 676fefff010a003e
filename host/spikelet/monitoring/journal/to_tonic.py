"""Writes the spikes of a journal as a structured array for Tonic, in a .npy file.

    x    int16    neuron
    y    int16    layer
    t    int64    microseconds if the sampling rate is known, else steps
    p    bool     true, the only polarity

Events are in the order of time. The sensor size is (neurons of the widest layer, layers, 1). The file
needs no pickles.
Source: tonic 1.7, tonic/io.py, events_struct.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput
from spikelet.monitoring.journal.events import Events, gather
from spikelet.monitoring.journal.reader import Journal

EVENTS = np.dtype([("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", np.bool_)])
WIDEST = int(np.iinfo(np.int16).max)


def write(journal: Journal, path: Path, rate: float | None) -> None:
    """Write the spikes of a journal.

    Parameters
    ----------
    journal : Journal
    path : Path
    rate : float or None
        Samples per second; None for the rate in the journal.

    Raises
    ------
    SpikeletError
        If a layer is too wide for Tonic.
    """
    array = structured(gather(journal, rate))
    # Given a path, np.save would add a suffix.
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def structured(events: Events) -> NDArray[Any]:
    """Return the spikes as the structured array of Tonic."""
    widest = max(layer.neurons for layer in events.network.layers)
    if widest > WIDEST:
        raise RefusedInput(f"a layer has {widest} neurons, above Tonic's {WIDEST}; export npz")
    steps = np.concatenate(events.steps)
    array = np.empty(len(steps), EVENTS)
    array["x"] = np.concatenate(events.neurons)
    array["y"] = np.repeat(np.arange(len(events.steps)), [len(each) for each in events.steps])
    step = events.step_seconds
    array["t"] = steps if step is None else np.rint(steps * step * 1e6)
    array["p"] = True
    return array[np.argsort(steps, kind="stable")]
