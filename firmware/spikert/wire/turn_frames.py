"""Report a turn to the host: readings, spikes, membranes and the answer."""

import struct

from spikert import wire
from spikert.wire.checksums import crc32
from spikert.wire.frames import framing

# Bytes of data in a frame of PART_FORMAT.
PART = wire.MAX_PAYLOAD - wire.PART_SIZE


class Report:
    """Sends the frames of one turn after the other.

    Parameters
    ----------
    sender : frames.Sender, whose payload is filled in place
    network : network.Network
    """

    def __init__(self, sender, network):
        self.sender = sender
        self.network = network
        self.part = sender.payload[wire.PART_SIZE :]

    def input(self, turn, readings):
        """Send the bytes of readings of the board's own sensor or recording."""
        for first in range(0, len(readings), PART):
            self._send_data(wire.INPUT, turn, 0, first, readings[first : first + PART])

    def spikes(self, turn, step):
        """Send the neurons that fired in the last step, layer by layer, in the shorter form."""
        for k in range(len(self.network.layers)):
            layer, count = self.network.layers[k], self.network.fired[k]
            neurons = layer.neurons
            width = 1 if neurons <= 256 else 2
            if count * width <= min((neurons + 7) // 8, PART):
                # Without spikes `events` can be any object.
                if count:
                    framing.put_addresses(self.part, layer.events, count, width)
                form = wire.ADDRESSES8 if width == 1 else wire.ADDRESSES16
                self.sender.send_part(wire.SPIKES, turn, step, k, form, 0, count * width)
                continue
            for first in range(0, neurons, 8 * PART):
                size = min((neurons - first + 7) // 8, PART)
                framing.put_bitmap(self.part, size, layer.events, count, first)
                self.sender.send_part(wire.SPIKES, turn, step, k, wire.BITMAP, first, size)

    def membranes(self, turn):
        """Send all membranes, layer by layer."""
        # An even number of bytes, for whole membranes.
        part = PART & -2
        for k in range(len(self.network.layers)):
            data = self.network.layers[k].membranes()
            for first in range(0, len(data), part):
                self._send_data(wire.MEMBRANE, turn, k, first // 2, data[first : first + part])

    def answer(self, turn):
        """Send the answer, the number of frames before it, and the digest of all of them."""
        sender, payload = self.sender, self.sender.payload
        struct.pack_into("<HHH", payload, 0, turn, self.network.answer(), sender.frames)
        digest = crc32(payload[: wire.ANSWER_SIZE - 4], sender.digest)
        struct.pack_into("<I", payload, wire.ANSWER_SIZE - 4, digest)
        sender.send(wire.ANSWER, wire.ANSWER_SIZE)

    def _send_data(self, kind, turn, layer, first, data):
        self.part[: len(data)] = data
        self.sender.send_part(kind, turn, 0, layer, 0, first, len(data))
