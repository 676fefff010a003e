"""Run a network on the board's own sensor, and report to the host."""

import json
import struct

from spikert import compat, wire
from spikert.sensors.sampler import Sampler
from spikert.wire.turn_frames import PART

# Microseconds from one report on the sensor to the next.
REPORT_PERIOD = 1_000_000
# Microseconds after which readings are sent even if the block is not full.
BLOCK = 100_000


def settings(path, recording=None):
    """Return the settings of the sensor in a file.

    Parameters
    ----------
    path : str
    recording : str, optional
        The file that a replay reads if its settings name none.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If the file is missing, damaged, or no settings.
    """
    try:
        with open(path) as file:
            data = json.load(file)
    except OSError:
        raise ValueError("it knows of no sensor; spikelet flash --sensor tells it of one")
    except ValueError:
        raise ValueError("%s is damaged; flash again" % path)
    if not isinstance(data, dict):
        raise ValueError("%s says nothing of a sensor; flash again" % path)
    if data.get("sensor") == "replay" and recording:
        data.setdefault("file", recording)
    return data


def serve(session, turn, count, flags):
    """Carry out LIVE, until `count` turns are done or another command has come."""
    turns = SensorTurns(session, Sampler(settings(session.settings, session.recording)))
    try:
        if flags & wire.FLAG_READINGS:
            turns.tell_readings(turn, count)
        else:
            turns.run(turn, count, flags)
    finally:
        turns.sampler.close()


class SensorTurns:
    """Runs a session's network on the board's sensor."""

    def __init__(self, session, sampler):
        self.session = session
        self.sampler = sampler
        self.sender = session.sender
        # The trouble in the last report.
        self.reported_trouble = None
        # Bytes of readings that wait to be sent.
        self.size = 0
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
        """Run a turn on samples as they come; return whether it ended before the next command."""
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
        """Send the sensor's readings, in blocks of as many samples as fit in a frame."""
        self.data, self.block, end = bytearray(PART), block, block + count
        while self.block < end or not count:
            if not self._sample():
                return
            if self.sampler.gap:
                # The report tells the host between which samples the gap is.
                self.tell()
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
        """Take the next sample; return whether it came before the next command."""
        while not self.session.receiver.ready():
            ready = self.sampler.near() and self.sampler.take()
            if self._due() or self.sampler.trouble != self.reported_trouble:
                self.tell()
            if ready:
                return True
        return False

    def _bytes(self, network):
        """Return the sample as the bytes that the network takes."""
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
        """Return whether the next report is due."""
        return _since(self.last_report) >= REPORT_PERIOD

    def tell(self):
        """Report the counts of the sampler, behind all earlier readings."""
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
    """Return the microseconds since an arbitrary moment; 0 without a clock."""
    return compat.ticks_us() if compat.CLOCK else 0


def _since(moment):
    """Return the microseconds since a value of _now."""
    return compat.ticks_diff(compat.ticks_us(), moment) if compat.CLOCK else 0
