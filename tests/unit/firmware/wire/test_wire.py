"""Frames: any payload comes back, and a damaged frame is always detected."""

import random
import struct

import pytest
from framing import encoded
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikert import wire
from spikert.wire.checksums import crc16, crc32

quick = settings(derandomize=True, max_examples=150, deadline=None)
payloads = st.binary(max_size=wire.MAX_PAYLOAD) | st.lists(
    st.sampled_from([0, 1, 3, 27, 255]), max_size=wire.MAX_PAYLOAD
).map(bytes)
kinds = st.integers(0, 255)
sequences = st.integers(0, 0xFFFF)


def decoded(piece: bytes) -> tuple[int, int, bytes]:
    kind, sequence, payload = wire.decode(bytearray(piece))
    return kind, sequence, bytes(payload)


@quick
@given(kinds, sequences, payloads)
@example(0, 0, b"")
@example(0, 0, bytes(wire.MAX_PAYLOAD))
@example(255, 0xFFFF, b"\xff" * wire.MAX_PAYLOAD)
def test_frame_decodes_to_its_content(kind, sequence, payload):
    frame = encoded(kind, sequence, payload)
    assert frame[0] == frame[-1] == 0
    assert 0 not in frame[1:-1]
    assert len(frame) == len(payload) + 8 <= wire.MAX_FRAME
    assert decoded(frame[1:-1]) == (kind, sequence, payload)


def test_frame_bytes_match_the_drawing():
    # Kind 40, sequence 1, payload 00 07, then CRC-16/CCITT-FALSE of these five bytes.
    crc = crc16(b"\x40\x01\x00\x00\x07", 0xFFFF)
    low, high = struct.pack("<H", crc)
    frame = bytes([0, 3, 0x40, 0x01, 1, 4, 0x07, low, high, 0])
    assert encoded(0x40, 1, b"\x00\x07") == frame


def test_checksums_match_the_crc_catalogue():
    # The check values of the catalogue of parametrised CRC algorithms.
    assert crc16(b"123456789", 0xFFFF) == 0x29B1
    assert crc32(b"123456789") == 0xCBF43926


@pytest.mark.parametrize("size", [250, 251, 400])
def test_encode_into_refuses_longer_payloads(size):
    with pytest.raises(ValueError, match=rf"{size} bytes, above 249"):
        wire.encode_into(bytearray(512), 1, 2, size)


@pytest.mark.parametrize("seed", range(4))
def test_decode_detects_any_changed_byte(seed):
    source = random.Random(seed)
    payload = bytes(source.choice([0, source.randrange(256)]) for _ in range(30))
    piece = encoded(wire.SPIKES, source.randrange(0x10000), payload)[1:-1]
    for place in range(len(piece)):
        for flip in range(1, 256):
            damaged = bytearray(piece)
            damaged[place] ^= flip
            for part in bytes(damaged).split(b"\0"):
                with pytest.raises(wire.FrameError):
                    wire.decode(bytearray(part))


@quick
@given(kinds, sequences, payloads, st.data())
def test_decode_detects_missing_or_added_bytes(kind, sequence, payload, data):
    piece = encoded(kind, sequence, payload)[1:-1]
    place = data.draw(st.integers(0, len(piece) - 1))
    extra = data.draw(st.integers(1, 255))
    for damaged in (
        piece[:place],
        piece[:place] + piece[place + 1 :],
        piece[:place] + bytes([extra]) + piece[place:],
    ):
        with pytest.raises(wire.FrameError):
            wire.decode(bytearray(damaged))


@quick
@given(st.binary(max_size=300))
def test_decode_refuses_garbage_with_frame_error(garbage):
    with pytest.raises(wire.FrameError):
        wire.decode(bytearray(garbage))


@quick
@given(st.binary() | st.lists(st.sampled_from([2, 3, 4, 27]), max_size=40).map(bytes))
def test_shield_removes_ctrl_c_and_is_reversible(data):
    shielded = wire.shield(data)
    assert 3 not in shielded
    assert shielded.count(0) == data.count(0)
    assert wire.unshield(shielded) == data


def test_wire_kinds_differ_and_formats_have_their_sizes():
    host = {wire.HELLO, wire.TURN, wire.REPLAY, wire.BYE}
    board = {wire.ACK, wire.BOARD, wire.INPUT, wire.SPIKES, wire.MEMBRANE}
    board |= {wire.ANSWER, wire.PROBLEM, wire.AGAIN}
    assert len(host | board) == 12
    assert struct.calcsize(wire.BOARD_FORMAT) == wire.BOARD_SIZE
    assert struct.calcsize(wire.PART_FORMAT) == wire.PART_SIZE
    assert struct.calcsize(wire.ANSWER_FORMAT) == wire.ANSWER_SIZE
