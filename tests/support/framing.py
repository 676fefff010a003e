"""Frames for tests, whole and in bytes."""

from spikert import wire


def encoded(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    """Return a frame as a board sends it, with the zeros around it."""
    start = 2 + wire.HEAD_SIZE
    frame = bytearray(wire.MAX_FRAME)
    frame[start : start + len(payload)] = payload
    return bytes(frame[: wire.encode_into(frame, kind, sequence, len(payload))])
