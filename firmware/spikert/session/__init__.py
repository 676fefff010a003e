"""Carry out the host's commands: the board's main loop while it serves a host."""

import gc
import struct

import spikert
from spikert import compat, heap, kernels, wire
from spikert.network import Network
from spikert.wire.frames import Receiver, Sender
from spikert.wire.turn_frames import Report

NETWORK = "network.lif"
# The readings that REPLAY sends, turn after turn.
RECORDING = "samples.bin"
# The sensor and its rate; see sensors/sampler.py.
SENSOR = "sensor.json"
# Bytes of payload that the host may send at once.
RECEIVE = 128


class Session:
    """Serves one host: describes the board and runs the host's turns.

    Parameters
    ----------
    reader, writer : streams with `readinto` and `write`
    path : str, the .lif file
    recording : str, the file that REPLAY reads
    settings : str, the file with the settings of the sensor for LIVE
    """

    def __init__(self, reader, writer, path=NETWORK, recording=RECORDING, settings=SENSOR):
        self.receiver = Receiver(reader)
        self.sender = Sender(writer)
        self.path = path
        self.recording = recording
        self.settings = settings
        self.network = None
        self.last = -1
        # The function of each command, and the least number of bytes in its payload.
        self.commands = {
            wire.HELLO: (self._hello, 1),
            wire.TURN: (self._turn, wire.TURN_SIZE),
            wire.REPLAY: (self._replay, wire.TURN_SIZE),
            wire.LIVE: (self._live, wire.TURN_SIZE),
        }

    def serve(self, alone=None):
        """Carry out commands until BYE, Ctrl-C or the end of the input; return whether it was BYE.

        Parameters
        ----------
        alone : function, optional
            Called again and again until the host sends its first command.
        """
        try:
            while alone and not self.receiver.ready():
                alone()
            while self._serve_one():
                pass
        except (EOFError, KeyboardInterrupt):
            return False
        return True

    def _serve_one(self):
        """Carry out the next command; return whether another can follow."""
        try:
            kind, sequence, payload = self.receiver.receive()
        except wire.FrameError:
            self.sender.send(wire.AGAIN, 0)
            return True
        self.sender.send_bytes(wire.ACK, struct.pack("<H", sequence))
        if kind != wire.BYE and (kind == wire.HELLO or sequence != self.last):
            self.last = sequence
            self._carry_out(kind, payload)
        return kind != wire.BYE

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
        # This frees the filling of the last heap.
        self.heap = heap.Heap(None, gc.collect, 0)
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

    def load(self):
        """Load the network with the board's fastest kernel; raise the errors of a damaged file."""
        names = kernels.available()
        self._load(names[0], names)

    def _load(self, kernel, names):
        """Load the network with this kernel; return the file's CRC-32 and its source's SHA-256."""
        from spikert.network import tables

        table = tables.load(self.path)
        known = table.crc, table.sha256
        if kernel in names:
            self.network = network = Network(table, kernels.load(kernel))
            del table, tables
            spikert.unload("spikert.network.tables", ".build")
            network.start()
            self.report = Report(self.sender, network)
            self.readings = bytearray(network.turn * network.size)
            self.filled = 0
            self.heap = heap.watch()
        return known

    def _turn(self, payload):
        network, readings = self.network_ready(), self.readings
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
        network, readings = self.network_ready(), self.readings
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
                self.sender.start()
                self.report.input(number & 0xFFFF, readings)
                self._run(network, number & 0xFFFF, flags)
                flags &= ~wire.START

    def _live(self, payload):
        try:
            # The module takes memory, and many boards have no sensor.
            from spikert.session import sensor_turns
        except ImportError:
            raise ValueError("it was flashed without sensor modules; flash it with --sensor")
        sensor_turns.serve(self, *struct.unpack_from(wire.TURN_FORMAT, payload, 0))

    def network_ready(self):
        """Return the network.

        Raises
        ------
        ValueError
            If no network is loaded.
        """
        if self.network is None:
            raise ValueError("no network is loaded")
        return self.network

    def _run(self, network, turn, flags):
        """Run the turn in `readings`; report each step at once, unless the turn is QUIET."""
        if flags & wire.START or not network.hop:
            network.start()
        view, step, quiet = memoryview(self.readings), 0, flags & wire.QUIET
        for first in range(0, len(view), network.size):
            self.run_sample(network, view[first : first + network.size], turn, step, quiet)
            step += network.steps
        self.end_turn(turn, quiet)
        self.heap.between()

    def run_sample(self, network, readings, turn, step, quiet):
        """Run the steps of the next sample, whose first is number `step` of its turn."""
        network.take(readings)
        if quiet:
            network.step(network.steps)
            return
        for number in range(step, step + network.steps):
            network.step(1)
            self.report.spikes(turn, number)

    def end_turn(self, turn, quiet):
        """Report the end of a turn."""
        if not quiet:
            self.report.membranes(turn)
        self.report.answer(turn)


def main(paths):
    """Serve the host on the console.

    Parameters
    ----------
    paths : {"network.lif": path, "samples.bin": path, "sensor.json": path} of the flashed files
    """
    title_bar = compat.title_bar(False)
    reader, writer = compat.console()
    Session(reader, writer, *files(paths)).serve()
    compat.title_bar(title_bar)


def files(paths):
    """Return the paths of the network, the recording and the sensor's settings, flashed or not."""
    return [paths.get(name, name) for name in (NETWORK, RECORDING, SENSOR)]
