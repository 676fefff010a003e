"""Read and write frames on the board."""

import struct

from spikert import compat, wire
from spikert.emitters import fastest_form
from spikert.wire.checksums import crc32

framing = fastest_form("wire.framing")


class Sender:
    """Numbers the board's frames and writes them.

    Attributes
    ----------
    payload : memoryview, the place of the next frame's payload
    digest : int, CRC-32 of the readings and payloads since `start`
    frames : int, number of frames since `start`
    """

    def __init__(self, stream):
        self.stream = stream
        self.frame = bytearray(wire.MAX_FRAME)
        self.view = memoryview(self.frame)
        self.payload = self.view[2 + wire.HEAD_SIZE :]
        self.sequence = 0
        self.start()

    def start(self, readings=b""):
        """Reset digest and count for a turn with these readings."""
        self.digest = crc32(readings)
        self.frames = 0

    def send(self, kind, size):
        """Send a frame with the first `size` bytes of `payload`, which is overwritten."""
        self.digest = crc32(self.payload[:size], self.digest)
        self.frames += 1
        end = framing.encode_into(self.frame, kind, self.sequence, size)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.stream.write(self.view[:end])

    def send_bytes(self, kind, data):
        """Send a frame with `data`, cut to MAX_PAYLOAD bytes."""
        size = min(len(data), wire.MAX_PAYLOAD)
        self.payload[:size] = data[:size]
        self.send(kind, size)

    def send_aside(self, kind, data):
        """Send a frame with `data` that does not count as one of the turn."""
        digest, frames = self.digest, self.frames
        self.send_bytes(kind, data)
        self.digest, self.frames = digest, frames

    def send_part(self, kind, turn, step, layer, form, first, size):
        """Send the `size` bytes at `payload[wire.PART_SIZE:]`, with a header that describes them."""
        struct.pack_into(wire.PART_FORMAT, self.payload, 0, turn, step, layer, form, first)
        self.send(kind, wire.PART_SIZE + size)


class Receiver:
    """Reads the host's frames, a byte at a time, so it never waits for bytes behind a frame."""

    def __init__(self, stream):
        self.stream = stream
        self.pending = compat.pending(stream)
        self.byte = bytearray(1)
        # Any byte can be shielded, and then takes two.
        self.buffer = bytearray(2 * wire.MAX_FRAME)
        self.view = memoryview(self.buffer)
        # Bytes of the next frame so far.
        self.size = 0
        self.whole = False

    def receive(self):
        """Return (kind, sequence, payload) of the next frame.

        Raises
        ------
        wire.FrameError
            If the frame is damaged.
        EOFError
            If the host has gone.
        KeyboardInterrupt
            At Ctrl-C, if the interpreter does not raise it itself.
        """
        if not self.whole:
            self._read(True)
        size, self.size, self.whole = self.size, 0, False
        if size > len(self.buffer):
            raise wire.FrameError("%d bytes without an end" % size)
        return wire.decode(bytearray(wire.unshield(bytes(self.view[:size]))))

    def ready(self):
        """Return whether a whole frame has come, without waiting for one.

        Always False if the interpreter cannot check for input. Raises as `receive` does.
        """
        if self.pending and not self.whole:
            self._read(False)
        return self.whole

    def _read(self, wait):
        """Read to the end of a frame; without `wait` only the bytes that have come."""
        size = self.size
        byte, buffer, read, pending = self.byte, self.buffer, self.stream.readinto, self.pending
        while wait or pending():
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
                self.whole = True
                break
        self.size = size
