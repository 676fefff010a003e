"""Writes the journal of a watch: a file that grows by each event at once.

    file     MAGIC chunk*
    chunk    SYNC  kind:u8  size:u32  time:f64  payload  crc:u32                       all little-endian

The time is in seconds since the start of the journal, by a monotonic clock. The CRC-32 covers the bytes
between SYNC and itself. The writer hands each chunk to the system at once, in one call. So the file
contains every earlier event even if the host is killed. A reader skips damaged bytes and counts them.

    NETWORK       the .lif file of the network that made the turns; the first chunk
    ABOUT         JSON: format (int), port, board, runtime, kernel, begun (text, UTC); the second chunk
    TURN          TURN_FORMAT; the readings if the board took them by itself, in the format of
                  Network.turn_bytes; the spikes of each layer; the membranes of each layer
                  - spikes: [T, neurons] in C order, one bit each, the lowest bit of a byte first,
                    padded to whole bytes
                  - membranes: i16[neurons] at the end of the turn
    LOST          number:u32 of a turn that did not arrive completely
    STATUS        JSON: the fields of link.turn.Status
    TEXT          UTF-8: text that the board printed
    STARTED       empty: the state of the network begins anew with the next turn
    GONE          UTF-8: the reason why the board is gone
    RECONNECTED   JSON: name of the port, count, seconds
    END           JSON: turns, answers, lost_frames, missed_frames, reconnections, and differences if
                  the watch checked spikes; the last chunk of a closed journal
"""

from __future__ import annotations

import json
import struct
import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np

from spikelet import files
from spikelet.errors import SpikeletError
from spikelet.link.turn import Status, Turn
from spikelet.monitoring.watch import Event, Gone, Reconnected, Started
from spikelet.networks import lif_file
from spikelet.networks.network import Network

# Raise it when an older Spikelet would misread a journal.
FORMAT = 1
MAGIC = b"spikelet journal\n"
SYNC = b"\x89JRN"
# Kind, size of the payload, time.
HEAD = "<BId"
HEAD_SIZE = struct.calcsize(HEAD)
CRC_SIZE = 4
MAX_PAYLOAD = 1 << 26
# Number, answer, whether readings follow.
TURN_FORMAT = "<IHB"
TURN_SIZE = struct.calcsize(TURN_FORMAT)

NETWORK, ABOUT, TURN, LOST, STATUS, TEXT, STARTED, GONE, RECONNECTED, END = range(1, 11)


class JournalWriter:
    """Adds the events of a watch to a journal.

    Attributes
    ----------
    path : Path
        Path of the file.
    """

    def __init__(self, path: str | Path, network: Network, about: Mapping[str, Any]) -> None:
        """Begin a journal.

        Parameters
        ----------
        path : path
        network : Network
            The network that makes the turns.
        about : mapping of str to str
            port, board, runtime, kernel and begun.

        Raises
        ------
        SpikeletError
            If the file exists already, or cannot be written.
        """
        self.path = Path(path)
        self._network = network
        self._turns = 0
        self._begun = time.monotonic()
        self._file = files.create(path)
        try:
            self._write(MAGIC)
            self._add(NETWORK, lif_file.to_bytes(network))
            self._add_json(ABOUT, {"format": FORMAT, **about})
        except SpikeletError:
            self._file.close()
            if files.is_regular(path):
                self.path.unlink(missing_ok=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def take(self, event: Event) -> None:
        """Add an event.

        Raises
        ------
        SpikeletError
            If the file cannot be written.
        """
        if isinstance(event, Turn):
            self._add(TURN, turn_bytes(self._network, self._turns, event))
            self._turns += 1
        elif event is None:
            self._add(LOST, struct.pack("<I", self._turns))
            self._turns += 1
        elif isinstance(event, Status):
            self._add_json(STATUS, asdict(event))
        elif isinstance(event, Started):
            self._add(STARTED, b"")
        elif isinstance(event, Gone):
            self._add(GONE, event.reason.encode())
        elif isinstance(event, Reconnected):
            self._add_json(RECONNECTED, asdict(event))

    def text(self, text: str) -> None:
        """Add text that the board printed."""
        self._add(TEXT, text.encode())

    def end(self, counts: Mapping[str, int]) -> None:
        """Add the counts at the end of a watch."""
        self._add_json(END, counts)

    def _add_json(self, kind: int, value: Mapping[str, Any]) -> None:
        self._add(kind, json.dumps(value).encode())

    def _add(self, kind: int, payload: bytes) -> None:
        body = struct.pack(HEAD, kind, len(payload), time.monotonic() - self._begun) + payload
        self._write(SYNC + body + struct.pack("<I", zlib.crc32(body)))

    def _write(self, data: bytes) -> None:
        try:
            written = self._file.write(data)
            while written < len(data):
                written += self._file.write(data[written:])
        except OSError as error:
            raise SpikeletError(
                f"cannot write {self.path}: {error.strerror or error}; "
                "it keeps every event until then"
            ) from None


def turn_bytes(network: Network, number: int, turn: Turn) -> bytes:
    """Return the payload of a chunk TURN."""
    parts = [struct.pack(TURN_FORMAT, number, turn.answer, turn.readings is not None)]
    if turn.readings is not None:
        parts.append(network.turn_bytes(turn.readings))
    parts += [np.packbits(spikes, bitorder="little").tobytes() for spikes in turn.spikes]
    parts += [membranes.astype("<i2").tobytes() for membranes in turn.membranes]
    return b"".join(parts)


def read_turn(network: Network, payload: bytes) -> tuple[int, Turn]:
    """Return (number, turn) from the payload of a chunk TURN.

    Raises
    ------
    ValueError
        If the payload does not fit this network.
    """
    number, answer, has_readings = struct.unpack_from(TURN_FORMAT, payload)
    at, readings = TURN_SIZE, None
    if has_readings:
        size = int(np.prod(network.turn)) * (2 if network.scaling else 1)
        readings = network.turn_readings(payload[at : at + size])
        at += size
    spikes, membranes = [], []
    for layer in network.layers:
        count = network.turn_steps * layer.neurons
        packed = np.frombuffer(payload, np.uint8, -(-count // 8), at)
        bits = np.unpackbits(packed, count=count, bitorder="little")
        spikes.append(bits.reshape(network.turn_steps, layer.neurons))
        at += len(packed)
    for layer in network.layers:
        membranes.append(np.frombuffer(payload, "<i2", layer.neurons, at).astype(np.int16))
        at += 2 * layer.neurons
    if at != len(payload) or answer >= len(network.classes):
        raise ValueError(f"a turn of {len(payload)} bytes, and the network's have {at}")
    turn = Turn(number & 0xFFFF, readings, tuple(spikes), tuple(membranes), answer)
    return number, turn
