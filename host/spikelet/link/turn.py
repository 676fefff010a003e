"""What a board sent about one turn, put together from its frames.

A turn is what one answer closes: a sample, or as many samples of a stream as there are from one
answer to the next.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.link.frames import Frame
from spikelet.networks.network import Network
from spikert import wire

DATA_KINDS = (wire.INPUT, wire.SPIKES, wire.MEMBRANE)


@dataclass(frozen=True, eq=False)
class Turn:
    """One turn as a board ran it.

    turn        int, its number
    readings    uint8[channels], of a stream uint8[hop, channels], int16 where the network scales
                them, if the board took them by itself; else None
    spikes      a uint8[T, neurons] per layer; T counts the steps of all samples
    membranes   an int16[neurons] per layer, at the turn's end
    answer      int, index of the class
    """

    turn: int
    readings: NDArray[Any] | None
    spikes: tuple[NDArray[np.uint8], ...]
    membranes: tuple[NDArray[np.int16], ...]
    answer: int


@dataclass(frozen=True)
class Status:
    """How a board's sensor is doing, as the board says now and then, counted since it was asked.

    samples    int, taken
    late       int, of these, taken after their time
    failed     int, how often the sensor could not be read
    trouble    what is wrong with the sensor now, or nothing
    rate       float, samples a second that it is to give; 0 where they come as fast as they can
    skipped    int, times of samples that passed without any
    channels   int, of the sensor; 0 before it was there
    """

    samples: int
    late: int
    failed: int
    trouble: str
    rate: float
    skipped: int = 0
    channels: int = 0

    @staticmethod
    def of(payload: bytes) -> Status:
        """Return what a SENSOR frame says."""
        channels, rate, samples, late, skipped, failed = struct.unpack_from(
            wire.SENSOR_FORMAT, payload
        )
        trouble = payload[wire.SENSOR_SIZE :].decode(errors="replace")
        return Status(samples, late, failed, trouble, rate / 1000, skipped, channels)


class Collector:
    """Gathers the frames of one turn until its ANSWER.

    readings  bytes that the board was given, or None where it takes its own and says what
    frames    int, how many of them came
    """

    def __init__(self, network: Network, turn: int, readings: bytes | None = None) -> None:
        self.turn = turn & 0xFFFF
        self._network = network
        self._given = readings
        size = math.prod(network.turn) * (2 if network.scaling else 1)
        self._read = bytearray(size if readings is None else 0)
        self._payloads: list[bytes] = []
        self._fits = True
        self._spikes = tuple(
            np.zeros((network.turn_steps, layer.neurons), np.uint8) for layer in network.layers
        )
        self._membranes = tuple(np.zeros(layer.neurons, np.int16) for layer in network.layers)

    @property
    def frames(self) -> int:
        """How many frames came."""
        return len(self._payloads)

    def take(self, frame: Frame) -> Turn | None:
        """Take in a frame of any kind; return the observation when this one completes it.

        An incomplete or damaged set completes nothing, whatever its frames say.
        """
        if self.behind(frame) != 0:
            return None
        if frame.kind == wire.ANSWER:
            return self._close(frame.payload)
        self._payloads.append(frame.payload)
        self._place(frame)
        return None

    def behind(self, frame: Frame) -> int | None:
        """Return how many turns this one is behind the frame's; None if it is of no turn."""
        least = {wire.ANSWER: wire.ANSWER_SIZE}.get(frame.kind, wire.PART_SIZE)
        if frame.kind not in (*DATA_KINDS, wire.ANSWER) or len(frame.payload) < least:
            return None
        (turn,) = struct.unpack_from("<H", frame.payload)
        return int(turn - self.turn) & 0xFFFF

    def _close(self, payload: bytes) -> Turn | None:
        _, answer, frames, digest = struct.unpack_from(wire.ANSWER_FORMAT, payload)
        expected = zlib.crc32(self._given or b"")
        for part in (*self._payloads, payload[: wire.ANSWER_SIZE - 4]):
            expected = zlib.crc32(part, expected)
        if frames != self.frames or digest != expected or not self._fits:
            return None
        readings = self._network.turn_readings(bytes(self._read)) if self._given is None else None
        return Turn(self.turn, readings, self._spikes, self._membranes, answer)

    def _place(self, frame: Frame) -> None:
        """Put a frame's data where they belong; what does not fit is of another network."""
        _, step, layer, form, first = struct.unpack_from(wire.PART_FORMAT, frame.payload)
        data = frame.payload[wire.PART_SIZE :]
        try:
            if frame.kind == wire.INPUT:
                self._place_readings(first, data)
            elif frame.kind == wire.MEMBRANE:
                values = np.frombuffer(data, "<i2")
                self._membranes[layer][first : first + len(values)] = values
            else:
                self._spikes[layer][step][_addresses(form, first, data)] = 1
        except (IndexError, ValueError):
            self._fits = False

    def _place_readings(self, first: int, data: bytes) -> None:
        end = first + len(data)
        if end > len(self._read):
            raise ValueError(f"readings up to {end} of {len(self._read)} bytes")
        self._read[first:end] = data


def _addresses(form: int, first: int, data: bytes) -> NDArray[np.int64]:
    """Return the neurons that fired, as a SPIKES frame lists them."""
    if form == wire.BITMAP:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        return first + np.flatnonzero(bits)
    return first + np.frombuffer(data, "u1" if form == wire.ADDRESSES8 else "<u2").astype(np.int64)
