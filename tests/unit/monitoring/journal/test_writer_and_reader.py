"""Journals: reading returns the written events, even after a killed host or a damaged file."""

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import random_networks
from journals import ABOUT, observation
from random_networks import random_network
from stream_networks import stream_network

from spikelet.errors import SpikeletError
from spikelet.link.turn import Status, Turn
from spikelet.monitoring.journal import reader
from spikelet.monitoring.journal import writer as journal
from spikelet.monitoring.journal.reader import End, Text
from spikelet.monitoring.journal.writer import JournalWriter
from spikelet.monitoring.watch import Gone, Reconnected, Started
from spikelet.networks import lif_file

STATUS = Status(samples=7, late=1, failed=2, trouble="no answer", rate=100.0)


def same(a, b):
    """Return whether two turns are equal in everything."""
    arrays = [(a.readings, b.readings)]
    arrays += [*zip(a.spikes, b.spikes, strict=True), *zip(a.membranes, b.membranes, strict=True)]
    return (a.turn, a.answer) == (b.turn, b.answer) and all(
        np.array_equal(x, y) and getattr(x, "dtype", 0) == getattr(y, "dtype", 0) for x, y in arrays
    )


def written(path, network, events, text=None):
    with JournalWriter(path, network, ABOUT) as writer:
        for event in events:
            writer.take(event)
        if text:
            writer.text(text)
        writer.end({"turns": 3})


@pytest.mark.parametrize("network", [random_network(k) for k in range(6)] + [stream_network(1)])
@pytest.mark.parametrize("readings", [True, False])
def test_journal_reads_back_all_events(tmp_path, network, readings):
    turns = [observation(network, turn, readings=readings) for turn in range(9)]
    events = [Started(), *turns[:4], None, STATUS, Gone("pulled"), Reconnected("b", 1, 2.5)]
    events += [Started(), *turns[5:]]
    written(tmp_path / "a.journal", network, events, "battery löw\r\n")
    read = reader.load_journal(tmp_path / "a.journal")
    assert lif_file.to_bytes(read.network) == lif_file.to_bytes(network)
    assert read.about == {"format": 1, **ABOUT}
    entries = list(read.entries())
    assert [type(entry.event) for entry in entries] == [*map(type, events), Text, End]
    for entry, event in zip(entries, events, strict=False):
        if isinstance(event, Turn):
            assert same(entry.event, event)
        else:
            assert entry.event == event
    assert [entry.number for entry in entries if entry.number >= 0] == list(range(9))
    assert [entry.event for entry in entries[-2:]] == [Text("battery löw\r\n"), End({"turns": 3})]
    times = [entry.time for entry in entries]
    assert times == sorted(times)
    assert (read.damaged, read.closed, read.note) == (0, True, "")


def test_writer_turn_numbers_go_on_after_16_bits(tmp_path):
    network = random_network(0)
    with JournalWriter(tmp_path / "a.journal", network, ABOUT) as writer:
        writer._turns = 0xFFFE
        for turn in range(0xFFFE, 0x10003):
            writer.take(observation(network, turn))
    read = reader.load_journal(tmp_path / "a.journal")
    assert [number for number, _, _ in read.turns()] == list(range(0xFFFE, 0x10003))


@pytest.fixture
def sound(tmp_path):
    """Return (path, starts of the chunks, observations) of a journal with 30 turns."""
    network = random_network(1)
    observations = [observation(network, turn) for turn in range(30)]
    path = tmp_path / "sound.journal"
    starts = []
    with JournalWriter(path, network, ABOUT) as writer:
        for event in observations:
            starts.append(path.stat().st_size)
            writer.take(event)
    return path, starts, observations


def test_reader_of_truncated_journal_yields_complete_turns(sound):
    path, starts, observations = sound
    data = path.read_bytes()
    for size in [*starts, *(start + 1 for start in starts), len(data) - 1, len(data)]:
        path.write_bytes(data[:size])
        read = reader.load_journal(path)
        turns = list(read.turns())
        whole = sum(end <= size for end in [*starts[1:], len(data)])
        assert [number for number, _, _ in turns] == list(range(whole))
        assert all(same(turn, observations[number]) for number, _, turn in turns)
        assert not read.closed
        assert read.damaged == size - [*starts, len(data)][whole]


@pytest.mark.parametrize("seed", range(40))
def test_reader_of_damaged_journal_loses_only_hit_turns(sound, seed):
    path, starts, observations = sound
    rng = np.random.default_rng(seed)
    data = bytearray(path.read_bytes())
    ends = [*starts[1:], len(data)]
    first = int(rng.integers(starts[0], len(data)))
    length = int(rng.integers(1, 200))
    hit = slice(first, min(first + length, len(data)))
    if seed % 2:
        data[hit] = bytes(b ^ 0x5A for b in data[hit])
    else:
        del data[hit]
    path.write_bytes(data)
    spared = [
        k
        for k, (start, end) in enumerate(zip(starts, ends, strict=True))
        if end <= first or start >= hit.stop
    ]
    read = reader.load_journal(path)
    turns = list(read.turns())
    assert [number for number, _, _ in turns] == spared
    assert all(same(turn, observations[number]) for number, _, turn in turns)
    assert read.damaged > 0 or len(spared) == 30 or first >= len(data)


@pytest.mark.parametrize("seed", range(20))
def test_reader_of_noise_counts_damage_without_a_crash(tmp_path, seed):
    rng = np.random.default_rng(seed)
    network = random_network(0)
    path = tmp_path / "a.journal"
    with JournalWriter(path, network, ABOUT) as writer:
        # The CRC of these chunks is right, and their payload is not.
        for kind in range(1, 14):
            writer._add(kind, rng.bytes(int(rng.integers(0, 60))))
            writer._add(kind, b"[1, 2]")
            writer._add(kind, b'{"samples": 1}')
    read = reader.load_journal(path)
    entries = list(read.entries())
    assert not any(isinstance(entry.event, Turn) for entry in entries)
    assert read.damaged > 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a recording"),
        (b"PK\x03\x04", "is not a recording"),
        (journal.MAGIC, "damaged at its beginning"),
        (journal.MAGIC + b"x" * 500, "damaged at its beginning"),
    ],
)
def test_reader_refuses_other_files(tmp_path, content, words):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(SpikeletError, match=words):
        reader.load_journal(tmp_path / "a")


def test_reader_refuses_newer_format(tmp_path):
    JournalWriter(tmp_path / "a", random_network(0), {**ABOUT, "format": 2}).__exit__()
    with pytest.raises(SpikeletError, match="format 2, above 1"):
        reader.load_journal(tmp_path / "a")


def test_writer_refuses_existing_file(tmp_path):
    (tmp_path / "a").write_text("mine")
    with pytest.raises(SpikeletError, match="is there already; name another"):
        JournalWriter(tmp_path / "a", random_network(0), ABOUT)
    assert (tmp_path / "a").read_text() == "mine"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_writer_full_disk_raises_one_sentence(tmp_path):
    network = random_network(0)
    writer = JournalWriter(tmp_path / "a", network, ABOUT)
    writer.take(observation(network, 0))
    writer._file.close()
    words = "No space left.*it keeps every event until then"
    with (
        Path("/dev/full").open("wb", buffering=0) as writer._file,
        pytest.raises(SpikeletError, match=words),
    ):
        writer.take(observation(network, 1))
    writer.__exit__()
    assert len(list(reader.load_journal(tmp_path / "a").turns())) == 1


KILLED = """
import sys
sys.path[:0] = sys.argv[2:]
from test_writer_and_reader import *
network = random_network(1)
writer = JournalWriter(sys.argv[1], network, ABOUT)
for turn in range(100):
    writer.take(observation(network, turn))
    print(turn, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_writer_when_host_is_killed_keeps_earlier_turns(tmp_path):
    folders = os.path.dirname(__file__), os.path.dirname(random_networks.__file__)
    command = [sys.executable, "-c", KILLED, tmp_path / "a", *folders]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as host:
        for line in host.stdout:
            if line.strip() == "57":
                break
        host.send_signal(signal.SIGKILL)
        host.wait()
    read = reader.load_journal(tmp_path / "a")
    numbers = [number for number, _, _ in read.turns()]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 58


def test_journal_of_10000_turns_takes_little_memory(tmp_path):
    network = random_network(1)
    turn = observation(network, 0)
    path = tmp_path / "a"
    tracemalloc.start()
    try:
        with JournalWriter(path, network, ABOUT) as writer:
            for _ in range(10_000):
                writer.take(turn)
        read = reader.load_journal(path)
        assert sum(1 for _ in read.turns()) == 10_000
        assert path.stat().st_size > 1_000_000
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_journal_about_is_json(tmp_path):
    written(tmp_path / "a", random_network(0), [])
    data = (tmp_path / "a").read_bytes()
    at = data.index(b'{"format"')
    assert json.loads(data[at : data.index(b"}", at) + 1])["port"] == "virtual"
