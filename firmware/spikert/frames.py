"""The board's end of the wire: frames read from one stream and written to another."""

import struct

from spikert import wire
from spikert.compat import crc32
from spikert.loops import pick

framing = pick("framing")


class Sender:
    """Numbers the board's frames and writes them.

    payload    memoryview, where the next frame's payload is put
    digest     int, CRC-32 of readings and the payloads since `start`; `frames` is how many these are
    """

    def __init__(self, stream):
        self.stream = stream
        self.frame = bytearray(wire.MAX_FRAME)
        self.view = memoryview(self.frame)
        self.payload = self.view[2 + wire.HEAD_SIZE :]
        self.sequence = 0
        self.start()

    def start(self, readings=b""):
        """Begin counting anew, for a turn with these readings."""
        self.digest = crc32(readings)
        self.frames = 0

    def send(self, kind, size):
        """Send a frame with the first `size` bytes of `payload`, which is then spoilt."""
        self.digest = crc32(self.payload[:size], self.digest)
        self.frames += 1
        end = framing.encode_into(self.frame, kind, self.sequence, size)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.stream.write(self.view[:end])

    def send_bytes(self, kind, data):
        """Send a frame with `data`, cut to what fits."""
        size = min(len(data), wire.MAX_PAYLOAD)
        self.payload[:size] = data[:size]
        self.send(kind, size)

    def send_part(self, kind, turn, step, layer, form, first, size):
        """Send the `size` bytes that were put at `payload[wire.PART_SIZE:]`, saying what they are."""
        struct.pack_into(wire.PART_FORMAT, self.payload, 0, turn, step, layer, form, first)
        self.send(kind, wire.PART_SIZE + size)


class Receiver:
    """Reads the host's frames, a byte at a time: nothing beyond a frame is ever waited for."""

    def __init__(self, stream):
        self.stream = stream
        self.byte = bytearray(1)
        self.buffer = bytearray(2 * wire.MAX_FRAME)  # every byte may be shielded
        self.view = memoryview(self.buffer)

    def receive(self):
        """Return (kind, sequence, payload) of the next frame.

        Raises wire.FrameError for a damaged one, EOFError when the host has gone, and
        KeyboardInterrupt at Ctrl-C, where the interpreter has not seen to that itself.
        """
        size = 0
        byte, buffer, read = self.byte, self.buffer, self.stream.readinto
        while True:
            if not read(byte):
                raise EOFError
            value = byte[0]
            if value == 3:
                raise KeyboardInterrupt
            if value:
                if size < len(buffer):
                    buffer[size] = value
                size += 1
            elif size:
                if size > len(buffer):
                    raise wire.FrameError("%d bytes without an end" % size)
                return wire.decode(bytearray(wire.unshield(bytes(self.view[:size]))))
