"""Writes a journal as a neo.Block in a NIX file, for electrophysiology tools.

The block has one segment. It contains a SpikeTrain for each neuron, silent ones included. A train has
the name "layer K neuron J" and both numbers as annotations. An Event "answers" has the names of the
classes as labels, at the end of each turn. The times of neo are seconds, so the export needs the
sampling rate.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from spikelet.errors import SpikeletError, UsageError
from spikelet.monitoring.journal.events import Events, gather, times
from spikelet.monitoring.journal.reader import Journal


def write(journal: Journal, path: Path, rate: float | None) -> None:
    """Write a journal as a NIX file.

    Parameters
    ----------
    journal : Journal
    path : Path
    rate : float or None
        Samples per second; None for the rate in the journal.

    Raises
    ------
    SpikeletError
        If neo or nixio is not installed, or the sampling rate is unknown.
    """
    neo = _neo()
    recording = block(gather(journal, rate))
    with neo.NixIO(str(path), "ow") as file:
        file.write_block(recording)


def block(events: Events) -> Any:
    """Return the events as a neo.Block."""
    neo = _neo()
    step = events.step_seconds
    if step is None:
        raise UsageError(
            "neo's times are seconds, and the recording knows no sampling rate; give --rate HZ"
        )
    end = float(times(np.array([events.length]), step)[0])
    recording = neo.Block(name="spikelet", description=json.dumps(events.about))
    segment = neo.Segment(name="monitor")
    recording.segments.append(segment)
    for k, layer in enumerate(events.network.layers):
        when = times(events.steps[k], step)
        order = np.argsort(events.neurons[k], kind="stable")
        bounds = np.searchsorted(events.neurons[k][order], np.arange(layer.neurons + 1))
        for neuron in range(layer.neurons):
            mine = order[bounds[neuron] : bounds[neuron + 1]]
            train = neo.SpikeTrain(
                when[mine],
                units="s",
                t_stop=end,
                name=f"layer {k} neuron {neuron}",
                layer=k,
                neuron=neuron,
            )
            segment.spiketrains.append(train)
    answers = np.array([events.network.classes[answer] for answer in events.answers])
    ends = times(events.ends + 1, step)
    segment.events.append(neo.Event(times=ends, labels=answers, units="s", name="answers"))
    return recording


def _neo() -> Any:
    try:
        import neo  # noqa: PLC0415

        # neo imports nixio only when it writes.
        import nixio  # noqa: F401, PLC0415
    except ImportError:
        raise SpikeletError("this form needs neo: pip install 'spikelet[neo]'") from None
    return neo
