"""The host's end of the wire: ask a board, believe only what arrived whole, ask again for the rest."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from spikelet.boards.port import SerialStream
from spikelet.errors import BoardGone, SpikeletError
from spikelet.link import board_info
from spikelet.link.board_info import BoardInfo
from spikelet.link.frames import Frame, FrameReader
from spikelet.link.turn import Collector, Observation
from spikelet.networks.network import Network
from spikert import wire

FIRST_PATIENCE = 5.0  # seconds without a byte, before the board has shown how fast it is
LEAST_PATIENCE, MOST_PATIENCE = 0.5, 60.0
TRIES = 8
PAUSE = 0.0005  # seconds between two looks at a silent stream
CHUNK = 4096
ANSWERS = (wire.BOARD, wire.INPUT, wire.SPIKES, wire.MEMBRANE, wire.ANSWER)


class Link:
    """A session with a board.

    name           how messages call the board
    log            called with the board's text
    repeated       int, turns that were asked for again
    lost_frames    int, frames that were lost for good
    """

    def __init__(self, stream: SerialStream, name: str, log: Callable[[str], None]) -> None:
        self.stream = stream
        self.name = name
        self.repeated = 0
        self.lost_frames = 0
        self._reader = FrameReader(log)
        self._frame = bytearray(wire.MAX_FRAME)
        self._sequence = 0
        self._longest_silence = 0.0  # seconds, before something came after all
        self._answered = False
        self._acknowledged = False  # the last command
        self._receive = 64  # until the board has said how much it takes

    @property
    def missed(self) -> int:
        """Frames that were lost or damaged on their way here, asked for again or not."""
        return self._reader.missing

    def hello(self, kernel: str = "") -> BoardInfo:
        """Ask the board who it is, and to load its network with this kernel, or its own choice.

        Raises SpikeletError if it does not answer, speaks another protocol or lacks the kernel.
        """
        payload = bytes([wire.PROTOCOL]) + kernel.encode()
        for _ in range(TRIES):
            for frame in self.request(wire.HELLO, payload):
                if frame.kind == wire.BOARD:
                    return self._welcome(frame.payload, kernel)
        raise SpikeletError(
            f"{self.name} does not say what it is; run spikelet flash, then try again"
        )

    def run(
        self,
        network: Network,
        number: int,
        readings: NDArray[Any],
        earlier: Sequence[NDArray[Any]] = (),
    ) -> Observation | None:
        """Run a turn on the board; None if its frames were lost every time.

        readings    of the turn, as Network.turn says
        earlier     those of the stream's turns before it, which the board has run; it is taken
                    through them again before it repeats this one
        Raises SpikeletError if the board cannot run it, falls silent or goes away.
        """
        data = network.turn_bytes(readings)
        for attempt in range(TRIES):
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
    ) -> Iterator[Observation | None]:
        """Have the board run `count` turns of its own recording, from the first on; yield each.

        A turn that did not arrive whole is None: the board does not run it again by itself.

        start    whether a stream starts again with the first of them
        """
        command = first & 0xFFFF, count, wire.START if start else 0
        frames = self.request(wire.REPLAY, struct.pack(wire.TURN_FORMAT, *command))
        found = 0
        for seen in self.turns(network, first, frames, count):
            if isinstance(seen, Frame):
                continue
            yield seen
            found += 1
            if found == count:
                return
        self.lost_frames += count - found
        yield from [None] * (count - found)

    def turns(
        self, network: Network, first: int, frames: Iterable[Frame], most: int
    ) -> Iterator[Observation | Frame | None]:
        """Put the frames of turns together; yield each turn, None for one that is not whole.

        What the board says of its sensor in between is yielded as the frame it is.

        first    the number of the first
        most     turns that can be missing in a row; what is further ahead is a frame of an earlier one
        """
        collector = Collector(network, first)
        for frame in frames:
            if frame.kind == wire.SENSOR:
                yield frame
            missing = collector.behind(frame) or 0
            for _ in range(missing if missing < most else 0):  # their answers were lost
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
        if payload[0] != wire.PROTOCOL:  # what follows may mean anything
            raise SpikeletError(
                f"{self.name} speaks protocol {payload[0]}, this host {wire.PROTOCOL}; "
                "run spikelet flash"
            )
        info = board_info.parse(payload)
        if kernel and kernel not in info.kernels:
            raise SpikeletError(
                f"{self.name} has no kernel {kernel!r}; it has {', '.join(info.kernels)}"
            )
        self._receive = info.receive
        return info

    def _rewind(self, network: Network, earlier: Sequence[NDArray[Any]]) -> None:
        """Take the board through turns again that it need not report."""
        for number, readings in enumerate(earlier):
            flags = wire.QUIET if number else wire.QUIET | wire.START
            for frame in self._send_turn(number, network.turn_bytes(readings), flags):
                if frame.kind == wire.ANSWER:
                    break

    def _send_turn(self, number: int, data: bytes, flags: int) -> Iterator[Frame]:
        """Send a turn in parts that the board can take; yield what comes back for the last of them."""
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
        """Send a command until it is acknowledged; yield the ACK and all frames that follow.

        answered    whether the board answers more than ACK, so that its answer is as good
        patience    seconds of silence that are bearable at least, once it is acknowledged
        Ends when the board has been silent for long. Raises SpikeletError for its PROBLEM, BoardGone
        if it never acknowledges.
        """
        sequence, self._sequence = self._sequence, (self._sequence + 1) & 0xFFFF
        least, most = patience, max(self._patience, FIRST_PATIENCE)
        for attempt in range(TRIES):
            self._write(kind, payload, sequence)
            acknowledged = self._acknowledged = False
            patience = max(min(self._patience * 2**attempt, most), least)
            for frame in self._frames(patience):
                if frame.kind == wire.ACK and frame.payload == struct.pack("<H", sequence):
                    acknowledged = True
                elif answered and frame.kind in ANSWERS:
                    acknowledged = True  # the ACK itself was lost
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
            f"{self.name} has not answered for {patience:.1f} s, {TRIES} times; "
            "reset it and try again"
        )

    def _frames(self, patience: float) -> Iterator[Frame]:
        """Yield frames until the board has been silent for so many seconds.

        Once something came damaged, silence more likely means that the board has said it all. A
        board acknowledges at once or never, whatever text it may send meanwhile.
        """
        heard, damaged = time.monotonic(), self._reader.damaged
        begun = heard
        yield from self._reader.feed(b"")  # what nobody asked for yet
        while (silence := time.monotonic() - heard) < patience:
            data = self._read()
            if not data:
                time.sleep(PAUSE)
                continue
            self._longest_silence = max(self._longest_silence, silence)
            heard = time.monotonic()
            yield from self._reader.feed(data)
            if self._reader.damaged > damaged:
                patience = min(patience, LEAST_PATIENCE)
            if not self._acknowledged and heard - begun > patience:
                break
        self._reader.flush()

    def _read(self) -> bytes:
        try:
            return self.stream.read(CHUNK)
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
        """Seconds of silence after which the board is taken to have nothing more to say."""
        if not self._answered:
            return FIRST_PATIENCE
        return min(max(LEAST_PATIENCE, 10 * self._longest_silence), MOST_PATIENCE)

    @staticmethod
    def _expected_frames(network: Network) -> int:
        return len(network.layers) * (network.turn_steps + 1) + 1
