"""Commands in, frames out: the board's main loop while it serves a host."""

import struct

from spikert import compat, kernels, tables, wire
from spikert.network import Network

NETWORK = "network.lif"
RECORDING = "samples.bin"  # u8[samples, inputs], what REPLAY reads
PART = wire.MAX_PAYLOAD - wire.PART_SIZE  # bytes of data in a frame that has them in parts
RECEIVE = 128  # bytes of payload that the host may send at once


class Sender:
    """Numbers the board's frames and writes them.

    payload    memoryview, where the next frame's payload is put
    digest     int, CRC-32 of the payloads since `start`; `frames` is their number
    """

    def __init__(self, stream):
        self.stream = stream
        self.frame = bytearray(wire.MAX_FRAME)
        self.view = memoryview(self.frame)
        self.payload = self.view[2 + wire.HEAD_SIZE :]
        self.sequence = 0
        self.start()

    def start(self):
        """Begin counting anew."""
        self.digest = 0
        self.frames = 0

    def send(self, kind, size):
        """Send a frame with the first `size` bytes of `payload`, which is then spoilt."""
        self.digest = compat.crc32(self.payload[:size], self.digest)
        self.frames += 1
        end = wire.encode_into(self.frame, kind, self.sequence, size)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.stream.write(self.view[:end])

    def send_bytes(self, kind, data):
        """Send a frame with `data`, cut to what fits."""
        size = min(len(data), wire.MAX_PAYLOAD)
        self.payload[:size] = data[:size]
        self.send(kind, size)

    def send_part(self, kind, sample, step, layer, form, first, size):
        """Send the `size` bytes that were put at `payload[wire.PART_SIZE:]`, saying what they are."""
        struct.pack_into(wire.PART_FORMAT, self.payload, 0, sample, step, layer, form, first)
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


class Session:
    """Serves one host: says what this board is, runs the samples it is given.

    reader, writer    streams with `readinto` and `write`
    path              the .lif file
    """

    def __init__(self, reader, writer, path=NETWORK, recording=RECORDING):
        self.receiver = Receiver(reader)
        self.sender = Sender(writer)
        self.path = path
        self.recording = recording
        self.network = None
        self.last = -1
        self.commands = {
            wire.HELLO: self._hello,
            wire.SAMPLE: self._sample,
            wire.REPLAY: self._replay,
        }

    def serve(self):
        """Carry out commands until BYE, Ctrl-C or the end of the input."""
        while True:
            try:
                kind, sequence, payload = self.receiver.receive()
            except wire.FrameError:
                self.sender.send(wire.AGAIN, 0)
                continue
            except (EOFError, KeyboardInterrupt):
                return
            self.sender.send_bytes(wire.ACK, struct.pack("<H", sequence))
            if kind == wire.BYE:
                return
            if kind == wire.HELLO or sequence != self.last:
                self.last = sequence
                self._carry_out(kind, payload)

    def _carry_out(self, kind, payload):
        try:
            if kind not in self.commands:
                raise ValueError("this runtime knows no command %d" % kind)
            self.commands[kind](payload)
        except (ValueError, OSError, MemoryError) as error:
            self._problem(error)

    def _problem(self, error):
        text = "%s: %s" % (type(error).__name__, error)
        self.sender.send_bytes(wire.PROBLEM, text.encode())

    def _hello(self, payload):
        names = kernels.available()
        kernel = str(payload[1:], "utf-8") or names[0]
        problem, crc, sha256 = "", 0, bytes(32)
        self.network = None
        try:
            if payload[0] == wire.PROTOCOL:
                crc, sha256 = self._load(kernel, names)
        except (tables.TableError, OSError, MemoryError) as error:
            problem = "%s: %s" % (type(error).__name__, error)
        self.sender.sequence = 0
        fixed = struct.pack(
            wire.BOARD_FORMAT, wire.PROTOCOL, RECEIVE, compat.memory_free(), crc, sha256
        )
        machine = compat.machine_name()
        lines = (compat.runtime_name(), machine, kernel, " ".join(names), compat.ULAB, problem)
        self.sender.send_bytes(wire.BOARD, fixed + "\n".join(lines).encode())

    def _load(self, kernel, names):
        """Load the network with this kernel; return its CRC-32 and its source's sha256."""
        table = tables.load(self.path)
        if kernel in names:
            self.network = Network(table, kernels.load(kernel))
            self.x = bytearray(table.inputs)
            self.filled = 0
        return table.crc, table.sha256

    def _sample(self, payload):
        network = self._ready()
        sample, first = struct.unpack_from("<HH", payload, 0)
        end = first + len(payload) - 4
        if first == 0:
            self.filled = 0
        if first != self.filled or end > len(self.x):
            raise ValueError("bytes %d to %d of an input of %d" % (first, end, len(self.x)))
        self.x[first:end] = payload[4:]
        self.filled = end
        if end == len(self.x):
            self.sender.start()
            self._run(network, sample)

    def _replay(self, payload):
        network = self._ready()
        sample, count = struct.unpack_from("<HH", payload, 0)
        with open(self.recording, "rb") as file:
            samples = file.seek(0, 2) // len(self.x)
            if not samples:
                raise ValueError("%s holds no whole sample" % self.recording)
            for number in range(sample, sample + count):
                file.seek(number % samples * len(self.x))
                file.readinto(self.x)
                self.sender.start()
                self._send_input(number & 0xFFFF)
                self._run(network, number & 0xFFFF)

    def _ready(self):
        if self.network is None:
            raise ValueError("no network is loaded")
        return self.network

    def _run(self, network, sample):
        """Run the input in `x`, sending every layer's spikes, then its membranes, then the answer."""
        network.start(self.x)
        for step in range(network.tables.steps):
            network.step()
            for k in range(len(network.layers)):
                self._send_spikes(sample, step, k)
        for k in range(len(network.layers)):
            self._send_membranes(sample, k)
        sender = self.sender
        struct.pack_into(
            wire.ANSWER_FORMAT, sender.payload, 0, sample, network.answer(), sender.frames, sender.digest
        )
        sender.send(wire.ANSWER, wire.ANSWER_SIZE)

    def _send_input(self, sample):
        for first in range(0, len(self.x), PART):
            self._send_data(wire.INPUT, sample, 0, first, self.x[first : first + PART])

    def _send_membranes(self, sample, k):
        data = self.network.layers[k].membranes()
        for first in range(0, len(data), PART - 1):  # an even number of bytes
            self._send_data(wire.MEMBRANE, sample, k, first // 2, data[first : first + PART - 1])

    def _send_data(self, kind, sample, layer, first, data):
        sender = self.sender
        sender.payload[wire.PART_SIZE : wire.PART_SIZE + len(data)] = data
        sender.send_part(kind, sample, 0, layer, 0, first, len(data))

    def _send_spikes(self, sample, step, k):
        """Send one layer's spikes of one step in the form that is shorter."""
        layer, count = self.network.layers[k], self.network.fired[k]
        neurons = layer.table.neurons
        width = 1 if neurons <= 256 else 2
        if count * width <= min((neurons + 7) // 8, PART):
            self._put_addresses(layer.events, count, width)
            form = wire.ADDRESSES8 if width == 1 else wire.ADDRESSES16
            self.sender.send_part(wire.SPIKES, sample, step, k, form, 0, count * width)
            return
        for first in range(0, neurons, 8 * PART):
            size = min((neurons - first + 7) // 8, PART)
            self._put_bitmap(layer.events, count, first, size)
            self.sender.send_part(wire.SPIKES, sample, step, k, wire.BITMAP, first, size)

    def _put_addresses(self, events, count, width):
        payload, at = self.sender.payload, wire.PART_SIZE
        for i in range(count):
            payload[at] = events[i] & 0xFF
            if width == 2:
                payload[at + 1] = events[i] >> 8
            at += width

    def _put_bitmap(self, events, count, first, size):
        payload = self.sender.payload
        for i in range(size):
            payload[wire.PART_SIZE + i] = 0
        for i in range(count):
            bit = events[i] - first
            if 0 <= bit < 8 * size:
                payload[wire.PART_SIZE + (bit >> 3)] |= 1 << (bit & 7)


def main(folder=""):
    """Serve the host on the console, with the network and the recording of this folder."""
    reader, writer = compat.console()
    Session(reader, writer, folder + NETWORK, folder + RECORDING).serve()
