"""Assemble a turn from the frames of a board.

A turn ends with one answer. It is one sample, or the samples of a stream from one answer to the next.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import BoardError
from spikelet.link.frames import Frame
from spikelet.networks.network import Network
from spikelet.printable import printable
from spikert import wire

DATA_KINDS = (wire.INPUT, wire.SPIKES, wire.MEMBRANE)
# Bytes of data in a frame.
PART = wire.MAX_PAYLOAD - wire.PART_SIZE


@dataclass(frozen=True, eq=False)
class Turn:
    """One turn as a board ran it.

    Attributes
    ----------
    turn : int
        Number of the turn.
    readings : uint8[channels] or None
        Readings that the board took from its sensor or recording, else None. A stream has
        [hop, channels]; a network that scales its readings has int16.
    spikes : tuple of uint8[T, neurons]
        Spikes of each layer in the T timesteps of all samples.
    membranes : tuple of int16[neurons]
        Membrane values of each layer at the end of the turn.
    answer : int
        Index of the class.
    """

    turn: int
    readings: NDArray[Any] | None
    spikes: tuple[NDArray[np.uint8], ...]
    membranes: tuple[NDArray[np.int16], ...]
    answer: int


@dataclass(frozen=True)
class Status:
    """A board's report on its sensor; the counts begin with the command to read it.

    Attributes
    ----------
    samples : int
        Number of samples.
    late : int
        Number of samples taken after their time.
    failed : int
        Number of failed readings.
    trouble : str
        Present fault of the sensor; empty without one.
    rate : float
        Set rate in samples per second; 0 for as fast as possible.
    skipped : int
        Number of sampling times that passed without a sample.
    channels : int
        Number of channels; 0 until the sensor has been opened.
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
        """Return the content of a SENSOR frame's payload.

        Raises
        ------
        BoardError
            If the payload is too short.
        """
        if len(payload) < wire.SENSOR_SIZE:
            raise BoardError(
                f"the board sent a report of its sensor with {len(payload)} bytes, below "
                f"{wire.SENSOR_SIZE}; flash it again"
            )
        channels, rate, samples, late, skipped, failed = struct.unpack_from(
            wire.SENSOR_FORMAT, payload
        )
        trouble = printable(payload[wire.SENSOR_SIZE :].decode(errors="replace"))
        return Status(samples, late, failed, trouble, rate / 1000, skipped, channels)


class Collector:
    """Collector of the frames of one turn until its ANSWER."""

    def __init__(self, network: Network, turn: int, readings: bytes | None = None) -> None:
        """Begin a turn.

        Parameters
        ----------
        network : Network
            The network on the board.
        turn : int
            Number of the turn.
        readings : bytes, optional
            Readings that the host sent; None if the board takes its own and reports them.
        """
        self.turn = turn & 0xFFFF
        self._network = network
        self._given = readings
        size = math.prod(network.turn) * (2 if network.scaling else 1)
        self._read = bytearray(size if readings is None else 0)
        self._payloads: list[bytes] = []
        # Heads of the frames so far: kind, step, layer, and first neuron or byte.
        self._heads: set[tuple[int, int, int, int]] = set()
        # Spikes or silences, membranes, and bytes of readings that have yet to arrive.
        neurons = sum(layer.neurons for layer in network.layers)
        self._awaited = {
            wire.SPIKES: neurons * network.turn_steps,
            wire.MEMBRANE: neurons,
            wire.INPUT: len(self._read),
        }
        self._fits = True
        self._spikes = tuple(
            np.zeros((network.turn_steps, layer.neurons), np.uint8) for layer in network.layers
        )
        self._membranes = tuple(np.zeros(layer.neurons, np.int16) for layer in network.layers)
        self._most = most_frames(network) + -(-len(self._read) // PART)

    @property
    def frames(self) -> int:
        """Number of frames so far, without the ANSWER."""
        return len(self._payloads)

    def take(self, frame: Frame) -> Turn | None:
        """Add a frame of any kind; return the turn if this frame completes it.

        The ANSWER of an incomplete or damaged turn returns None.
        """
        if self.behind(frame) != 0:
            return None
        if frame.kind == wire.ANSWER:
            return self._close(frame.payload)
        if len(self._payloads) == self._most:
            # The turn is damaged; its ANSWER will not match.
            self._fits = False
            return None
        self._payloads.append(frame.payload)
        self._place(frame)
        return None

    def behind(self, frame: Frame) -> int | None:
        """Return the distance in turns to the frame's turn; None for a frame without a turn."""
        if frame.kind == wire.ANSWER:
            fits = len(frame.payload) == wire.ANSWER_SIZE
        else:
            fits = frame.kind in DATA_KINDS and len(frame.payload) >= wire.PART_SIZE
        if not fits:
            return None
        (turn,) = struct.unpack_from("<H", frame.payload)
        return int(turn - self.turn) & 0xFFFF

    def is_answered_by(self, frame: Frame) -> bool:
        """Return whether a frame is the ANSWER of this turn."""
        return is_answer(frame, self.turn)

    def _close(self, payload: bytes) -> Turn | None:
        _, answer, frames, digest = struct.unpack_from(wire.ANSWER_FORMAT, payload)
        expected = zlib.crc32(self._given or b"")
        for part in (*self._payloads, payload[: wire.ANSWER_SIZE - 4]):
            expected = zlib.crc32(part, expected)
        if frames != self.frames or digest != expected or not self._fits:
            return None
        # The digest covers no kinds of frames. It also fits the ANSWER of a QUIET turn, which has none.
        if any(self._awaited.values()):
            return None
        if answer >= len(self._network.classes):
            return None
        readings = self._network.turn_readings(bytes(self._read)) if self._given is None else None
        return Turn(self.turn, readings, self._spikes, self._membranes, answer)

    def _place(self, frame: Frame) -> None:
        """Store the data of a frame; data that do not fit come from another network."""
        _, step, layer, form, first = struct.unpack_from(wire.PART_FORMAT, frame.payload)
        data = frame.payload[wire.PART_SIZE :]
        head = frame.kind, step, layer, first
        self._fits = self._fits and head not in self._heads
        self._heads.add(head)
        try:
            if frame.kind == wire.INPUT:
                placed = self._place_readings(first, data)
            elif frame.kind == wire.MEMBRANE:
                placed = self._place_membranes(layer, first, data)
            else:
                spikes = self._spikes[layer][step]
                spikes[_addresses(form, first, data)] = 1
                bits = 8 * len(data) if form == wire.BITMAP else len(spikes)
                placed = min(bits, len(spikes) - first)
            self._awaited[frame.kind] -= placed
        except (IndexError, ValueError):
            self._fits = False

    def _place_readings(self, first: int, data: bytes) -> int:
        """Store bytes of the readings; return their number."""
        end = first + len(data)
        if end > len(self._read):
            raise ValueError(f"readings up to {end} of {len(self._read)} bytes")
        self._read[first:end] = data
        return len(data)

    def _place_membranes(self, layer: int, first: int, data: bytes) -> int:
        """Store membranes of a layer; return their number."""
        values = np.frombuffer(data, "<i2")
        # A single value would fit into an empty slice.
        if first + len(values) > len(self._membranes[layer]):
            raise ValueError(f"membranes up to {first + len(values)}")
        self._membranes[layer][first : first + len(values)] = values
        return len(values)


def most_frames(network: Network) -> int:
    """Return the number of frames that a turn can have, without its readings and its ANSWER."""
    neurons = [layer.neurons for layer in network.layers]
    bitmaps = sum(-(-count // (8 * PART)) for count in neurons)
    membranes = sum(-(-count // (PART // 2)) for count in neurons)
    return bitmaps * network.turn_steps + membranes


def is_answer(frame: Frame, turn: int) -> bool:
    """Return whether a frame is the ANSWER of the turn with this number."""
    if frame.kind != wire.ANSWER or len(frame.payload) != wire.ANSWER_SIZE:
        return False
    return bool(struct.unpack_from("<H", frame.payload)[0] == turn & 0xFFFF)


def _addresses(form: int, first: int, data: bytes) -> NDArray[np.int64]:
    """Return the indices of the neurons that fired, from the data of a SPIKES frame."""
    if form == wire.BITMAP:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        return first + np.flatnonzero(bits)
    widths = {wire.ADDRESSES8: "u1", wire.ADDRESSES16: "<u2"}
    if form not in widths:
        raise ValueError(f"spikes of form {form}")
    return first + np.frombuffer(data, widths[form]).astype(np.int64)
