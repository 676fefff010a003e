"""Writes a journal as two tables of comma-separated values.

    FILE.csv            step,layer,neuron                  a row for each spike, in the order of time
    FILE.answers.csv    turn,step,arrival,answer,class     a row for each turn that arrived

Steps count as in journal/events.py. The step of an answer is the last one of its turn. The arrival is
in seconds, by the clock of the host. If the sampling rate is known, a column "seconds" follows the
step: the time at which the step begins.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from spikelet.link.turn import Turn
from spikelet.monitoring.journal.events import known_rate, step_seconds
from spikelet.monitoring.journal.reader import Journal


def answers_path(path: Path) -> Path:
    """Return the path of the table of answers, beside the table of spikes."""
    return path.with_suffix(f".answers{path.suffix}")


def write(journal: Journal, spikes: Path, answers: Path, rate: float | None) -> None:
    """Write both tables in one pass.

    Parameters
    ----------
    journal : Journal
    spikes : Path
        File for the table of spikes.
    answers : Path
        File for the table of answers.
    rate : float or None
        Samples per second; None for the rate in the journal.
    """
    step = step_seconds(journal.network, known_rate(journal, rate))
    seconds = [] if step is None else ["seconds"]
    with (
        spikes.open("w", encoding="utf-8", newline="") as first,
        answers.open("w", encoding="utf-8", newline="") as second,
    ):
        spike_rows, answer_rows = csv.writer(first), csv.writer(second)
        spike_rows.writerow(["step", *seconds, "layer", "neuron"])
        answer_rows.writerow(["turn", "step", *seconds, "arrival", "answer", "class"])
        for number, arrival, turn in journal.turns():
            begin = number * journal.network.turn_steps
            for at, layer, neuron in _spikes(turn):
                spike_rows.writerow([*_when(begin + at, step), layer, neuron])
            end = begin + journal.network.turn_steps - 1
            name = journal.network.classes[turn.answer]
            row = [number, *_when(end, step), f"{arrival:.6f}", turn.answer, name]
            answer_rows.writerow(row)


def _when(at: int, step: float | None) -> list[Any]:
    return [at] if step is None else [at, f"{at * step:.9g}"]


def _spikes(turn: Turn) -> Iterator[tuple[int, int, int]]:
    """Yield (step, layer, neuron) of the spikes of a turn, sorted."""
    rows = []
    for layer, spikes in enumerate(turn.spikes):
        for at, neuron in np.argwhere(spikes):
            rows.append((int(at), layer, int(neuron)))
    yield from sorted(rows)
