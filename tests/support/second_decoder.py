"""A decoder of frames that shares no code with the readers of host and board."""

from binascii import crc_hqx
from functools import lru_cache

from spikelet.link.frames import Frame
from spikert import wire


@lru_cache(maxsize=2)
def whole_frames(stream: bytes, *, shielded: bool = False) -> list[Frame]:
    """Return the frames with a right CRC-16, by a decoder that shares no code with the readers."""
    frames = []
    for piece in stream.split(b"\0")[:-1]:
        if shielded and len(piece) > 2 * wire.MAX_FRAME:
            continue
        body = cobs_decoded(_unshielded(piece) if shielded else piece)
        if body is None or not 5 <= len(body) <= 254:
            continue
        if crc_hqx(body[:-2], 0xFFFF) == int.from_bytes(body[-2:], "little"):
            frames.append(Frame(body[0], int.from_bytes(body[1:3], "little"), body[3:-2]))
    return frames


def _unshielded(piece: bytes) -> bytes:
    return piece.replace(b"\x1b\x02", b"\x03").replace(b"\x1b\x04", b"\x1b")


# Most pieces of a changed stream are unchanged.
@lru_cache(maxsize=4096)
def cobs_decoded(piece: bytes) -> bytes | None:
    """Return the bytes before COBS; None if a code leads beyond the end."""
    body, at = bytearray(), 0
    while at < len(piece):
        end = at + piece[at]
        if end > len(piece):
            return None
        body += piece[at + 1 : end]
        at = end
        if at < len(piece):
            body.append(0)
    return bytes(body)


@lru_cache(maxsize=4096)
def cobs_encoded(body: bytes) -> bytes:
    """Return the piece of a frame, with its CRC-16."""
    body += crc_hqx(body, 0xFFFF).to_bytes(2, "little")
    return b"".join(bytes([len(part) + 1]) + part for part in body.split(b"\0"))
