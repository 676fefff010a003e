"""Reads the events of a journal in order, with one chunk in memory at a time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from spikelet import checked_json, files
from spikelet.errors import RefusedInput, UsageError
from spikelet.link.turn import Status, Turn
from spikelet.monitoring.journal.writer import (
    ABOUT,
    CRC_SIZE,
    END,
    FORMAT,
    GONE,
    HEAD,
    HEAD_SIZE,
    LOST,
    MAGIC,
    MAX_PAYLOAD,
    NETWORK,
    RECONNECTED,
    STARTED,
    STATUS,
    SYNC,
    TEXT,
    TURN,
    read_turn,
)
from spikelet.monitoring.watch import Gone, Reconnected, Started
from spikelet.networks import lif_file
from spikelet.networks.answer_size import check_answer_size
from spikelet.networks.network import Network

_Readers = Mapping[str, Callable[[Mapping[str, Any], str], Any]]
# Bytes in one search for the next chunk.
BLOCK = 1 << 16


class Text(NamedTuple):
    """Text that the board printed."""

    text: str


class End(NamedTuple):
    """The counts at the end of a watch, by name."""

    counts: dict[str, Any]


class JournalLine(NamedTuple):
    """One entry of a journal.

    Attributes
    ----------
    time : float
        Seconds since the start of the journal.
    number : int
        Number of the turn; -1 if the entry is no turn.
    event : Turn, Status, Started, Gone, Reconnected, Text, End or None
        None for a turn that was lost.
    """

    time: float
    number: int
    event: Turn | Status | Started | Gone | Reconnected | Text | End | None


class _Chunk(NamedTuple):
    kind: int
    time: float
    payload: bytes


@dataclass
class Journal:
    """A journal on a disk.

    Attributes
    ----------
    path : Path
    network : Network
        The network that made the turns.
    about : dict
        format, port, board, runtime, kernel and begun.
    damaged : int
        Bytes that the last complete reading left out.
    closed : bool
        Whether that reading found an end. If not, the host was killed or still writes.
    """

    path: Path
    network: Network
    about: dict[str, Any]
    damaged: int = 0
    closed: bool = False
    # Offset of the first entry in the file.
    _first: int = field(default=0, repr=False)

    def entries(self) -> Iterator[JournalLine]:
        """Yield all entries in order.

        Raises
        ------
        SpikeletError
            If the file cannot be read.
        """
        self.damaged, self.closed = 0, False
        with _opened(self.path) as file:
            file.seek(self._first)
            for chunk in self._chunks(file):
                try:
                    entry = self._entry(chunk)
                except (ValueError, KeyError, TypeError, struct.error):
                    self.damaged += len(SYNC) + HEAD_SIZE + len(chunk.payload) + CRC_SIZE
                    continue
                if entry is not None:
                    self.closed = self.closed or isinstance(entry.event, End)
                    yield entry

    def turns(self) -> Iterator[tuple[int, float, Turn]]:
        """Yield (number, time, turn) of each turn that arrived."""
        for entry in self.entries():
            if isinstance(entry.event, Turn):
                yield entry.number, entry.time, entry.event

    @property
    def note(self) -> str:
        """A sentence about damage or a missing end, from the last reading; "" if the file is sound."""
        if self.damaged:
            return f"{self.path}: {self.damaged:,} bytes are damaged and left out"
        if not self.closed:
            return f"{self.path}: was not closed; it contains every event until then"
        return ""

    def _chunks(self, file: BinaryIO) -> Iterator[_Chunk]:
        while True:
            start = file.tell()
            chunk = _chunk(file)
            if chunk is not None:
                yield chunk
                continue
            end = file.seek(0, 2)
            file.seek(min(start + 1, end))
            _find(file)
            self.damaged += file.tell() - start
            if file.tell() == end:
                return

    def _entry(self, chunk: _Chunk) -> JournalLine | None:
        """Return the entry in a chunk; None if this version does not know its kind."""
        if chunk.kind == TURN:
            number, turn = read_turn(self.network, chunk.payload)
            return JournalLine(chunk.time, number, turn)
        if chunk.kind == LOST:
            return JournalLine(chunk.time, struct.unpack("<I", chunk.payload)[0], None)
        if chunk.kind in _SAID:
            return JournalLine(chunk.time, -1, _SAID[chunk.kind](chunk.payload))
        return None


_STATUS: _Readers = {
    "samples": checked_json.whole,
    "late": checked_json.whole,
    "failed": checked_json.whole,
    "trouble": checked_json.text,
    "rate": checked_json.number,
    "skipped": checked_json.whole,
    "channels": checked_json.whole,
}
_RECONNECTED: _Readers = {
    "name": checked_json.text,
    "count": checked_json.whole,
    "seconds": checked_json.number,
}


def _fields(payload: bytes, readers: _Readers) -> dict[str, Any]:
    """Return the fields of an entry that are there; raises ValueError for one of another type."""
    values = checked_json.read_object(payload)
    return {name: read(values, name) for name, read in readers.items() if name in values}


def _counts(payload: bytes) -> dict[str, int]:
    """Return the counts at the end of a journal; raises ValueError if one is no count."""
    values = checked_json.read_object(payload)
    return {name: checked_json.whole(values, name) for name in values}


_SAID: dict[int, Callable[[bytes], Status | Started | Gone | Reconnected | Text | End]] = {
    STARTED: lambda payload: Started(),
    STATUS: lambda payload: Status(**_fields(payload, _STATUS)),
    RECONNECTED: lambda payload: Reconnected(**_fields(payload, _RECONNECTED)),
    END: lambda payload: End(_counts(payload)),
    GONE: lambda payload: Gone(payload.decode(errors="replace")),
    TEXT: lambda payload: Text(payload.decode(errors="replace")),
}


def load_journal(path: str | Path) -> Journal:
    """Open a journal.

    Raises
    ------
    SpikeletError
        If the file is no journal, has a newer format, or its beginning is damaged.
    """
    with _opened(path) as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise RefusedInput(f"{path} is not a recording of spikelet monitor --record")
        first, second = _chunk(file), _chunk(file)
        if first is None or second is None or (first.kind, second.kind) != (NETWORK, ABOUT):
            raise RefusedInput(f"{path} is damaged at its beginning, which contains its network")
        start = file.tell()
    try:
        about = checked_json.read_object(second.payload)
        if checked_json.whole(about, "format") > FORMAT:
            raise RefusedInput(
                f"{path} has format {about['format']}, above {FORMAT}; it takes a newer Spikelet"
            )
        network = lif_file.from_bytes(first.payload)
        check_answer_size(network)
        return Journal(Path(path), network, about, _first=start)
    # A TableError is a ValueError.
    except ValueError as error:
        raise RefusedInput(f"{path} is damaged at its beginning: {error}") from None


def is_journal(path: str | Path) -> bool:
    """Return whether a file begins like a journal.

    Raises
    ------
    SpikeletError
        If the file cannot be read.
    """
    with _opened(path) as file:
        return file.read(len(MAGIC)) == MAGIC


def _opened(path: str | Path) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {files.reason(error)}") from None


def _chunk(file: BinaryIO) -> _Chunk | None:
    """Return the chunk that begins here; None if no complete chunk does."""
    head = file.read(len(SYNC) + HEAD_SIZE)
    if len(head) < len(SYNC) + HEAD_SIZE or not head.startswith(SYNC):
        return None
    kind, size, when = struct.unpack_from(HEAD, head, len(SYNC))
    if size > MAX_PAYLOAD:
        return None
    payload, crc = file.read(size), file.read(CRC_SIZE)
    body = head[len(SYNC) :] + payload
    if len(crc) < CRC_SIZE or struct.unpack("<I", crc)[0] != zlib.crc32(body):
        return None
    return _Chunk(kind, when, payload)


def _find(file: BinaryIO) -> None:
    """Move to the next place where a chunk can begin, or to the end."""
    overlap = b""
    while block := file.read(BLOCK):
        searched = overlap + block
        if (place := searched.find(SYNC)) >= 0:
            file.seek(place - len(searched), 1)
            return
        overlap = searched[-(len(SYNC) - 1) :]
