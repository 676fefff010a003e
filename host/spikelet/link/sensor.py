"""Receive turns and readings of a board's own sensor."""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator
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
# Periods of a slow sensor within which a sample must arrive.
PERIODS = 3
# Distance ahead from which a block of readings is one of before.
MOST_LATE = 0x7FFF
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
    link: Link,
    network: Network,
    first: int = 0,
    count: int = 0,
    *,
    start: bool = True,
    patient: bool = False,
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
    patient : bool
        Whether to wait for a missing sensor without end.

    Yields
    ------
    Turn, Status or None
        A turn, None for one that did not arrive whole, or a report on the sensor.

    Raises
    ------
    SpikeletError
        If the board cannot run the network on its sensor, or sends no report for REPORT_TIMEOUT_S. Also
        if the sensor gives no sample within the link's patience.
    """
    command = first & 0xFFFF, count, wire.START if start else 0
    number, samples = 0, _Samples(link, patient=patient)
    for item in link.turns(network, first, _listen(link, *command), MOST_MISSING):
        if isinstance(item, Frame):
            yield samples.take(item)
            if number == count > 0:
                return
        else:
            yield item
            number += 1


def readings(link: Link, count: int = 0) -> Generator[Readings | Status]:
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
        If the board cannot read its sensor, or sends no report for REPORT_TIMEOUT_S. Also if the sensor
        gives no sample within the link's patience.
    """
    channels = expected = 0
    samples = _Samples(link)
    for frame in _listen(link, 0, count, wire.FLAG_READINGS):
        if frame.kind == wire.SENSOR:
            status = samples.take(frame)
            channels = status.channels
            yield status
            if expected == count > 0:
                return
        elif frame.kind == wire.INPUT and channels:
            number, raw = _block(link, frame.payload, channels)
            lost = (number - expected) & 0xFFFF
            if lost > MOST_LATE:
                # A block of before; its successors have arrived already.
                link.late_frames += 1
                continue
            link.lost_frames += lost
            link.progress()
            yield Readings(raw, lost)
            expected = number + 1


class _Samples:
    """Measures the progress of a sensor by its reports: new samples are progress, reports are not."""

    def __init__(self, link: Link, *, patient: bool = False) -> None:
        self._link = link
        self._patient = patient
        self._limit = link.patience.limit
        self._count = 0

    def take(self, frame: Frame) -> Status:
        """Return the content of a SENSOR frame, and adapt the patience of the link to it."""
        status, link = Status.of(frame.payload), self._link
        if status.samples > self._count or (self._patient and status.trouble):
            link.progress()
            # The samples of a turn may take long.
            link.patience.finish()
        self._count = status.samples
        link.trouble = status.trouble or f"at {status.rate:g} samples a second"
        period = 1 / status.rate if status.rate else 0
        link.patience.limit = max(self._limit, PERIODS * period)
        return status


def _block(link: Link, payload: bytes, channels: int) -> tuple[int, NDArray[np.int16]]:
    """Return number and samples of a block of readings; raise SpikeletError if it is malformed."""
    size = len(payload) - wire.PART_SIZE
    if size <= 0 or size % (2 * channels):
        raise BoardError(
            f"{link.name} sent readings of {max(size, 0)} bytes, which are no samples of {channels} "
            "channels; flash it again"
        )
    (number,) = struct.unpack_from("<H", payload)
    return number, np.frombuffer(payload[wire.PART_SIZE :], "<i2").reshape(-1, channels)


def _listen(link: Link, *command: Any) -> Iterator[Frame]:
    """Send LIVE; yield the board's frames without end."""
    payload = struct.pack(wire.TURN_FORMAT, *command)
    # Frames that still answer an earlier command must not acknowledge this one.
    yield from link.request(wire.LIVE, payload, answered=False, patience=REPORT_TIMEOUT_S)
    raise BoardError(
        f"{link.name} has said nothing of its sensor for {REPORT_TIMEOUT_S:.0f} s; "
        "reset it and try again"
    )
