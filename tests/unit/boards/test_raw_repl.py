"""Test that the host enters the raw REPL of a board that answers late."""

import re

import pytest
from mpremote.transport_serial import SerialTransport

from spikelet.boards import raw_repl, repl_transport
from spikelet.errors import SpikeletError

PROMPT = b"raw REPL; CTRL-B to exit\r\n>"


class SlowSerial:
    """A raw REPL that processes its input only after more than `deaf_for` requests."""

    timeout = 0

    def __init__(self, deaf_for: int) -> None:
        self.deaf_for, self.requests = deaf_for, 0
        self.line, self.pending, self.output = b"", b"", b""

    def write(self, data: bytes) -> None:
        self.pending += data
        self.requests += data.count(b"\x01")
        if self.requests > self.deaf_for:
            for value in self.pending:
                self._take(bytes([value]))
            self.pending = b""

    def _take(self, value: bytes) -> None:
        if value == b"\x01":
            self.output, self.line = self.output + PROMPT, b""
        elif value == b"\x03":
            self.line = b""
        elif value == b"\x04":
            printed = re.search(rb"print\('(.*)'\)", self.line)
            self.output += b"OK" + (printed[1] + b"\r\n" if printed else b"") + b"\x04\x04>"
            self.line = b""
        else:
            self.line += value

    @property
    def in_waiting(self) -> int:
        return len(self.output)

    def read(self, size: int = 1) -> bytes:
        data, self.output = self.output[:size], self.output[size:]
        return data

    def close(self) -> None:
        pass


@pytest.fixture
def slow(monkeypatch):
    """Return a function that opens the raw REPL of a board that ignores its first requests."""

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
def test_raw_repl_skips_late_answers(slow, deaf_for):
    with slow(deaf_for) as repl:
        assert [repl.exec(f"print('{i}')") for i in range(3)] == [b"0\r\n", b"1\r\n", b"2\r\n"]


def test_raw_repl_silent_board_is_error(slow):
    with pytest.raises(SpikeletError, match=r"slow has no .* REPL that answers"), slow(1000):
        pass


def test_raw_repl_board_silent_later_is_other_error(slow, monkeypatch):
    monkeypatch.setattr(raw_repl, "RESUMED", 0.5)
    monkeypatch.setattr(repl_transport, "SILENCE_S", 0.5)
    with pytest.raises(SpikeletError, match="slow no longer answers"), slow(0) as repl:
        repl.exec("1")
        repl.limit = 0.5
        repl.serial.deaf_for = 1000
        repl.exec("1")
