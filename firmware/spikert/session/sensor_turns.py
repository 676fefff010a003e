"""Runs a network on the board's own sensor, sample by sample, and reports to the host."""

import json
import struct

from spikert import compat, wire
from spikert.sensors.sampler import Sampler
from spikert.wire.turn_frames import PART

REPORT_PERIOD = 1_000_000  # microseconds from one report on the sensor to the next
BLOCK = 100_000  # microseconds, after which readings are sent even if more would fit


def settings(path, recording=None):
    """Return what the file says of the sensor, a dict; raises ValueError if it cannot be used.

    recording    the file that a replay reads which names none
    """
    try:
        with open(path) as file:
            said = json.load(file)
    except OSError:
        raise ValueError("it knows of no sensor; spikelet flash --sensor tells it of one")
    except ValueError:
        raise ValueError("%s is damaged; flash again" % path)
    if not isinstance(said, dict):
        raise ValueError("%s says nothing of a sensor; flash again" % path)
    if said.get("sensor") == "replay" and recording:
        said.setdefault("file", recording)
    return said


def serve(session, turn, count, flags):
    """Carry out LIVE, until so many turns are done or another command has come."""
    turns = SensorTurns(session, Sampler(settings(session.settings, session.recording)))
    try:
        if flags & wire.FLAG_READINGS:
            turns.tell_readings(turn, count)
        else:
            turns.run(turn, count, flags)
    finally:
        turns.sampler.close()


class SensorTurns:
    """A session's network, and the sensor that it listens to."""

    def __init__(self, session, sampler):
        self.session = session
        self.sampler = sampler
        self.sender = session.sender
        self.reported_trouble = None  # with the last report
        self.size = 0  # bytes of readings that are still to be sent
        self.last_report = _now()

    def run(self, turn, count, flags):
        """Run turn after turn, and report them."""
        if flags & wire.START:
            self.session.network_ready().start()
        end = turn + count
        while turn < end or not count:
            self.sender.start()
            if not self.turn(turn & 0xFFFF, flags & wire.QUIET):
                return
            self.session.report.input(turn & 0xFFFF, self.session.readings)
            self.session.end_turn(turn & 0xFFFF, flags & wire.QUIET)
            self.sampler.rest()
            turn += 1
        self.tell()

    def turn(self, turn, quiet):
        """Run a turn's samples as they are taken; return whether no command came before its end."""
        session = self.session
        network, readings = session.network_ready(), session.readings
        view, step = memoryview(readings), 0
        if not network.hop:
            network.start()
        for first in range(0, len(readings), network.size):
            if not self._sample():
                return False
            view[first : first + network.size] = self._bytes(network)
            session.run_sample(network, view[first : first + network.size], turn, step, quiet)
            if first + network.size < len(readings):
                self.sampler.rest()
            step += network.steps
        return True

    def tell_readings(self, block, count):
        """Send what the sensor reads, in blocks of as many samples as fit in a frame."""
        self.data, self.block, end = bytearray(PART), block, block + count
        while self.block < end or not count:
            if not self._sample():
                return
            if self.sampler.gap:
                self.tell()  # so that a host knows between which samples there is one
            row = bytes(self.sampler.row)
            if not self.size:
                self.begun = _now()
            self.data[self.size : self.size + len(row)] = row
            self.size += len(row)
            if self.size + len(row) > PART or _since(self.begun) >= BLOCK:
                self._send_block()
            self.sampler.rest()
        self.tell()

    def _send_block(self):
        size, self.size = self.size, 0
        self.sender.payload[wire.PART_SIZE : wire.PART_SIZE + size] = self.data[:size]
        self.sender.send_part(wire.INPUT, self.block & 0xFFFF, 0, 0, 0, 0, size)
        self.block += 1

    def _sample(self):
        """Take the next sample; return whether no command came before."""
        while not self.session.receiver.ready():
            taken = self.sampler.take()
            if self._due() or self.sampler.trouble != self.reported_trouble:
                self.tell()
            if taken:
                return True
        return False

    def _bytes(self, network):
        """Return the sample as the network takes it."""
        row = self.sampler.row
        channels = network.size // (2 if network.scaling else 1)
        if channels != len(row):
            raise ValueError(
                "a sensor of %d channels, and the network takes %d" % (len(row), channels)
            )
        if network.scaling:
            return bytes(row)
        for value in row:
            if not 0 <= value <= 255:
                raise ValueError(
                    "the sensor reads %d, and the network takes 0..255; train it on recordings"
                    % value
                )
        return bytes(list(row))

    def _due(self):
        """Return whether it is time to tell how sampling goes."""
        return _since(self.last_report) >= REPORT_PERIOD

    def tell(self):
        """Tell how sampling goes, after all that was read before."""
        if self.size:
            self._send_block()
        sampler = self.sampler
        trouble = sampler.trouble
        self.last_report, self.reported_trouble = _now(), trouble
        counts = sampler.samples, sampler.late, sampler.skipped, sampler.failures
        channels = 0 if sampler.row is None else len(sampler.row)
        rate = round(1000 * sampler.rate)
        data = struct.pack(wire.SENSOR_FORMAT, channels, rate, *counts) + trouble.encode()
        self.sender.send_aside(wire.SENSOR, data)


def _now():
    """Return the microseconds since some moment; 0 where there is no clock."""
    return compat.ticks_us() if compat.CLOCK else 0


def _since(moment):
    """Return the microseconds since one of _now."""
    return compat.ticks_diff(compat.ticks_us(), moment) if compat.CLOCK else 0
