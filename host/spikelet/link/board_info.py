"""What a board says of itself when a host says HELLO."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from spikert import wire


@dataclass(frozen=True)
class BoardInfo:
    """A board, as its runtime describes it.

    protocol       int, of wire.py
    receive        int, bytes of payload it takes at once
    memory_free    int, bytes; 0 where it cannot tell
    crc            int, CRC-32 of its .lif file, 0 without one
    sha256         bytes[32], of the graph that came from
    runtime        interpreter and version
    machine        what the interpreter calls its board
    kernel         the kernel in use, of `kernels` available
    ulab           ulab's version, or nothing
    problem        why the network could not be loaded, or nothing
    """

    protocol: int
    receive: int
    memory_free: int
    crc: int
    sha256: bytes
    runtime: str
    machine: str
    kernel: str
    kernels: tuple[str, ...]
    ulab: str
    problem: str


def parse_board_info(payload: bytes) -> BoardInfo:
    """Return what the payload of a frame BOARD says; see spikert.wire."""
    protocol, receive, free, crc, sha256 = struct.unpack_from(wire.BOARD_FORMAT, payload)
    lines = payload[wire.BOARD_SIZE :].decode(errors="replace").split("\n")
    lines += [""] * (len(wire.BOARD_LINES) - len(lines))
    said = dict(zip(wire.BOARD_LINES, lines, strict=False))
    return BoardInfo(
        protocol=protocol,
        receive=receive,
        memory_free=free,
        crc=crc,
        sha256=sha256,
        runtime=said["runtime"],
        machine=said["machine"],
        kernel=said["kernel"],
        kernels=tuple(said["kernels"].split()),
        ulab=said["ulab"],
        problem=said["problem"],
    )
