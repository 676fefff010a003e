"""A raw REPL with an end to each wait, which text of other programs does not disturb.

It replaces the waits of mpremote's transport: these begin anew with each byte, and some print to stdout.
Source: MicroPython's manual, "The MicroPython Interactive Interpreter Mode (aka REPL)".
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from spikelet.boards import answers
from spikelet.errors import BoardError, BoardGone
from spikelet.printable import quoted

# Bytes that a command may print.
MOST_OUTPUT = 1 << 17
# Seconds between two looks at a silent port.
LOOK = 0.002
# Bytes of the last input that messages can quote.
HEARD = 400
# Seconds of silence that a command may take at least.
SILENCE_S = 10.0
# Attempts to get a whole answer among other text.
ASKED = 3
BANNER = b"raw REPL; CTRL-B to exit\r\n"
END = b"\x04"
RAW_PASTE, SUPPORTED, UNSUPPORTED = b"\x05A\x01", b"R\x01", b"R\x00"
# Bytes of a command in raw mode without raw paste, and the seconds between two of them.
PIECE, PIECE_PAUSE = 256, 0.01
# The last line of an error that has no traceback.
ERROR = re.compile(rb"^\w*(Error|Exception|Interrupt|Exit|Iteration)\b", re.MULTILINE)


class ReplTransport(SerialTransport):  # type: ignore[misc]
    """mpremote's transport with other waits.

    Attributes
    ----------
    name : str
        Name of the board in messages.
    limit : float
        Seconds within which a command must be complete, however much it prints.
    heard : bytes
        Last bytes from the board.
    """

    def __init__(self, device: str, name: str, patience: float, limit: float) -> None:
        self.name = name
        self.limit = limit
        self.heard = b""
        # Whether the board has the function of answers.SAY, so its loss shows a reset.
        self._can_say = False
        self.use_raw_paste = True
        super().__init__(device, timeout=patience)

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Callable[[bytes], None] | None = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """Return bytes until `ending`, or those that came before the time was over.

        Parameters
        ----------
        min_num_bytes : int
            Ignored, as by mpremote.
        ending : bytes
        timeout : float or None
            Seconds of silence that end the wait.
        data_consumer : callable, optional
            Called with the bytes instead of keeping them.
        timeout_overall : float or None
            Seconds after which the wait ends; by default the limit, or `timeout` if that is longer.
        """
        if timeout_overall is None:
            timeout_overall = max(self.limit, timeout or 0)
        return self._read_one_of((ending,), timeout, timeout_overall, data_consumer)

    def _read_one_of(
        self,
        endings: Sequence[bytes],
        timeout: float | None,
        timeout_overall: float,
        data_consumer: Callable[[bytes], None] | None = None,
    ) -> bytes:
        data, begun = bytearray(), time.monotonic()
        last, size = begun, max(map(len, endings))
        count = 0
        while not data.endswith(tuple(endings)):
            now = time.monotonic()
            if now - begun > timeout_overall:
                break
            if not self.serial.in_waiting:
                if timeout is not None and now - last >= timeout:
                    break
                time.sleep(LOOK)
                continue
            byte = self.serial.read(1)
            last = now
            count += len(byte)
            if count > MOST_OUTPUT:
                raise TransportError(f"it prints without end: {quoted(bytes(data))}")
            data += byte
            if data_consumer:
                data_consumer(byte)
                data = data[-size:]
        self.heard = (self.heard + data)[-HEARD:]
        return bytes(data)

    def enter_raw_repl(self, soft_reset: bool = True, timeout_overall: float = 10) -> None:
        """Stop the program on the board and enter the raw REPL.

        Raises
        ------
        TransportError
            If the board does not answer within `timeout_overall` seconds.
        """
        self.serial.write(b"\r\x03")
        self._discard(timeout_overall)
        self.serial.write(b"\r\x01")
        if soft_reset:
            self._await(BANNER + b">", timeout_overall)
            self._can_say = False
            self.serial.write(END)
            self._await(b"soft reboot\r\n", timeout_overall)
        self._await(BANNER, timeout_overall)
        self.in_raw_repl = True

    def follow(
        self, timeout: float, data_consumer: Callable[[bytes], None] | None = None
    ) -> tuple[bytes, bytes]:
        """Return the output and the error of a command; text that is no error is output.

        Raises
        ------
        TransportError
            If the command does not end.
        """
        output = self.read_until(1, END, timeout, data_consumer)
        if not output.endswith(END):
            raise TransportError(self._unended(output, timeout))
        error = self.read_until(1, END, timeout)
        if not error.endswith(END):
            raise TransportError(self._unended(error, timeout))
        output, error = output[:-1], error[:-1]
        if error and b"Traceback" not in error and not ERROR.search(error):
            return output + error, b""
        return output, error

    def exec_raw_no_follow(self, command: str | bytes) -> None:
        """Send a command for the REPL to run.

        Raises
        ------
        TransportError
            If the REPL does not take it.
        """
        code = command if isinstance(command, bytes) else command.encode()
        self._await(b">", 10)
        if self.use_raw_paste:
            self.serial.write(RAW_PASTE)
            prompt = BANNER + b">"
            answer = self._read_one_of((SUPPORTED, UNSUPPORTED, prompt), 10, self.limit)
            if answer.endswith(SUPPORTED):
                self.raw_paste_write(code)
                return
            if not answer.endswith((UNSUPPORTED, prompt)):
                raise TransportError(f"it answers {quoted(answer)} to a command")
            self.use_raw_paste = False
        for first in range(0, len(code), PIECE):
            self.serial.write(code[first : first + PIECE])
            time.sleep(PIECE_PAUSE)
        self.serial.write(END)
        self._await(b"OK", 10)

    def raw_paste_write(self, command_bytes: bytes) -> None:
        """Send a command in windows that the board confirms; text meanwhile is no matter."""
        size = self._bytes(2)
        (window,) = struct.unpack("<H", size)
        space, first, last = window, 0, time.monotonic()
        while first < len(command_bytes):
            if self.serial.in_waiting:
                byte = self._bytes(1)
                if byte == b"\x01":
                    space += window
                    last = time.monotonic()
                elif byte == END:
                    # The board ends the command, as at Ctrl-C.
                    self.serial.write(END)
                    return
                continue
            if not space:
                if time.monotonic() - last > self.limit:
                    raise TransportError(f"it takes no more of a command: {quoted(self.heard)}")
                time.sleep(LOOK)
                continue
            part = command_bytes[first : first + space]
            self.serial.write(part)
            space -= len(part)
            first += len(part)
        self.serial.write(END)
        self._await(END, 10)

    def exec(
        self, command: str | bytes, data_consumer: Callable[[bytes], None] | None = None
    ) -> bytes:
        """Run a command and return its output.

        Raises
        ------
        TransportExecError
            If it fails.
        BoardGone
            If the board was reset since an earlier command.
        """
        output, error = self.exec_raw(command, max(SILENCE_S, self.limit), data_consumer)
        if not error:
            return output
        text = error.decode(errors="replace")
        if "NameError" in text and self.was_reset():
            raise self.reset_error()
        raise TransportExecError(output, text)

    def eval(self, expression: str, parse: bool = True) -> Any:
        """Return the value of an expression, a literal; without `parse` its text.

        Raises
        ------
        BoardError
            If no whole answer comes.
        """
        if not parse:
            return self.exec(f"print({expression})").strip()
        output = b""
        for _ in range(ASKED):
            if not self._can_say:
                self.exec(answers.SAY)
                self._can_say = True
            output = self.exec(f"_say({expression})")
            try:
                if values := answers.framed(output):
                    return values[-1]
            except answers.NoAnswer:
                pass
        raise BoardError(
            f"{self.name} answers {quoted(output)} instead of a value; if a program prints "
            "meanwhile, stop it; else reset the board, or put MicroPython or CircuitPython on it"
        )

    def was_reset(self) -> bool:
        """Return whether the board has lost a name that it had; False if it had none."""
        if not self._can_say:
            return False
        try:
            _, error = self.exec_raw("_say")
        except TransportError:
            return False
        return b"NameError" in error

    def reset_error(self) -> BoardGone:
        """Return the error of a board that was reset in the middle of a command."""
        return BoardGone(
            f"{self.name} was reset in the middle of this, as by a watchdog of your program, a loose "
            "cable or weak power; try again, and if a program there sets a "
            "watchdog, start the board without it (safe mode) or rename its main.py or code.py first"
        )

    def _await(self, ending: bytes, timeout: float) -> None:
        """Read until `ending`; raise TransportError if it does not come."""
        data = self._read_one_of((ending,), timeout, max(timeout, 1))
        if not data.endswith(ending):
            raise TransportError(f"it sends {quoted(data)}" if data else "it sends nothing")

    def _bytes(self, count: int) -> bytes:
        data: bytes = self.serial.read(count)
        self.heard = (self.heard + data)[-HEARD:]
        if len(data) < count:
            raise TransportError("it does not go on with a command")
        return data

    def _discard(self, limit: float) -> None:
        """Drop the bytes that have arrived."""
        begun = time.monotonic()
        while (count := self.serial.in_waiting) and time.monotonic() - begun < limit:
            self.heard = (self.heard + self.serial.read(count))[-HEARD:]

    def _unended(self, output: bytes, timeout: float) -> str:
        if output:
            return f"a command does not end, and prints {quoted(output[-HEARD:])}"
        return f"a command does not end in {max(timeout, 1):.0f} s"
