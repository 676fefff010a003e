"""Journals: damage is counted or refused, and the entries that are read have their types."""

import struct
import tempfile
import zlib
from pathlib import Path

import journals
from random_networks import random_network

from spikelet.errors import SpikeletError
from spikelet.link.turn import Status, Turn
from spikelet.monitoring.journal import reader
from spikelet.monitoring.journal.writer import CRC_SIZE, HEAD, HEAD_SIZE, SYNC

FOLDER = Path(tempfile.mkdtemp(prefix="spikelet-fuzz-"))


def _seed() -> bytes:
    path = FOLDER / "seed.journal"
    path.unlink(missing_ok=True)
    journals.make(path, random_network(3), turns=6, lost=(2,))
    return path.read_bytes()


SEED = _seed()


def seeds() -> list[bytes]:
    """Return a journal with an entry of each kind."""
    return [SEED]


def repaired(data: bytes) -> bytes:
    """Return a journal with the right checksum of each entry, so that its content is read."""
    changed, place = bytearray(data), data.find(SYNC)
    while place >= 0 and place + len(SYNC) + HEAD_SIZE <= len(changed):
        begin = place + len(SYNC)
        end = begin + HEAD_SIZE + struct.unpack_from(HEAD, changed, begin)[1]
        if end + CRC_SIZE <= len(changed):
            struct.pack_into("<I", changed, end, zlib.crc32(changed[begin:end]))
        place = changed.find(SYNC, begin)
    return bytes(changed)


def check(data: bytes) -> None:
    """Read every entry."""
    path = FOLDER / "changed.journal"
    path.write_bytes(data)
    try:
        journal = reader.load_journal(path)
    except SpikeletError:
        return
    for entry in journal.entries():
        if isinstance(entry.event, Status):
            assert isinstance(entry.event.samples, int)
            assert isinstance(entry.event.trouble, str)
        if isinstance(entry.event, Turn):
            assert 0 <= entry.event.answer < len(journal.network.classes)
    assert isinstance(journal.note, str)
