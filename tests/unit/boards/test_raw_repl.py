"""A raw REPL is entered whenever the board answers, however late."""

import re

import pytest
from mpremote.transport_serial import SerialTransport

from spikelet.boards import raw_repl
from spikelet.errors import SpikeletError

PROMPT = b"raw REPL; CTRL-B to exit\r\n>"


class SlowSerial:
    """A raw REPL that takes up what it was sent, in order, once it was asked more than so many times."""

    timeout = 0

    def __init__(self, deaf_for: int) -> None:
        self.deaf_for, self.asked = deaf_for, 0
        self.line, self.heard, self.said = b"", b"", b""

    def write(self, data: bytes) -> None:
        self.heard += data
        self.asked += data.count(b"\x01")
        if self.asked > self.deaf_for:
            for value in self.heard:
                self._take(bytes([value]))
            self.heard = b""

    def _take(self, value: bytes) -> None:
        if value == b"\x01":
            self.said, self.line = self.said + PROMPT, b""
        elif value == b"\x03":
            self.line = b""
        elif value == b"\x04":
            printed = re.search(rb"print\('(.*)'\)", self.line)
            self.said += b"OK" + (printed[1] + b"\r\n" if printed else b"") + b"\x04\x04>"
            self.line = b""
        else:
            self.line += value

    def inWaiting(self) -> int:
        return len(self.said)

    def read(self, size: int = 1) -> bytes:
        data, self.said = self.said[:size], self.said[size:]
        return data

    def close(self) -> None:
        pass


@pytest.fixture
def slow(monkeypatch):
    """Return a function that gives the raw REPL of a board that is deaf at first."""

    def opened(deaf_for: int):
        port = SlowSerial(deaf_for)

        def connect(self, device: str, timeout: float) -> None:
            self.device_name, self.serial, self.is_pty = device, port, False
            self.in_raw_repl, self.use_raw_paste = False, False

        monkeypatch.setattr(SerialTransport, "__init__", connect)
        monkeypatch.setattr(raw_repl, "FIRST_WAIT", 0.02)
        return raw_repl.opened("slow", "/dev/slow", 0.5)

    return opened


@pytest.mark.parametrize("deaf_for", [0, 1, 2, 3])
def test_late_answers_are_not_taken_for_those_of_a_command(slow, deaf_for):
    with slow(deaf_for) as repl:
        assert [repl.exec(f"print('{i}')") for i in range(3)] == [b"0\r\n", b"1\r\n", b"2\r\n"]


def test_a_board_that_never_answers_is_given_up(slow):
    with pytest.raises(SpikeletError, match=r"slow has no .* REPL that answers"), slow(1000):
        pass


def test_a_board_that_falls_silent_later_is_told_from_one_without_a_repl(slow):
    with pytest.raises(SpikeletError, match="slow no longer answers"), slow(0) as repl:
        repl.exec("1")
        repl.serial.deaf_for = 1000
        repl.exec("1")
