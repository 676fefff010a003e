"""Whether what is at a serial device is a board: it is listened to before it is believed.

A device may be silent, may flood its port with text, or may be no board at all; each is told within
seconds, before any more is asked of it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

import serial

from spikelet.boards import raw_repl
from spikelet.errors import SpikeletError

BAUD = 115200  # what mpremote opens with
QUIET = 0.3  # seconds without a byte, after which a device has said all
STOP_TIMEOUT_S = 3.0  # seconds that it may go on after Ctrl-C
# It is asked for the raw REPL so often: a board that has just been reset is deaf at first.
PROBE_ATTEMPTS = 3
EACH = 1.0  # seconds that it has to answer each time
PROBE_CHUNK = 4096
SHOWN = 60  # characters of what it says
INTERRUPT, RAW_REPL = b"\r\x03\x03", b"\r\x01"
PROMPT, INTERRUPTED = b"raw REPL", b"KeyboardInterrupt"


def responds(device: str) -> bool:
    """Return whether a board's program was stopped to ask it.

    Raises SpikeletError for a device that cannot be opened or is no board that answers.
    """
    try:
        with _opened(device) as port:
            return _stopped(device, port)
    except serial.SerialTimeoutException:
        raise SpikeletError(
            f"{device} takes no data; unplug it and plug it in again, then run spikelet doctor again"
        ) from None
    except OSError as error:
        raise SpikeletError(
            f"{device} went away ({error}); plug it in and run this again"
        ) from None


@contextmanager
def _opened(device: str) -> Iterator[serial.Serial]:
    try:
        port = serial.serial_for_url(device, BAUD, timeout=0, write_timeout=2, exclusive=True)
    except serial.SerialException:
        with raw_repl.opened(device, device):  # which says why
            raise SpikeletError(f"{device} did not open at once; try again") from None
    try:
        yield port
    finally:
        with contextlib.suppress(OSError):
            port.close()


def _stopped(device: str, port: serial.Serial) -> bool:
    port.write(INTERRUPT)
    said, quiet = _listen(port, QUIET, STOP_TIMEOUT_S)
    if not quiet:
        port.write(INTERRUPT)
        more, quiet = _listen(port, QUIET, STOP_TIMEOUT_S)
        said += more
    if not quiet:
        raise SpikeletError(
            f"{device} floods the port with text and does not heed Ctrl-C (it says {_shown(said)}); "
            "unplug it if it is no board, else start it in safe mode, or put an interpreter on it"
        )
    heard = said
    for _ in range(PROBE_ATTEMPTS):
        port.write(RAW_REPL)
        answer, _ = _listen(port, EACH, EACH, PROMPT)
        if PROMPT in answer:
            return INTERRUPTED in said
        heard += answer
    if not heard.strip():
        raise SpikeletError(
            f"{device} answers nothing; reset the board, and if it stays silent, "
            "put MicroPython or CircuitPython on it"
        )
    raise SpikeletError(
        f"{device} answers, but not as an interpreter (it says {_shown(heard)}); "
        "put MicroPython or CircuitPython on it if it is a board"
    )


def _listen(
    port: serial.Serial, quiet: float, patience: float, until: bytes = b""
) -> tuple[bytes, bool]:
    """Return what a device says, and whether it fell silent for `quiet` seconds, or said `until`."""
    said = b""
    started = heard = time.monotonic()
    while (now := time.monotonic()) < started + patience:
        if data := port.read(PROBE_CHUNK):
            said, heard = said + data, now
            if until and until in said:
                return said, True
        elif now - heard >= quiet:
            return said, True
        else:
            time.sleep(0.005)
    return said, False


def _shown(said: bytes) -> str:
    """Return the first whole line of what a device said, in quotes and not too long."""
    lines = [line for line in said.decode(errors="replace").split("\n") if line.strip()]
    line = "".join(char if char.isprintable() else " " for char in lines[len(lines) > 2]).strip()
    return repr(line if len(line) <= SHOWN else line[:SHOWN] + "...")
