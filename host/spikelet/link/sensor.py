"""Receive turns and readings of a board's own sensor."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import BoardError
from spikelet.link.frames import Frame
from spikelet.link.link import Link
from spikelet.link.turn import Status, Turn
from spikelet.networks.network import Network
from spikert import wire

# Seconds; a board reports every second while it reads its sensor.
REPORT_TIMEOUT_S = 10.0
# Limit of the missing turns in a row.
MOST_MISSING = 1000


@dataclass(frozen=True, eq=False)
class Readings:
    """Consecutive samples of a sensor.

    Attributes
    ----------
    raw : int16[samples, channels]
        Readings in units of the sensor.
    lost : int
        Number of frames lost just before these samples.
    """

    raw: NDArray[np.int16]
    lost: int


def turns(
    link: Link, network: Network, first: int = 0, count: int = 0, *, start: bool = True
) -> Iterator[Turn | Status | None]:
    """Run the network of a board on its sensor.

    Parameters
    ----------
    link : Link
    network : Network
        The network on the board.
    first : int
        Number of the first turn.
    count : int
        Number of turns, before a last Status; 0 for no end.
    start : bool
        Whether a stream restarts with the first turn.

    Yields
    ------
    Turn, Status or None
        A turn, None for one that did not arrive whole, or a report on the sensor.

    Raises
    ------
    SpikeletError
        If the board cannot run the network on its sensor, or sends no report for REPORT_TIMEOUT_S.
    """
    command = first & 0xFFFF, count, wire.START if start else 0
    number = 0
    for item in link.turns(network, first, _listen(link, *command), MOST_MISSING):
        if isinstance(item, Frame):
            yield Status.of(item.payload)
            if number == count > 0:
                return
        else:
            yield item
            number += 1


def readings(link: Link, count: int = 0) -> Iterator[Readings | Status]:
    """Receive the readings of a board's sensor; its network does not matter.

    Parameters
    ----------
    link : Link
    count : int
        Number of frames; 0 for no end. A frame has the samples of a tenth of a second, or fewer if it is
        full.

    Yields
    ------
    Readings or Status
        Samples, or a report on the sensor.

    Raises
    ------
    SpikeletError
        If the board cannot read its sensor, or sends no report for REPORT_TIMEOUT_S.
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
    """Send LIVE; yield the board's frames without end."""
    payload = struct.pack(wire.TURN_FORMAT, *command)
    # Frames that still answer an earlier command must not acknowledge this one.
    yield from link.request(wire.LIVE, payload, answered=False, patience=REPORT_TIMEOUT_S)
    raise BoardError(
        f"{link.name} has said nothing of its sensor for {REPORT_TIMEOUT_S:.0f} s; "
        "reset it and try again"
    )
