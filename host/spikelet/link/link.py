"""Exchange requests and answers with a board, with checksums and retries.

The host accepts only data that arrived whole, and requests the rest again.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from spikelet.boards.port import SerialStream
from spikelet.errors import BoardError, BoardGone, SpikeletError, UsageError
from spikelet.link import board_info
from spikelet.link.board_info import BoardInfo
from spikelet.link.frames import Frame, FrameReader
from spikelet.link.turn import Collector, Turn
from spikelet.networks.network import Network
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
    """

    def __init__(
        self,
        stream: SerialStream,
        name: str,
        log: Callable[[str], None],
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
            Called with the text that the board prints.
        attempts : int
            Number of times to send a command that the board does not acknowledge.
        remedy : str
            The end of the message about a silent board.
        """
        self.stream = stream
        self.name = name
        self.repeated = 0
        self.lost_frames = 0
        self._log = log
        self._attempts, self._remedy = attempts, remedy
        self._reader = FrameReader(self._hear)
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
        for _ in range(REQUEST_ATTEMPTS):
            for frame in self.request(wire.HELLO, payload):
                if frame.kind == wire.BOARD:
                    return self._welcome(frame.payload, kernel)
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
                if observation := collector.take(frame):
                    self._answered = True
                    return observation
                if frame.kind == wire.ANSWER:
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
            observation = collector.take(frame)
            if frame.kind != wire.ANSWER:
                continue
            self.lost_frames += observation is None
            yield observation
            first += 1
            collector = Collector(network, first)

    def close(self) -> None:
        """End the session; the board goes back to its REPL."""
        self._write(wire.BYE, b"")

    def _welcome(self, payload: bytes, kernel: str) -> BoardInfo:
        # The rest of the payload depends on the protocol.
        if payload[0] != wire.PROTOCOL:
            raise BoardError(
                f"{self.name} speaks protocol {payload[0]}, this host {wire.PROTOCOL}; "
                "run spikelet flash"
            )
        info = board_info.parse_board_info(payload)
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
                if frame.kind == wire.ANSWER:
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
            If it never acknowledges.
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
                    raise SpikeletError(f"{self.name}: {frame.payload.decode(errors='replace')}")
                elif frame.kind == wire.AGAIN and not acknowledged:
                    break
                if acknowledged:
                    self._acknowledged = True
                    yield frame
            if acknowledged:
                return
        raise BoardGone(
            f"{self.name} has not answered for {patience:.1f} s, {self._attempts} times; "
            f"{self._remedy}"
        )

    def _frames(self, patience: float) -> Iterator[Frame]:
        """Yield frames until the board has been silent for `patience` seconds.

        After damaged data a shorter silence ends the frames, because the board has probably sent all.
        The board acknowledges at once or never, even if it sends text meanwhile.
        """
        heard, damaged = time.monotonic(), self._reader.damaged
        begun = heard
        # Frames that an earlier request has left.
        yield from self._reader.feed(b"")
        while (silence := time.monotonic() - heard) < patience:
            data = self._read()
            if not data:
                time.sleep(PAUSE)
                continue
            self._longest_silence = max(self._longest_silence, silence)
            heard = time.monotonic()
            yield from self._reader.feed(data)
            if self._reader.damaged > damaged:
                patience = min(patience, LEAST_TIMEOUT_S)
            if not self._acknowledged and heard - begun > patience:
                break
        self._reader.flush()

    def _hear(self, text: str) -> None:
        """Log text of the board; raise BoardGone if it reports the end of its program."""
        self._log(text)
        for line in text.splitlines():
            if line.startswith(boot.STOPPED):
                raise BoardGone(
                    f"the program of {self.name} was stopped, as by Ctrl-C on its console; "
                    "Ctrl-D there, or a reset, starts it again"
                )
            if line.startswith(boot.REFUSED):
                reason = line.removeprefix(boot.REFUSED)
                raise BoardGone(f"the program of {self.name} did not start: {reason}")

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
