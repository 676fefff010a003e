"""Parse a board's answer to HELLO."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from spikelet.printable import printable
from spikert import wire

# Bytes of the least payload that brings a reading to the board.
LEAST_RECEIVE = wire.TURN_SIZE + 1


@dataclass(frozen=True)
class BoardInfo:
    """A board, as its runtime describes it.

    Attributes
    ----------
    protocol : int
        Version of the protocol; see `spikert.wire`.
    receive : int
        Largest payload in bytes that the board takes at once.
    memory_free : int
        Free memory in bytes; 0 if the board cannot tell.
    crc : int
        CRC-32 of its .lif file; 0 without one.
    sha256 : bytes[32]
        Digest of the graph from which the .lif file was converted.
    runtime : str
        Interpreter and its version.
    machine : str
        Interpreter's name for the board.
    kernel : str
        Kernel in use.
    kernels : tuple of str
        Kernels available.
    ulab : str
        Version of ulab; empty without it.
    problem : str
        Reason that the network could not be loaded; empty without a problem.
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
    """Return the content of a BOARD frame's payload; see `spikert.wire`.

    Raises
    ------
    ValueError
        If a field is missing or out of range.
    """
    if len(payload) < wire.BOARD_SIZE:
        raise ValueError(f"{len(payload)} bytes, below {wire.BOARD_SIZE}")
    protocol, receive, free, crc, sha256 = struct.unpack_from(wire.BOARD_FORMAT, payload)
    if not LEAST_RECEIVE <= receive <= wire.MAX_PAYLOAD:
        raise ValueError(
            f"it takes {receive} bytes at once, outside {LEAST_RECEIVE}..{wire.MAX_PAYLOAD}"
        )
    text = payload[wire.BOARD_SIZE :].decode(errors="replace")
    lines = [printable(line) for line in text.split("\n")]
    lines += [""] * (len(wire.BOARD_LINES) - len(lines))
    texts = dict(zip(wire.BOARD_LINES, lines, strict=False))
    return BoardInfo(
        protocol=protocol,
        receive=receive,
        memory_free=free,
        crc=crc,
        sha256=sha256,
        runtime=texts["runtime"],
        machine=texts["machine"],
        kernel=texts["kernel"],
        kernels=tuple(texts["kernels"].split()),
        ulab=texts["ulab"],
        problem=texts["problem"],
    )
