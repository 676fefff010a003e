"""Test that each wait for a REPL ends, and that text of other programs does not disturb it."""

import importlib
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from spikelet.boards import answers, port_users, raw_repl, repl_transport
from spikelet.boards.repl_transport import ReplTransport
from spikelet.boards.virtual import repl
from spikelet.errors import BoardGone, SpikeletError
from spikelet.flashing import upload

# Seconds of the test's clock.
LIMIT = 20.0


class Time:
    """A clock that passes with each look at the port."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        self.now += 1e-4
        assert self.now < 500, "it hangs"
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Board:
    """A raw REPL that runs code, with text of another program before each of its writes.

    Attributes
    ----------
    noise : bytes
    names : dict
        Its global names; a reset clears them.
    """

    timeout = 1.0

    def __init__(self, noise=b"", endless=b""):
        self.noise, self.endless = noise, endless
        self.names, self.output, self.line, self.paste = {}, bytearray(), b"", None

    @property
    def in_waiting(self):
        if len(self.output) < len(self.endless) + 1:
            self.output += self.endless
        return len(self.output)

    def read(self, size=1):
        data, self.output = bytes(self.output[:size]), self.output[size:]
        return data

    def say(self, data):
        self.output += self.noise + data

    def write(self, data):
        for value in data:
            self._take(bytes([value]))
        return len(data)

    def close(self):
        pass

    def _take(self, byte):
        if self.paste is not None:
            if byte == b"\x04":
                code, self.paste = self.paste, None
                self.say(b"\x04")
                self._run(code)
            else:
                self.paste += byte
                if len(self.paste) % 16 == 0:
                    self.say(b"\x01")
        elif self.line == b"\x05A" and byte == b"\x01":
            self.line, self.paste = b"", b""
            self.say(b"R\x01\x10\x00")
        elif byte == b"\x01":
            self.line = b""
            self.say(b"raw REPL; CTRL-B to exit\r\n>")
        elif byte == b"\x03":
            self.line = b""
        else:
            self.line += byte

    def _run(self, code):
        output, error = io.StringIO(), b""
        self.names["print"] = lambda *values: print(*values, file=output)
        try:
            exec(code.decode(), self.names)
        except Exception as problem:
            error = f"Traceback:\r\n{type(problem).__name__}: {problem}\r\n".encode()
        self.say(output.getvalue().encode())
        self.output += b"\x04" + self.noise + error + b"\x04>"


@pytest.fixture
def connect(monkeypatch):
    """Return a function that returns a transport to a board."""
    time = Time()
    monkeypatch.setattr(repl_transport, "time", time)

    def connected(board):
        def opened(self, device, timeout):
            self.serial, self.device_name = board, device

        monkeypatch.setattr(SerialTransport, "__init__", opened)
        transport = ReplTransport("/dev/none", "board", 1.0, LIMIT)
        transport.clock = time
        return transport

    return connected


@pytest.mark.parametrize("noise", [b"", b"tick\r\n", b"t", b"value = 7\r\n"])
def test_transport_answers_among_text_of_a_timer(connect, noise):
    transport = connect(Board(noise))
    transport.enter_raw_repl(soft_reset=False)
    transport.exec("x = 'a' * 100\n" * 3)
    assert transport.eval("[x, 5]") == ["a" * 100, 5]
    with pytest.raises(TransportExecError, match="NameError"):
        transport.exec("unknown")


def test_transport_text_in_place_of_an_error_is_no_error(connect):
    transport = connect(Board(b"tick\r\n"))
    transport.enter_raw_repl(soft_reset=False)
    assert b"5" in transport.exec("print(5)")


def test_transport_reset_is_noticed_by_its_lost_names(connect):
    board = Board()
    transport = connect(board)
    transport.enter_raw_repl(soft_reset=False)
    transport.exec("def _sha(): return 1")
    assert transport.eval("_sha()") == 1
    board.names.clear()
    with pytest.raises(BoardGone, match="board was reset in the middle of this.*watchdog") as error:
        transport.exec("_sha()")
    assert "erase" not in str(error.value)


@pytest.mark.parametrize("endless", [b"z", b"z" * 1000])
def test_transport_output_without_end_is_error(connect, endless):
    board = Board()
    transport = connect(board)
    transport.enter_raw_repl(soft_reset=False)
    board._run = lambda code: setattr(board, "endless", endless)
    before = transport.clock.now
    with pytest.raises(TransportError, match="(does not end|without end).*'zz"):
        transport.exec("1")
    assert transport.clock.now - before < 2 * LIMIT


def test_transport_answer_without_frame_is_error_that_quotes(connect):
    board = Board()
    transport = connect(board)
    transport.enter_raw_repl(soft_reset=False)
    board._run = lambda code: board.say(b"\x1b[2J<object>\x04\x04>")
    with pytest.raises(
        SpikeletError, match=r"board answers '\\x1b\[2J<object>' instead of a value"
    ):
        transport.eval("1")


def test_transport_prints_nothing(connect, capsys):
    board = Board()
    transport = connect(board)
    board._take = lambda byte: None
    with pytest.raises(TransportError, match="sends nothing"):
        transport.enter_raw_repl(soft_reset=False, timeout_overall=1)
    assert capsys.readouterr() == ("", "")


def test_say_of_board_is_answered_whole(connect):
    transport = connect(Board(b"<spikelet 3 9 "))
    transport.enter_raw_repl(soft_reset=False)
    assert transport.eval("(1, None, 'x')") == (1, None, "x")
    assert answers.SAY.count("def _say") == 1


@pytest.mark.parametrize(("says", "interpreter"), [(b"loop 5\r\n", False), (b"", True)])
def test_no_repl_of_running_program_names_ways_out(connect, monkeypatch, says, interpreter):
    monkeypatch.setattr(port_users, "_others", lambda device: [])
    transport = connect(Board())
    transport.heard = says
    sentence = raw_repl._no_repl(transport, "board", interpreter=interpreter)
    for part in ("runs a program that does not let itself be stopped", "safe mode", "boot loader"):
        assert part in sentence
    assert (says.decode().strip() in sentence) is True


def test_no_repl_names_the_program_that_reads_the_port(connect, monkeypatch):
    monkeypatch.setattr(port_users, "_others", lambda device: ["screen (process 7)"])
    sentence = raw_repl._no_repl(connect(Board()), "board", interpreter=True)
    assert "another program has this port open and reads from it: screen (process 7)" in sentence


# The REPL of the virtual board


def served(data):
    """Return the answer of the virtual board's REPL to input."""
    output = io.BytesIO()
    repl.serve(io.BytesIO(data), output)
    return output.getvalue()


def test_virtual_repl_ctrl_c_ends_a_paste(capsys):
    answer = served(b"\x01\x05A\x01print(56\x03\r\x03\x01print(78)\x04")
    head, _, rest = answer.partition(b"R\x01\x00\x10")
    assert head.endswith(b">")
    assert rest.startswith(b"\x04\x04Traceback (most recent call last):\r\nKeyboardInterrupt")
    assert rest.endswith(b"\x04>raw REPL; CTRL-B to exit\r\n>OK\x04\x04>")
    assert capsys.readouterr().out == "78\n"


class Pieces(io.RawIOBase):
    """Input that arrives in pieces."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self.pieces.pop(0) if self.pieces else b""
        buffer[: len(piece)] = piece
        return len(piece)


def test_virtual_console_ctrl_c_interrupts_code_that_reads(monkeypatch):
    # serve.py runs as a script beside repl.py.
    monkeypatch.syspath_prepend(str(Path(repl.__file__).parent))
    console = importlib.import_module("serve").Input(Pieces(b"abc\x03", b"\r\x01"))
    data = bytearray(8)
    assert (console.readinto(data), bytes(data[:3])) == (3, b"abc")
    with pytest.raises(KeyboardInterrupt):
        console.readinto(data)
    assert (console.readinto(data), bytes(data[:2])) == (2, b"\r\x01")
    assert console.readinto(data) == 0


# Answers of the receiver


class Port:
    timeout = 1.0

    def __init__(self, data):
        self.data = data

    def read(self, size=1):
        part, self.data = self.data[:size], self.data[size:]
        return part


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"+00000010\n", b"+00000010\n"),
        (b"tick\r\ntick\r\n=00000010\n", b"=00000010\n"),
        (b"+0000tick\r\n", b"+0000tick\r\n"),
        (b"x\x04\x04>", b"x\x04\x04>"),
        (b"", b""),
    ],
)
def test_receiver_answer_is_found_behind_text(data, answer, monkeypatch):
    monkeypatch.setattr(upload, "time", Time())
    receiver = upload.Receiver(SimpleNamespace(serial=Port(data)))
    assert receiver._answer() == answer
