"""Turns and readings of a board's own sensor, as they come."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.link.frames import Frame
from spikelet.link.link import Link
from spikelet.link.turn import Observation, Status
from spikelet.networks.network import Network
from spikert import wire

PATIENCE = 10.0  # seconds; a board that listens says every second how it goes
MOST_MISSING = 1000  # turns in a row


@dataclass(frozen=True, eq=False)
class Readings:
    """Samples in a row.

    raw     int16[samples, channels]
    lost    int, frames before them that did not arrive
    """

    raw: NDArray[np.int16]
    lost: int


def turns(
    link: Link, network: Network, first: int = 0, count: int = 0, *, start: bool = True
) -> Iterator[Observation | Status | None]:
    """Have a board run its network on its sensor; yield each turn, and how sampling goes.

    A turn that did not arrive whole is None.

    first    what the first turn is counted as
    count    of turns, behind which a last Status comes; 0: no end
    start    whether a stream starts again with the first of them
    Raises SpikeletError if the board cannot, or says nothing for long.
    """
    command = first & 0xFFFF, count, wire.START if start else 0
    found = 0
    for seen in link.turns(network, first, _listen(link, *command), MOST_MISSING):
        if isinstance(seen, Frame):
            yield Status.of(seen.payload)
            if found == count > 0:
                return
        else:
            yield seen
            found += 1


def readings(link: Link, count: int = 0) -> Iterator[Readings | Status]:
    """Have a board send what its sensor reads, whatever its network; yield it, and how sampling goes.

    count    of frames, each of as many samples as fit or came in a tenth of a second; 0: no end
    Raises SpikeletError if the board cannot, or says nothing for long.
    """
    channels = expected = 0
    for frame in _listen(link, 0, count, wire.FLAG_READINGS):
        if frame.kind == wire.SENSOR:
            status = Status.of(frame.payload)
            channels = status.channels
            yield status
            if expected == count > 0:
                return
        elif frame.kind == wire.INPUT and channels:
            (number,) = struct.unpack_from("<H", frame.payload)
            lost = (number - expected) & 0xFFFF
            link.lost_frames += lost
            raw = np.frombuffer(frame.payload[wire.PART_SIZE :], "<i2").reshape(-1, channels)
            yield Readings(raw, lost)
            expected = number + 1


def _listen(link: Link, *command: Any) -> Iterator[Frame]:
    """Send LIVE; yield the board's frames, without an end."""
    payload = struct.pack(wire.TURN_FORMAT, *command)
    # What is still under way of an earlier command must not be taken for its answer.
    yield from link.request(wire.LIVE, payload, answered=False, patience=PATIENCE)
    raise SpikeletError(
        f"{link.name} has said nothing of its sensor for {PATIENCE:.0f} s; reset it and try again"
    )
