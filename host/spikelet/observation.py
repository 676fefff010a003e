"""What a board sent about one sample, put together from its frames."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikelet.frames import Frame
from spikelet.network import Network
from spikert import wire

DATA_KINDS = (wire.INPUT, wire.SPIKES, wire.MEMBRANE)


@dataclass(frozen=True, eq=False)
class Observation:
    """One sample as a board ran it.

    sample      int, its number
    x           uint8[channels] where the board read the sample by itself, else None
    spikes      a uint8[T, neurons] per layer
    membranes   an int16[neurons] per layer, at the window's end
    answer      int, index of the class
    """

    sample: int
    x: NDArray[np.uint8] | None
    spikes: tuple[NDArray[np.uint8], ...]
    membranes: tuple[NDArray[np.int16], ...]
    answer: int


class Collector:
    """Gathers the frames of one sample until its ANSWER.

    x         uint8[channels] that the board was given, or None where it reads its own and says what
    frames    int, how many of them came
    """

    def __init__(self, network: Network, sample: int, x: NDArray[np.uint8] | None = None) -> None:
        self.sample = sample & 0xFFFF
        self._given = x
        self._read = np.zeros(network.channels, np.uint8)
        self._payloads: list[bytes] = []
        self._fits = True
        self._spikes = tuple(
            np.zeros((network.steps, layer.neurons), np.uint8) for layer in network.layers
        )
        self._membranes = tuple(np.zeros(layer.neurons, np.int16) for layer in network.layers)

    @property
    def frames(self) -> int:
        """How many frames came."""
        return len(self._payloads)

    def take(self, frame: Frame) -> Observation | None:
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
        """Return how many samples this one is behind the frame's; None if it is of no sample."""
        least = {wire.ANSWER: wire.ANSWER_SIZE}.get(frame.kind, wire.PART_SIZE)
        if frame.kind not in (*DATA_KINDS, wire.ANSWER) or len(frame.payload) < least:
            return None
        (sample,) = struct.unpack_from("<H", frame.payload)
        return int(sample - self.sample) & 0xFFFF

    def _close(self, payload: bytes) -> Observation | None:
        _, answer, frames, digest = struct.unpack_from(wire.ANSWER_FORMAT, payload)
        x = self._read if self._given is None else self._given
        expected = zlib.crc32(x.tobytes())
        for part in (*self._payloads, payload[: wire.ANSWER_SIZE - 4]):
            expected = zlib.crc32(part, expected)
        if frames != self.frames or digest != expected or not self._fits:
            return None
        read = x if self._given is None else None
        return Observation(self.sample, read, self._spikes, self._membranes, answer)

    def _place(self, frame: Frame) -> None:
        """Put a frame's data where they belong; what does not fit is of another network."""
        _, step, layer, form, first = struct.unpack_from(wire.PART_FORMAT, frame.payload)
        data = frame.payload[wire.PART_SIZE :]
        try:
            if frame.kind == wire.INPUT:
                self._read[first : first + len(data)] = np.frombuffer(data, np.uint8)
            elif frame.kind == wire.MEMBRANE:
                values = np.frombuffer(data, "<i2")
                self._membranes[layer][first : first + len(values)] = values
            else:
                self._spikes[layer][step][_addresses(form, first, data)] = 1
        except (IndexError, ValueError):
            self._fits = False


def _addresses(form: int, first: int, data: bytes) -> NDArray[np.int64]:
    """Return the neurons that fired, as a SPIKES frame lists them."""
    if form == wire.BITMAP:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        return first + np.flatnonzero(bits)
    return first + np.frombuffer(data, "u1" if form == wire.ADDRESSES8 else "<u2").astype(np.int64)
