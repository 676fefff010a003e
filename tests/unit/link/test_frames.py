"""Test the host's reader of frames: every chunking of the stream yields all frames."""

import random

import pytest
from framing import encoded
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelet.link.frames import LONGEST_TEXT, Frame, FrameReader
from spikert import wire

quick = settings(derandomize=True, max_examples=80, deadline=None)


def spikes(sequence: int, payload: bytes = b"spikes") -> bytes:
    return encoded(wire.SPIKES, sequence, payload)


@pytest.fixture
def log():
    return []


@pytest.fixture
def reader(log):
    return FrameReader(log.append)


def numbers(frames) -> list[int]:
    return [frame.sequence for frame in frames]


@quick
@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(0, 2**32))
def test_frames_arrive_whole_from_any_chunks(payloads, seed):
    reader, source, frames = FrameReader(pytest.fail), random.Random(seed), []
    stream = b"".join(spikes(i, payload) for i, payload in enumerate(payloads))
    while stream:
        size = source.choice([1, 2, 7, 50])
        frames += reader.feed(stream[:size])
        stream = stream[size:]
    assert frames == [Frame(wire.SPIKES, i, payload) for i, payload in enumerate(payloads)]
    assert (reader.damaged, reader.missing) == (0, 0)


def test_frames_text_between_goes_to_log(reader, log):
    stream = b"hello\r\n" + spikes(0) + "größe 5\n".encode() + spikes(1) + b">>> "
    assert numbers(reader.feed(stream)) == [0, 1]
    assert log == ["hello\r\n", "größe 5\n"]
    reader.flush()
    assert log[2:] == [">>> "]
    assert (reader.damaged, reader.missing) == (0, 0)


def test_frames_traceback_is_one_log_entry(reader, log):
    text = 'Traceback (most recent call last):\r\n  File "<stdin>", line 3\r\nValueError: no\r\n'
    for byte in text.encode():
        list(reader.feed(bytes([byte])))
    assert numbers(reader.feed(spikes(0))) == [0]
    assert log == [text]


TITLE = "\x1b]0;🐍code.py | 10.2.1\x1b\\"


@pytest.mark.parametrize(
    ("stream", "texts"),
    [
        (TITLE + "hello\r\n", ["hello\r\n"]),
        ("\x1b[2K\x1b[0Ghello" + TITLE + "\r\n", ["hello\r\n"]),
        (TITLE + "\x1b[2K\x1b[0G", []),
        ("\x1b]0;title\x07ready", ["ready"]),
    ],
)
def test_frames_text_loses_control_sequences(reader, log, stream, texts):
    list(reader.feed(stream.encode()[:5]))
    assert numbers(reader.feed(stream.encode()[5:] + spikes(0))) == [0]
    assert log == texts
    list(reader.feed(stream.encode()))
    reader.flush()
    assert log == texts * 2
    assert (reader.damaged, reader.missing) == (0, 0)


def test_frames_missing_sequence_numbers_are_counted(reader):
    assert numbers(reader.feed(spikes(0) + spikes(1) + spikes(4) + spikes(5))) == [0, 1, 4, 5]
    assert reader.missing == 2


def test_frames_sequence_wraps_after_65535(reader):
    list(reader.feed(encoded(wire.BOARD, 0xFFFE, b"")))
    assert numbers(reader.feed(spikes(0xFFFF) + spikes(0))) == [0xFFFF, 0]
    assert reader.missing == 0


def test_frames_sequence_restarts_at_board_frame(reader):
    list(reader.feed(spikes(0) + encoded(wire.BOARD, 0, b"") + spikes(1)))
    assert reader.missing == 0


def test_frames_damaged_frame_is_counted_and_skipped(reader, log):
    damaged = bytearray(spikes(1, bytes(range(100, 200))))
    damaged[50] ^= 0x55
    assert numbers(reader.feed(spikes(0) + damaged + spikes(2))) == [0, 2]
    assert (reader.damaged, reader.missing, log) == (1, 1, [])


@pytest.mark.parametrize("seed", range(20))
def test_frames_after_garbage_arrive(seed):
    reader = FrameReader(lambda text: None)
    garbage = random.Random(seed).randbytes(200)
    assert numbers(reader.feed(garbage + spikes(0) + spikes(1)))[-2:] == [0, 1]


@pytest.mark.parametrize("seed", range(6))
def test_frames_changed_byte_makes_no_other_frame(seed):
    source = random.Random(seed)
    sent = [Frame(wire.SPIKES, i, source.randbytes(20)) for i in range(3)]
    stream = b"".join(spikes(frame.sequence, frame.payload) for frame in sent)
    for place in range(len(stream)):
        damaged, log = bytearray(stream), []
        damaged[place] ^= source.randrange(1, 256)
        reader = FrameReader(log.append)
        got = list(reader.feed(bytes(damaged)))
        reader.flush()
        assert [frame for frame in sent if frame in got] == got
        # A changed zero between whole frames is the only damage that leaves no trace.
        assert len(got) == 3 or reader.damaged or log


def test_frames_unread_stay_for_next_feed(reader):
    assert next(reader.feed(spikes(0) + spikes(1) + spikes(2))).sequence == 0
    assert numbers(reader.feed(b"")) == [1, 2]
    assert reader.missing == 0


def test_frames_unread_text_stays_for_next_feed(reader, log):
    next(reader.feed(spikes(0) + b"Traceback\r\n" + spikes(1)))
    list(reader.feed(b""))
    assert log == ["Traceback\r\n"]


def test_frames_flood_of_text_is_logged_at_once(reader, log):
    flood = b"x" * (3 * LONGEST_TEXT)
    for start in range(0, len(flood), 1000):
        assert not list(reader.feed(flood[start : start + 1000]))
        assert sum(map(len, log)) >= start + 1000 - LONGEST_TEXT - 1000
    assert numbers(reader.feed(b"\n" + spikes(0))) == [0]
    assert "".join(log) == flood.decode() + "\n"


def test_frames_log_keeps_order_in_flood(reader, log):
    list(reader.feed(b"first\n\0" + b"x" * (LONGEST_TEXT + 1)))
    assert log == ["first\n", "x" * (LONGEST_TEXT + 1)]


def test_frames_flush_logs_bytes_that_are_no_text(reader, log):
    list(reader.feed(b"\xff\xfe end"))
    reader.flush()
    reader.flush()
    assert log == ["\ufffd\ufffd end"]
