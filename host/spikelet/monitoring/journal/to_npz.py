"""Writes a journal as one .npz of dense arrays, which numpy loads without pickles.

    turn           int64[n]                    numbers of the turns that arrived, in order of arrival
    arrival        float64[n]                  times of arrival in seconds, by the clock of the host
    answer         int64[n]                    index of the class
    classes        text[classes]               names of the classes
    readings       uint8 or int16[n, channels], of a stream [n, hop, channels]; absent if the board
                                               did not send them
    spikes_K       uint8[n, T, neurons]        spikes of layer K in each of the T steps of a turn
    membrane_K     int16[n, neurons]           membranes of layer K at the end of a turn
    lost           int64[m]                    numbers of the turns that were lost
    status         float64[s, 4]               arrival, samples, late samples and failed reads
    trouble        text[s]                     trouble of the sensor at each status
    log            text[l]                     text that the board printed
    log_time       float64[l]                  time of arrival of each text, in seconds
    steps          int64                       steps per sample; T is this number, or times hop
    rate           float64                     samples per second, or NaN
    about          text                        JSON: port, board, runtime, kernel, begun
    network        uint8[bytes]                the .lif file

Each array takes its own pass through the journal. So the writer holds one turn in memory, for any
number of turns.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput
from spikelet.link.turn import Status, Turn
from spikelet.monitoring.journal.events import known_rate
from spikelet.monitoring.journal.reader import Journal, Text
from spikelet.networks import lif_file


def write(journal: Journal, path: Path, rate: float | None) -> None:
    """Write the arrays of a journal.

    Parameters
    ----------
    journal : Journal
    path : Path
    rate : float or None
        Samples per second; None for the rate in the journal.

    Raises
    ------
    SpikeletError
        If the journal holds no turn.
    """
    small = _small(journal, rate)
    n = len(small["turn"])
    if not n:
        raise RefusedInput(f"{journal.path} holds no turn; there is nothing to export")
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
    """Write an array into the archive from its consecutive parts."""
    header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(np.ascontiguousarray(part, dtype).tobytes())


def _small(journal: Journal, rate: float | None) -> dict[str, NDArray[Any]]:
    """Return the arrays that are small for any number of neurons."""
    turns: list[tuple[int, float, int]] = []
    lost: list[int] = []
    statuses: list[tuple[float, ...]] = []
    troubles: list[str] = []
    texts: list[tuple[float, str]] = []
    for entry in journal.entries():
        event = entry.event
        if isinstance(event, Turn):
            turns.append((entry.number, entry.time, event.answer))
        elif event is None:
            lost.append(entry.number)
        elif isinstance(event, Status):
            statuses.append((entry.time, event.samples, event.late, event.failed))
            troubles.append(event.trouble)
        elif isinstance(event, Text):
            texts.append((entry.time, event.text))
    known = known_rate(journal, rate)
    return {
        "turn": np.array([number for number, _, _ in turns], np.int64),
        "arrival": np.array([time for _, time, _ in turns], np.float64),
        "answer": np.array([answer for _, _, answer in turns], np.int64),
        "classes": np.array(journal.network.classes, np.str_),
        "lost": np.array(lost, np.int64),
        "status": np.array(statuses, np.float64).reshape(-1, 4),
        "trouble": np.array(troubles, np.str_),
        "log": np.array([text for _, text in texts], np.str_),
        "log_time": np.array([time for time, _ in texts], np.float64),
        "steps": np.array(journal.network.steps, np.int64),
        "rate": np.array(np.nan if known is None else known, np.float64),
        "about": np.array(json.dumps(journal.about), np.str_),
        "network": np.frombuffer(lif_file.to_bytes(journal.network), np.uint8),
    }
