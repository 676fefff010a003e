"""A board's raw REPL, through which mpremote's library reaches every board, real or emulated."""

from __future__ import annotations

import contextlib
import io
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from spikelet.errors import BoardGone, NotThere, SpikeletError

READ_CHUNK = 1024
READ_TIMEOUT = 10  # seconds that mpremote waits for the REPL's next byte
EMULATED_TIMEOUT = 60  # and of a board that is emulated, and shares its computer with others
FIRST_WAIT = 1.0  # seconds for the REPL, until Ctrl-C is sent again; doubled each time
SILENCE = 0.05  # seconds that a program pauses which does not print without end
PRINTING = 0.5  # seconds that a program may go on to print before it is interrupted
FLOOD = 2.0  # and that it may print after that


@contextmanager
def opened(name: str, device: str, patience: float = 0) -> Iterator[SerialTransport]:
    """Open a serial device or a `socket://` and enter the board's raw REPL.

    name        how messages call it
    patience    seconds to wait for the REPL; if not given, EMULATED_TIMEOUT at a socket, behind which
                is an emulated board, else READ_TIMEOUT
    Raises SpikeletError if it cannot be opened, is in use, has no REPL, or goes away.
    """
    patience = patience or (EMULATED_TIMEOUT if device.startswith("socket:") else READ_TIMEOUT)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):  # mpremote prints what it could not understand
            transport = SerialTransport(device, timeout=patience)
    except TransportError:
        raise _unopened(name, device) from None
    try:
        _send_at_once(transport)
        _quieten(transport, name)
        transport.serial.timeout = patience
        with contextlib.redirect_stdout(said):
            _enter(transport, name, patience)
        yield transport
    except TransportExecError as error:
        raise SpikeletError(f"{name} refused: {last_line(error.error_output)}") from None
    except TransportError as error:
        raise SpikeletError(
            f"{name} no longer answers as a REPL does ({error}); reset the board, and run this again"
        ) from None
    except serial.SerialException as error:
        raise BoardGone(f"{name} went away ({error}); plug it in and run this again") from None
    finally:
        with contextlib.suppress(OSError):
            transport.close()


def command(transport: SerialTransport, do: Callable[[Any, Any], None], **arguments: object) -> str:
    """Run one of mpremote's commands on the board at the end of a raw REPL; return what it prints."""
    said = io.StringIO()
    state = SimpleNamespace(
        transport=transport, ensure_raw_repl=lambda: None, did_action=lambda: None
    )
    with contextlib.redirect_stdout(said):
        do(state, SimpleNamespace(**arguments))
    return said.getvalue()


def _enter(transport: SerialTransport, name: str, patience: float) -> None:
    """Enter the raw REPL; raises SpikeletError if it does not answer for so many seconds.

    Ctrl-C is sent again from time to time: a board that has just been reset does not hear the first,
    and then starts its program.
    """
    end, wait = time.monotonic() + patience, FIRST_WAIT
    while True:
        with contextlib.suppress(TransportError):
            transport.enter_raw_repl(soft_reset=False, timeout_overall=min(wait, patience))
            if wait > FIRST_WAIT:
                _skip_answers(transport, min(wait, patience))
            return
        if time.monotonic() >= end:
            raise SpikeletError(
                f"{name} has no MicroPython or CircuitPython REPL that answers; "
                "reset the board, or put an interpreter on it"
            )
        wait *= 2


def _skip_answers(transport: SerialTransport, wait: float) -> None:
    """Read past the answers to earlier attempts, which a slow board gives one after another.

    They would be taken for the answer to the next command. Raises TransportError if it does not answer.
    """
    mark = uuid.uuid4().hex
    transport.serial.write(f"print('{mark}')\x04".encode())
    answer = f"OK{mark}\r\n\x04\x04".encode()
    if not transport.read_until(1, answer, timeout_overall=wait).endswith(answer):
        raise TransportError("no answer to a mark")


def _quieten(transport: SerialTransport, name: str) -> None:
    """Interrupt a program that prints without pause; mpremote would read its text for ever.

    Raises SpikeletError if even that does not end it.
    """
    transport.serial.timeout = SILENCE
    begun, interrupted = time.monotonic(), False
    while transport.serial.read(READ_CHUNK):
        passed = time.monotonic() - begun
        if passed > PRINTING and not interrupted:
            transport.serial.write(b"\r\x03")
            interrupted = True
        if passed > PRINTING + FLOOD:
            raise SpikeletError(
                f"{name} sends text without end, and Ctrl-C does not stop it; it is no board with "
                "MicroPython or CircuitPython, or needs a reset"
            )


def _send_at_once(transport: SerialTransport) -> None:
    """Have a `socket://` send each part of a command when it is written.

    Without it, TCP keeps the second part until the first is acknowledged, often for 40 ms.
    """
    if transport.device_name.startswith("socket:"):
        descriptor = transport.serial.fileno()
        with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _unopened(name: str, device: str) -> SpikeletError:
    """Return why a port did not open, which mpremote keeps to itself."""
    try:
        serial.serial_for_url(device, exclusive=True).close()
    except serial.SerialException as error:
        if "lock" in str(error):
            return SpikeletError(
                f"{name} is in use by another program; close that one and try again"
            )
        if getattr(error, "errno", None) == 13:  # for a moment of every board just plugged in
            return NotThere(
                f"{name} may not be opened by you; join the group that owns it (often dialout)"
            )
        return NotThere(
            f"{name} cannot be opened ({error}); spikelet doctor lists what is attached"
        )
    return NotThere(f"{name} did not open; try again")


def last_line(text: str) -> str:
    """Return the last line of a traceback, which says what went wrong."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
