"""Commands in, frames out: the board's main loop while it serves a host."""

import gc
import struct

import spikert
from spikert import compat, garbage, kernels, wire
from spikert.frames import Receiver, Sender
from spikert.network import Network
from spikert.report import Report

NETWORK = "network.lif"
RECORDING = "samples.bin"  # the readings of one turn after the other, what REPLAY reads
RECEIVE = 128  # bytes of payload that the host may send at once


class Session:
    """Serves one host: says what this board is, runs the turns it is given.

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
        self.commands = {  # and how many bytes each has at least
            wire.HELLO: (self._hello, 1),
            wire.TURN: (self._turn, wire.TURN_SIZE),
            wire.REPLAY: (self._replay, wire.TURN_SIZE),
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
            command, least = self.commands[kind]
            if len(payload) < least:
                raise ValueError("a command of %d bytes, below %d" % (len(payload), least))
            command(payload)
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
        self.garbage = garbage.Garbage(None, gc.collect, 0)  # what the last one kept is free again
        try:
            if payload[0] == wire.PROTOCOL:
                crc, sha256 = self._load(kernel, names)
        except (ValueError, OSError, MemoryError) as error:
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
        from spikert import tables

        table = tables.load(self.path)
        known = table.crc, table.sha256
        if kernel in names:
            self.network = network = Network(table, kernels.load(kernel))
            del table, tables
            spikert.forget("spikert.tables", "_build")
            network.start()
            self.report = Report(self.sender, network)
            self.readings = bytearray(network.turn * network.size)
            self.filled = 0
            self.garbage = garbage.watched()
        return known

    def _turn(self, payload):
        network, readings = self._ready(), self.readings
        turn, first, flags = struct.unpack_from(wire.TURN_FORMAT, payload, 0)
        end = first + len(payload) - wire.TURN_SIZE
        if first == 0:
            self.filled = 0
        if first != self.filled or end > len(readings):
            raise ValueError("bytes %d to %d of a turn of %d" % (first, end, len(readings)))
        readings[first:end] = payload[wire.TURN_SIZE :]
        self.filled = end
        if end == len(readings):
            self.sender.start(readings)
            self._run(network, turn, flags)

    def _replay(self, payload):
        network, readings = self._ready(), self.readings
        turn, count, flags = struct.unpack_from(wire.TURN_FORMAT, payload, 0)
        try:
            file = open(self.recording, "rb")
        except OSError:
            raise ValueError("it holds no recording; spikelet flash --recording puts one there")
        with file:
            turns = file.seek(0, 2) // len(readings)
            if not turns:
                raise ValueError("%s holds no whole turn" % self.recording)
            for number in range(turn, turn + count):
                file.seek(number % turns * len(readings))
                file.readinto(readings)
                self.sender.start(readings)
                self.report.input(number & 0xFFFF, readings)
                self._run(network, number & 0xFFFF, flags)
                flags &= ~wire.START

    def _ready(self):
        if self.network is None:
            raise ValueError("no network is loaded")
        return self.network

    def _run(self, network, turn, flags):
        """Run the turn in `readings`; report every step as it is done, unless it is to be quiet."""
        if flags & wire.START or not network.hop:
            network.start()
        view, step, steps = memoryview(self.readings), 0, network.steps
        for first in range(0, len(view), network.size):
            network.take(view[first : first + network.size])
            if flags & wire.QUIET:
                network.step(steps)
                continue
            for _ in range(steps):
                network.step(1)
                self.report.spikes(turn, step)
                step += 1
        if not flags & wire.QUIET:
            self.report.membranes(turn)
        self.report.answer(turn)
        self.garbage.between()


def main(paths):
    """Serve the host on the console.

    paths    {"network.lif": path, "samples.bin": path} of what was flashed
    """
    reader, writer = compat.console()
    path, recording = paths.get(NETWORK, NETWORK), paths.get(RECORDING, RECORDING)
    Session(reader, writer, path, recording).serve()
