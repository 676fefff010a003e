"""Open the raw REPL of a board, real or emulated, with mpremote's library."""

from __future__ import annotations

import contextlib
import errno
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

from spikelet.boards import catalogue, port_names, port_users
from spikelet.boards.port_users import SUSPICION
from spikelet.boards.repl_transport import ReplTransport
from spikelet.boards.timeouts import TIMEOUT_S
from spikelet.errors import BoardError, BoardGone, NotThere, SpikeletError
from spikelet.printable import printable, quoted
from spikert import wire

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
# Seconds of output after the interrupt before the host resets the interpreter.
FLOOD = 2.0
# Seconds of output after that before the host gives up.
REBOOT = 5.0
INTERRUPT, SOFT_RESET = b"\r\x03", b"\r\x03\r\x01\x04"
# Seconds for a REPL to answer again after an error.
RESUMED = 10.0
# Times Ctrl-C that end any receiver of flashing.receiver.
UNBLOCKING = 4200
# Error numbers of a port whose device has gone.
GONE = (errno.EIO, errno.ENXIO, errno.ENODEV, errno.EBADF)
# Bytes of text in a message, and characters of an error of the board.
QUOTED, LONGEST_REASON = 100, 300


@contextmanager
def opened(
    name: str,
    device: str,
    patience: float = 0,
    *,
    limit: float = TIMEOUT_S,
    interpreter: bool = False,
) -> Iterator[ReplTransport]:
    """Open a serial device or a `socket://` and enter the board's raw REPL.

    Parameters
    ----------
    name : str
        Name of the board in messages.
    device : str
        Serial device, or `socket://` of an emulated board.
    patience : float
        Seconds to wait for the REPL; 0 for EMULATED_TIMEOUT at a socket and READ_TIMEOUT elsewhere.
    limit : float
        Seconds within which each command must be complete.
    interpreter : bool
        Whether the board is known to have MicroPython or CircuitPython.

    Yields
    ------
    ReplTransport

    Raises
    ------
    SpikeletError
        If the device cannot be opened, is in use, has no REPL, or goes away.
    """
    patience = patience or (EMULATED_TIMEOUT if device.startswith("socket:") else READ_TIMEOUT)
    try:
        transport = ReplTransport(device, name, patience, limit)
    # pyserial raises ValueError for a scheme of URLs that it does not know.
    except (TransportError, ValueError):
        raise _unopened(name, device) from None
    try:
        _send_at_once(transport)
        _quieten(transport, name)
        transport.serial.timeout = patience
        _enter(transport, name, patience, interpreter=interpreter)
        yield transport
    except TransportExecError as error:
        raise SpikeletError(f"{name} refused: {last_line(error.error_output)}") from None
    except TransportError as error:
        raise _disturbed(transport, name, error) from None
    # A port without its device raises the plain error in some calls.
    except OSError as error:
        if not isinstance(error, serial.SerialException) and error.errno not in GONE:
            raise
        raise BoardGone(f"{name} went away ({error}); plug it in and run this again") from None
    finally:
        with contextlib.suppress(OSError):
            transport.close()


def _disturbed(transport: ReplTransport, name: str, error: TransportError) -> SpikeletError:
    """Return the error of a REPL that stopped to answer, with its most likely cause."""
    with contextlib.suppress(OSError, TransportError, SpikeletError):
        _enter(transport, name, RESUMED)
        if transport.was_reset():
            return transport.reset_error()
    return BoardError(
        port_users.sentence(name, transport.device_name)
        or f"{name} no longer answers as a REPL does ({error}); {SUSPICION}; else reset the board, and "
        "run this again"
    )


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
    return printable(output.getvalue(), layout=True)


def _enter(
    transport: ReplTransport, name: str, patience: float, *, interpreter: bool = False
) -> None:
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
            raise BoardError(_no_repl(transport, name, interpreter=interpreter))
        if wait > FIRST_WAIT:
            # A port that passes Ctrl-C as data has a receiver that expects this number of bytes.
            transport.serial.write(wire.CTRL_C * UNBLOCKING)
        wait *= 2


def _no_repl(transport: ReplTransport, name: str, *, interpreter: bool) -> str:
    """Return the reason that no REPL answers, and the remedy."""
    if shared := port_users.sentence(name, transport.device_name):
        return shared
    says = f" (it says {quoted(transport.heard[-QUOTED:])})" if transport.heard.strip() else ""
    if interpreter or says:
        return (
            f"{name} runs a program that does not let itself be stopped by Ctrl-C{says}; start the "
            "board without its program: in safe mode, or with a button held if the program looks at "
            "one; else erase its flash with the boot loader and install the interpreter again; or "
            f"{SUSPICION}"
        )
    return (
        f"{name} has no MicroPython or CircuitPython REPL that answers; reset the board; if it runs a "
        "program that catches Ctrl-C, start it in safe mode or erase its flash with the boot loader; "
        f"if it has no interpreter, put one on it; or {SUSPICION}"
    )


def _skip_answers(transport: ReplTransport, wait: float) -> None:
    """Discard a slow board's answers to earlier attempts; raise TransportError without an answer.

    mpremote would take them for the answer to the next command.
    """
    mark = uuid.uuid4().hex
    transport.serial.write(f"print('{mark}')\x04".encode())
    answer = f"OK{mark}\r\n\x04\x04".encode()
    if not transport.read_until(1, answer, timeout_overall=wait).endswith(answer):
        raise TransportError("no answer to a mark")


def _quieten(transport: ReplTransport, name: str) -> None:
    """Stop a program that prints endlessly; raise SpikeletError if it goes on.

    Ctrl-C stops the program, and a soft reset also its timers. A soft reset from the raw REPL does not
    start main.py again.
    """
    transport.serial.timeout = SILENCE
    begun, last = time.monotonic(), b""
    steps = [(PRINTING, INTERRUPT), (PRINTING + FLOOD, SOFT_RESET)]
    while data := transport.serial.read(READ_CHUNK):
        last = data
        passed = time.monotonic() - begun
        if steps and passed > steps[0][0]:
            transport.serial.write(steps.pop(0)[1])
        if passed > PRINTING + FLOOD + REBOOT:
            raise BoardError(
                f"{name} sends text without end (such as {quoted(last)}), and neither Ctrl-C nor a "
                "soft reset stops it; reset it, start it in safe mode, or remove its program; it may "
                "also be no board with MicroPython or CircuitPython"
            )


def _send_at_once(transport: ReplTransport) -> None:
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
    return printable(lines[-1], most=LONGEST_REASON) if lines else "no reason given"
