"""A journal as one .npz of dense arrays, which numpy loads without pickles.

    turn           int64[n]                    numbers of the turns that arrived, as they came
    arrival        float64[n]                  seconds of the host's clock at which they did
    answer         int64[n]                    index of the class
    classes        text[classes]               their names
    readings       uint8 or int16[n, channels], of a stream [n, hop, channels]; absent where the board
                                               did not send them
    spikes_K       uint8[n, T, neurons]        of layer K in each of the turn's T steps
    membrane_K     int16[n, neurons]           of layer K at the turn's end
    lost           int64[m]                    numbers of the turns that were lost
    status         float64[s, 4]               arrival, samples, late samples and failed reads
    trouble        text[s]                     of the sensor then
    log            text[l]                     what the board printed, and log_time float64[l]
    steps          int64                       of each sample; T is this, or times hop
    rate           float64                     samples a second, or NaN
    about          text                        JSON: port, board, runtime, kernel, begun
    network        uint8[bytes]                the .lif file

Arrays are written one after the other, each in a pass through the journal, so that no more than one
turn is held, however many there are.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.link.turn import Observation, Status
from spikelet.monitoring.journal.events import known_rate
from spikelet.monitoring.journal.reader import Journal, Text
from spikelet.networks import lif_file


def write(journal: Journal, path: Path, rate: float | None) -> None:
    """Write the arrays of a journal; raises SpikeletError if it holds no turn."""
    small = _small(journal, rate)
    n = len(small["turn"])
    if not n:
        raise SpikeletError(f"{journal.path} holds no turn; there is nothing to export")
    network = journal.network
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in small.items():
            _member(archive, name, array.dtype, array.shape, [array])
        for k, layer in enumerate(network.layers):
            shape = n, network.turn_steps, layer.neurons
            parts = (turn.spikes[k] for _, _, turn in journal.turns())
            _member(archive, f"spikes_{k}", np.dtype(np.uint8), shape, parts)
            ends = (turn.membranes[k] for _, _, turn in journal.turns())
            _member(archive, f"membrane_{k}", np.dtype(np.int16), (n, layer.neurons), ends)
        if all(turn.readings is not None for _, _, turn in journal.turns()):
            kind = np.dtype("<i2" if network.scaling else "u1")
            readings = (turn.readings for _, _, turn in journal.turns())
            _member(archive, "readings", kind, (n, *network.turn), readings)


def _member(
    archive: zipfile.ZipFile,
    name: str,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    parts: Iterable[NDArray[Any] | None],
) -> None:
    """Write an array into the archive, of which the parts follow one another."""
    header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(np.ascontiguousarray(part, dtype).tobytes())


def _small(journal: Journal, rate: float | None) -> dict[str, NDArray[Any]]:
    """Return what is small whatever the number of neurons."""
    turns: list[tuple[int, float, int]] = []
    lost: list[int] = []
    statuses: list[tuple[float, ...]] = []
    troubles: list[str] = []
    said: list[tuple[float, str]] = []
    for entry in journal.entries():
        event = entry.event
        if isinstance(event, Observation):
            turns.append((entry.number, entry.time, event.answer))
        elif event is None:
            lost.append(entry.number)
        elif isinstance(event, Status):
            statuses.append((entry.time, event.samples, event.late, event.failed))
            troubles.append(event.trouble)
        elif isinstance(event, Text):
            said.append((entry.time, event.text))
    known = known_rate(journal, rate)
    return {
        "turn": np.array([number for number, _, _ in turns], np.int64),
        "arrival": np.array([time for _, time, _ in turns], np.float64),
        "answer": np.array([answer for _, _, answer in turns], np.int64),
        "classes": np.array(journal.network.classes, np.str_),
        "lost": np.array(lost, np.int64),
        "status": np.array(statuses, np.float64).reshape(-1, 4),
        "trouble": np.array(troubles, np.str_),
        "log": np.array([text for _, text in said], np.str_),
        "log_time": np.array([time for time, _ in said], np.float64),
        "steps": np.array(journal.network.steps, np.int64),
        "rate": np.array(np.nan if known is None else known, np.float64),
        "about": np.array(json.dumps(journal.about), np.str_),
        "network": np.frombuffer(lif_file.to_bytes(journal.network), np.uint8),
    }
