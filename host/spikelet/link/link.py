"""Exchange requests and answers with a board, with checksums and retries.

The host accepts only data that arrived whole, and requests the rest again.
"""

from __future__ import annotations

import re
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from spikelet.boards.port import SerialStream
from spikelet.boards.timeouts import TIMEOUT_S
from spikelet.errors import BoardError, BoardGone, SensorSilent, SpikeletError, UsageError
from spikelet.link import board_info
from spikelet.link.board_info import BoardInfo
from spikelet.link.board_text import BoardText
from spikelet.link.frames import Frame, FrameReader
from spikelet.link.patience import Patience
from spikelet.link.turn import Collector, Turn, is_answer
from spikelet.networks.network import Network
from spikelet.printable import printable, quoted
from spikert import wire
from spikert.session import boot

# Seconds without a byte while the speed of the board is unknown.
FIRST_TIMEOUT_S = 5.0
LEAST_TIMEOUT_S, MOST_TIMEOUT_S = 0.5, 60.0
REQUEST_ATTEMPTS = 8
# Seconds between two reads of a silent stream.
PAUSE = 0.0005
READ_CHUNK = 4096
ANSWERS = (wire.BOARD, wire.INPUT, wire.SPIKES, wire.MEMBRANE, wire.ANSWER)
NAMES = {
    wire.ACK: "acknowledgements",
    wire.BOARD: "BOARD frames",
    wire.INPUT: "INPUT frames",
    wire.SPIKES: "SPIKES frames",
    wire.MEMBRANE: "MEMBRANE frames",
    wire.ANSWER: "ANSWER frames",
    wire.PROBLEM: "PROBLEM frames",
    wire.AGAIN: "requests to send again",
    wire.SENSOR: "reports of its sensor",
}
BANNER = re.compile(r"soft reboot|MicroPython v\d|Adafruit CircuitPython \d|\brst:0x|>>> ")
"""Text that boards print at their start."""


class Link:
    """A session with a board.

    Attributes
    ----------
    stream : SerialStream
    name : str
        Name of the board in messages.
    repeated : int
        Number of turns that the host requested again.
    lost_frames : int
        Number of frames that were lost for good.
    late_frames : int
        Number of frames of earlier turns, which the link dropped.
    rebooted : bool
        Whether the board printed its banner, as after a reset.
    patience : Patience
        The time without progress.
    trouble : str
        Reason that the board gives for the missing progress; empty without one.
    """

    def __init__(
        self,
        stream: SerialStream,
        name: str,
        log: Callable[[str], None],
        timeout: float = TIMEOUT_S,
        *,
        attempts: int = REQUEST_ATTEMPTS,
        remedy: str = "reset it and try again",
    ) -> None:
        """Begin a session on a stream.

        Parameters
        ----------
        stream : SerialStream
        name : str
            Name of the board in messages.
        log : callable
            Called with the text that the board prints; a flood is shortened.
        timeout : float
            Seconds without progress after which a request fails.
        attempts : int
            Number of times to send a command that the board does not acknowledge.
        remedy : str
            The end of the message about a silent board.
        """
        self.stream = stream
        self.name = name
        self.repeated = 0
        self.lost_frames = 0
        self.late_frames = 0
        self.rebooted = False
        self.patience = Patience(timeout)
        self.trouble = ""
        self._text = BoardText(log)
        self._reader = FrameReader(self._hear)
        # Frames and characters of text since the last progress.
        self._vain: Counter[str] = Counter()
        self._attempts, self._remedy = attempts, remedy
        self._frame = bytearray(wire.MAX_FRAME)
        self._sequence = 0
        # Seconds of the longest silence that another byte ended.
        self._longest_silence = 0.0
        self._answered = False
        # Whether the board has acknowledged the last command.
        self._acknowledged = False
        # Bytes that every board takes; `hello` asks for the limit of this one.
        self._receive = 64

    @property
    def missed(self) -> int:
        """Number of frames that were lost or damaged on the way, with those requested again."""
        return self._reader.missing

    def hello(self, kernel: str = "") -> BoardInfo:
        """Ask the board to identify itself and load its network.

        Parameters
        ----------
        kernel : str
            Kernel to load the network with; empty for the board's choice.

        Returns
        -------
        BoardInfo

        Raises
        ------
        SpikeletError
            If the board does not answer, speaks another protocol or lacks the kernel.
        """
        payload = bytes([wire.PROTOCOL]) + kernel.encode()
        try:
            for _ in range(REQUEST_ATTEMPTS):
                for frame in self.request(wire.HELLO, payload):
                    if frame.kind == wire.BOARD:
                        info = self._welcome(frame.payload, kernel)
                        self._finish()
                        return info
        except BoardGone:
            # Frames show that a runtime is there.
            if set(self._vain) <= {"text"}:
                raise
        raise BoardError(
            f"{self.name} does not identify itself; run spikelet flash, then try again"
        )

    def run(
        self,
        network: Network,
        number: int,
        readings: NDArray[Any],
        earlier: Sequence[NDArray[Any]] = (),
    ) -> Turn | None:
        """Run a turn on the board.

        Parameters
        ----------
        network : Network
            The network on the board.
        number : int
            Number of the turn.
        readings : array
            Readings of the turn, with the shape `network.turn`.
        earlier : sequence of array
            Readings of the stream's earlier turns, which the board has run. Before it repeats this turn,
            it runs them again.

        Returns
        -------
        Turn or None
            None if frames were lost in every attempt.

        Raises
        ------
        SpikeletError
            If the board cannot run the turn, falls silent or goes away.
        """
        data = network.turn_bytes(readings)
        for attempt in range(REQUEST_ATTEMPTS):
            if attempt:
                self.repeated += 1
                self._rewind(network, earlier)
            collector = Collector(network, number, data)
            for frame in self._send_turn(number, data, 0 if len(earlier) else wire.START):
                if observation := self._collect(collector, frame):
                    self._answered = True
                    return observation
                if collector.is_answered_by(frame):
                    break
        self.lost_frames += max(1, self._expected_frames(network) - collector.frames)
        return None

    def replay(
        self, network: Network, first: int, count: int, *, start: bool = False
    ) -> Iterator[Turn | None]:
        """Run turns of the recording on the board.

        Parameters
        ----------
        network : Network
            The network on the board.
        first : int
            Number of the first turn.
        count : int
            Number of turns.
        start : bool
            Whether a stream restarts with the first turn.

        Yields
        ------
        Turn or None
            None for a turn that did not arrive whole; the board does not repeat it.
        """
        command = first & 0xFFFF, count, wire.START if start else 0
        frames = self.request(wire.REPLAY, struct.pack(wire.TURN_FORMAT, *command))
        yielded = 0
        for item in self.turns(network, first, frames, count):
            if isinstance(item, Frame):
                continue
            yield item
            yielded += 1
            if yielded == count:
                return
        self.lost_frames += count - yielded
        yield from [None] * (count - yielded)

    def turns(
        self, network: Network, first: int, frames: Iterable[Frame], most: int
    ) -> Iterator[Turn | Frame | None]:
        """Assemble turns from frames.

        Parameters
        ----------
        network : Network
            The network on the board.
        first : int
            Number of the first turn.
        frames : iterable of Frame
        most : int
            Limit of the missing turns in a row. A frame further ahead belongs to an earlier turn.

        Yields
        ------
        Turn, Frame or None
            A turn, None for an incomplete one, or a SENSOR frame as it arrived.
        """
        collector = Collector(network, first)
        for frame in frames:
            if frame.kind == wire.SENSOR:
                yield frame
            missing = collector.behind(frame) or 0
            # The answers of the missing turns were lost.
            for _ in range(missing if missing < most else 0):
                self.lost_frames += 1
                yield None
                first += 1
                collector = Collector(network, first)
            answered = collector.is_answered_by(frame)
            observation = self._collect(collector, frame)
            if not answered:
                continue
            self.lost_frames += observation is None
            yield observation
            first += 1
            collector = Collector(network, first)

    def progress(self) -> None:
        """Begin to wait anew, because the board sent a part that the host awaits."""
        self.patience.progress()
        self._vain.clear()

    def _finish(self) -> None:
        """Begin to wait anew, because an answer is complete."""
        self.patience.finish()
        self._vain.clear()

    def _collect(self, collector: Collector, frame: Frame) -> Turn | None:
        """Add a frame to a turn; return the turn if it is complete. Count frames of other turns."""
        before = collector.frames
        observation = collector.take(frame)
        if observation is not None:
            self._finish()
        elif collector.frames > before:
            self.progress()
        elif collector.behind(frame):
            self.late_frames += 1
        return observation

    def _hear(self, text: str) -> None:
        """Take text of the board; raise BoardGone if it reports the end of its program."""
        self.rebooted = self.rebooted or BANNER.search(text) is not None
        self._vain["text"] += len(text)
        self._text(text)
        for line in text.splitlines():
            if line.startswith(boot.STOPPED):
                raise BoardGone(
                    f"the program of {self.name} was stopped, as by Ctrl-C on its console; "
                    "Ctrl-D there, or a reset, starts it again"
                )
            if line.startswith(boot.REFUSED):
                reason = printable(line.removeprefix(boot.REFUSED))
                raise BoardGone(f"the program of {self.name} did not start: {reason}")

    def close(self) -> None:
        """End the session; the board goes back to its REPL."""
        self._text.tell()
        self._write(wire.BYE, b"")

    def _welcome(self, payload: bytes, kernel: str) -> BoardInfo:
        if not payload:
            raise BoardError(
                f"{self.name} sent an empty description of itself; run spikelet flash, then try again"
            )
        # The rest of the payload depends on the protocol.
        if payload[0] != wire.PROTOCOL:
            raise BoardError(
                f"{self.name} speaks protocol {payload[0]}, this host {wire.PROTOCOL}; "
                "run spikelet flash"
            )
        try:
            info = board_info.parse_board_info(payload)
        except ValueError as error:
            raise BoardError(
                f"{self.name} describes itself wrongly: {error}; run spikelet flash, then try again"
            ) from None
        if kernel and kernel not in info.kernels:
            raise UsageError(
                f"{self.name} has no kernel {kernel!r}; it has {', '.join(info.kernels)}"
            )
        self._receive = info.receive
        return info

    def _rewind(self, network: Network, earlier: Sequence[NDArray[Any]]) -> None:
        """Run earlier turns again without a report of them."""
        for number, readings in enumerate(earlier):
            flags = wire.QUIET if number else wire.QUIET | wire.START
            for frame in self._send_turn(number, network.turn_bytes(readings), flags):
                if is_answer(frame, number):
                    self._finish()
                    break

    def _send_turn(self, number: int, data: bytes, flags: int) -> Iterator[Frame]:
        """Send a turn in parts that the board can take; yield the frames that answer the last part."""
        size = self._receive - wire.TURN_SIZE
        for first in range(0, len(data), size):
            head = struct.pack(wire.TURN_FORMAT, number & 0xFFFF, first, flags)
            payload = head + data[first : first + size]
            if first + size >= len(data):
                yield from self.request(wire.TURN, payload)
            else:
                next(self.request(wire.TURN, payload, answered=False))

    def request(
        self, kind: int, payload: bytes, *, answered: bool = True, patience: float = 0
    ) -> Iterator[Frame]:
        """Send a command until the board acknowledges it, then yield frames until it is silent.

        Parameters
        ----------
        kind : int
            One of the kinds in `spikert.wire`.
        payload : bytes
        answered : bool
            Whether the board answers with more than ACK, so that the answer also acknowledges.
        patience : float
            Least seconds of silence that end the frames after the acknowledgement.

        Yields
        ------
        Frame
            The ACK and all frames that follow.

        Raises
        ------
        SpikeletError
            If the board reports a PROBLEM.
        BoardGone
            If it never acknowledges, or makes no progress until the patience of the link is over.
        """
        sequence, self._sequence = self._sequence, (self._sequence + 1) & 0xFFFF
        least, most = patience, max(self._patience, FIRST_TIMEOUT_S)
        for attempt in range(self._attempts):
            self._write(kind, payload, sequence)
            acknowledged = self._acknowledged = False
            patience = max(min(self._patience * 2**attempt, most), least)
            for frame in self._frames(patience):
                if frame.kind == wire.ACK and frame.payload == struct.pack("<H", sequence):
                    acknowledged = True
                elif answered and frame.kind in ANSWERS:
                    # The ACK itself was lost.
                    acknowledged = True
                elif frame.kind == wire.PROBLEM and acknowledged:
                    problem = printable(frame.payload.decode(errors="replace"))
                    raise SpikeletError(f"{self.name}: {problem}")
                elif frame.kind == wire.AGAIN and not acknowledged:
                    break
                if acknowledged:
                    self._acknowledged = True
                    yield frame
            if acknowledged:
                return
        raise self._silent(f"{patience:.1f} s, {self._attempts} times")

    def _frames(self, patience: float) -> Iterator[Frame]:
        """Yield frames until the board has been silent for `patience` seconds.

        After damaged data a shorter silence ends the frames, because the board has probably sent all.
        The board acknowledges at once or never, even if it sends text meanwhile.
        """
        damaged = self._reader.damaged
        silence = waited = 0.0
        # Frames that an earlier request has left.
        yield from self._reader.feed(b"")
        last = time.monotonic()
        while silence < patience:
            # It reads first: after a pause of the host, the answers are waiting.
            data = self._read()
            now = time.monotonic()
            passed, last = self.patience.look(now - last), now
            waited += passed
            if not data:
                self._check_patience()
                silence += passed
                time.sleep(PAUSE)
                continue
            self._longest_silence = max(self._longest_silence, silence)
            silence = 0.0
            for frame in self._reader.feed(data):
                self._vain[NAMES.get(frame.kind, "unknown frames")] += 1
                begun = time.monotonic()
                yield frame
                # The receiver of the frames may take its time.
                last += time.monotonic() - begun
            self._check_patience()
            if self._reader.damaged > damaged:
                patience = min(patience, LEAST_TIMEOUT_S)
            if not self._acknowledged and waited > patience:
                break
        self._reader.flush()

    def _check_patience(self) -> None:
        """Raise BoardGone if the board has made no progress for too long."""
        if not self.patience.is_over:
            return
        self._text.tell()
        raise self._silent(f"{min(self.patience.unfinished, self.patience.limit):.0f} s")

    def _silent(self, duration: str) -> SpikeletError:
        """Return the error of a board that does not answer; it names what came instead."""
        if self.trouble:
            return SensorSilent(
                f"{self.name} has read no sample of its sensor for {duration} ({self.trouble}); "
                "connect the sensor, or wait longer with --timeout"
            )
        if self.rebooted:
            return BoardGone(
                f"{self.name} was reset in the middle of a session (it says "
                f"{quoted(self._text.last)}), as by a watchdog, a loose cable or weak power; "
                "try again, and stop a program of yours that resets it"
            )
        came = [f"{count:,} {name}" for name, count in self._vain.items() if name != "text"]
        if characters := self._vain["text"]:
            came.append(f"{characters:,} characters of text, such as {quoted(self._text.last)}")
        instead = f"; meanwhile it sent {' and '.join(came)}" if came else ""
        return BoardGone(f"{self.name} has not answered for {duration}{instead}; {self._remedy}")

    def _read(self) -> bytes:
        try:
            return self.stream.read(READ_CHUNK)
        except OSError as error:
            raise self._gone(error) from None

    def _write(self, kind: int, payload: bytes, sequence: int = 0) -> None:
        start = 2 + wire.HEAD_SIZE
        self._frame[start : start + len(payload)] = payload
        size = wire.encode_into(self._frame, kind, sequence, len(payload))
        try:
            self.stream.write(wire.shield(bytes(self._frame[:size])))
        except OSError as error:
            raise self._gone(error) from None

    def _gone(self, error: OSError) -> BoardGone:
        return BoardGone(f"{self.name} went away ({error}); plug it in and run this again")

    @property
    def _patience(self) -> float:
        """Seconds of silence after which the board has presumably sent all."""
        if not self._answered:
            return FIRST_TIMEOUT_S
        return min(max(LEAST_TIMEOUT_S, 10 * self._longest_silence), MOST_TIMEOUT_S)

    @staticmethod
    def _expected_frames(network: Network) -> int:
        return len(network.layers) * (network.turn_steps + 1) + 1
