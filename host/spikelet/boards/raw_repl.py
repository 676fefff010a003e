"""Open the raw REPL of a board, real or emulated, with mpremote's library."""

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
from serial.tools import list_ports

from spikelet.boards import catalogue, port_names
from spikelet.errors import BoardError, BoardGone, NotThere, SpikeletError

READ_CHUNK = 1024
# Seconds that mpremote waits for the REPL's next byte.
READ_TIMEOUT = 10
# The same for an emulated board, which shares its computer with others.
EMULATED_TIMEOUT = 60
# Seconds from the first Ctrl-C to the next; each further wait is twice as long.
FIRST_WAIT = 1.0
# Seconds without output that show that a program does not print endlessly.
SILENCE = 0.05
# Seconds of output before the host interrupts the program.
PRINTING = 0.5
# Seconds of output after the interrupt before the host gives up.
FLOOD = 2.0


@contextmanager
def opened(name: str, device: str, patience: float = 0) -> Iterator[SerialTransport]:
    """Open a serial device or a `socket://` and enter the board's raw REPL.

    Parameters
    ----------
    name : str
        Name of the board in messages.
    device : str
        Serial device, or `socket://` of an emulated board.
    patience : float
        Seconds to wait for the REPL; 0 for EMULATED_TIMEOUT at a socket and READ_TIMEOUT elsewhere.

    Yields
    ------
    SerialTransport

    Raises
    ------
    SpikeletError
        If the device cannot be opened, is in use, has no REPL, or goes away.
    """
    patience = patience or (EMULATED_TIMEOUT if device.startswith("socket:") else READ_TIMEOUT)
    output = io.StringIO()
    try:
        # mpremote prints answers that it does not understand.
        with contextlib.redirect_stdout(output):
            transport = SerialTransport(device, timeout=patience)
    # pyserial raises ValueError for a scheme of URLs that it does not know.
    except (TransportError, ValueError):
        raise _unopened(name, device) from None
    try:
        _send_at_once(transport)
        _quieten(transport, name)
        transport.serial.timeout = patience
        with contextlib.redirect_stdout(output):
            _enter(transport, name, patience)
        yield transport
    except TransportExecError as error:
        raise SpikeletError(f"{name} refused: {last_line(error.error_output)}") from None
    except TransportError as error:
        raise BoardError(
            f"{name} no longer answers as a REPL does ({error}); reset the board, and run this again"
        ) from None
    except serial.SerialException as error:
        raise BoardGone(f"{name} went away ({error}); plug it in and run this again") from None
    finally:
        with contextlib.suppress(OSError):
            transport.close()


def command(transport: SerialTransport, do: Callable[[Any, Any], None], **arguments: object) -> str:
    """Run a command of mpremote through a raw REPL; return its output.

    Parameters
    ----------
    transport : SerialTransport
    do : callable
        The command, a function of mpremote's state and arguments.
    **arguments : object
        Attributes of the command's arguments.
    """
    output = io.StringIO()
    state = SimpleNamespace(
        transport=transport, ensure_raw_repl=lambda: None, did_action=lambda: None
    )
    with contextlib.redirect_stdout(output):
        do(state, SimpleNamespace(**arguments))
    return output.getvalue()


def _enter(transport: SerialTransport, name: str, patience: float) -> None:
    """Enter the raw REPL; raise SpikeletError if it does not answer within `patience` seconds.

    It repeats Ctrl-C: shortly after a reset, a board misses the first one and starts its program.
    """
    end, wait = time.monotonic() + patience, FIRST_WAIT
    while True:
        with contextlib.suppress(TransportError):
            transport.enter_raw_repl(soft_reset=False, timeout_overall=min(wait, patience))
            if wait > FIRST_WAIT:
                _skip_answers(transport, min(wait, patience))
            return
        if time.monotonic() >= end:
            raise BoardError(
                f"{name} has no MicroPython or CircuitPython REPL that answers; "
                "reset the board, or put an interpreter on it"
            )
        wait *= 2


def _skip_answers(transport: SerialTransport, wait: float) -> None:
    """Discard a slow board's answers to earlier attempts; raise TransportError without an answer.

    mpremote would take them for the answer to the next command.
    """
    mark = uuid.uuid4().hex
    transport.serial.write(f"print('{mark}')\x04".encode())
    answer = f"OK{mark}\r\n\x04\x04".encode()
    if not transport.read_until(1, answer, timeout_overall=wait).endswith(answer):
        raise TransportError("no answer to a mark")


def _quieten(transport: SerialTransport, name: str) -> None:
    """Interrupt a program that prints endlessly; raise SpikeletError if it goes on.

    Without this, mpremote would read the program's output forever.
    """
    transport.serial.timeout = SILENCE
    begun, interrupted = time.monotonic(), False
    while transport.serial.read(READ_CHUNK):
        passed = time.monotonic() - begun
        if passed > PRINTING and not interrupted:
            transport.serial.write(b"\r\x03")
            interrupted = True
        if passed > PRINTING + FLOOD:
            raise BoardError(
                f"{name} sends text without end, and Ctrl-C does not stop it; it is no board with "
                "MicroPython or CircuitPython, or needs a reset"
            )


def _send_at_once(transport: SerialTransport) -> None:
    """Switch off Nagle's algorithm of a `socket://`.

    Otherwise TCP delays the second part of a command until the first is acknowledged, often for 40 ms.
    """
    if transport.device_name.startswith("socket:"):
        descriptor = transport.serial.fileno()
        with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _unopened(name: str, device: str) -> SpikeletError:
    """Return the reason that a port did not open, which mpremote does not report."""
    try:
        serial.serial_for_url(device, exclusive=True).close()
    except serial.SerialException as error:
        if "lock" in str(error):
            return BoardError(f"{name} is in use by another program; close that one and try again")
        # Every board has this error for a moment after it is plugged in.
        if getattr(error, "errno", None) == 13:
            return NotThere(
                f"{name} may not be opened by you; join the group that owns it (often dialout)"
            )
        return NotThere(_sentence(name, error))
    except ValueError as error:
        return NotThere(_sentence(name, error))
    return NotThere(f"{name} did not open; try again")


def _sentence(name: str, error: Exception) -> str:
    """Return the reason that a port did not open, and the names near to it."""
    devices = sorted(port.device for port in list_ports.comports() if port.vid is not None)
    near = port_names.near(name, catalogue.qemu_ports(), devices)
    return f"{name} cannot be opened: {port_names.reason(error)}; {near}"


def last_line(text: str) -> str:
    """Return the last line of a traceback, which names the error."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
