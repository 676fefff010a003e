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

    frames    int, how many of them came
    """

    def __init__(self, network: Network, sample: int) -> None:
        self.sample = sample & 0xFFFF
        self.frames = 0
        self._digest = 0
        self._x: NDArray[np.uint8] | None = None
        self._channels = network.channels
        self._spikes = tuple(
            np.zeros((network.steps, layer.neurons), np.uint8) for layer in network.layers
        )
        self._membranes = tuple(np.zeros(layer.neurons, np.int16) for layer in network.layers)

    def take(self, frame: Frame) -> Observation | None:
        """Take in a frame of any kind; return the observation when this one completes it.

        An incomplete or damaged set completes nothing, whatever its frames say.
        """
        if self.behind(frame) != 0:
            return None
        if frame.kind == wire.ANSWER:
            return self._close(frame.payload)
        self.frames += 1
        self._digest = zlib.crc32(frame.payload, self._digest)
        self._place(frame)
        return None

    def behind(self, frame: Frame) -> int | None:
        """Return how many samples this one is behind the frame's; None if it is of no sample."""
        if frame.kind not in (*DATA_KINDS, wire.ANSWER):
            return None
        (sample,) = struct.unpack_from("<H", frame.payload)
        return int(sample - self.sample) & 0xFFFF

    def _close(self, payload: bytes) -> Observation | None:
        _, answer, frames, digest = struct.unpack(wire.ANSWER_FORMAT, payload)
        if frames != self.frames or digest != self._digest:
            return None
        return Observation(self.sample, self._x, self._spikes, self._membranes, answer)

    def _place(self, frame: Frame) -> None:
        """Put a frame's data where they belong; what does not fit is left out, as the digest is."""
        _, step, layer, form, first = struct.unpack_from(wire.PART_FORMAT, frame.payload)
        data = frame.payload[wire.PART_SIZE :]
        try:
            if frame.kind == wire.INPUT:
                if self._x is None:
                    self._x = np.zeros(self._channels, np.uint8)
                self._x[first : first + len(data)] = np.frombuffer(data, np.uint8)
            elif frame.kind == wire.MEMBRANE:
                values = np.frombuffer(data, "<i2")
                self._membranes[layer][first : first + len(values)] = values
            else:
                row = self._spikes[layer][step]
                row[_addresses(form, first, data)] = 1
        except (IndexError, ValueError):
            self._digest ^= 0xFFFFFFFF  # of another network: never to be believed


def _addresses(form: int, first: int, data: bytes) -> NDArray[np.int64]:
    """Return the neurons that fired, as a SPIKES frame lists them."""
    if form == wire.BITMAP:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        return first + np.flatnonzero(bits)
    return first + np.frombuffer(data, "u1" if form == wire.ADDRESSES8 else "<u2").astype(np.int64)
