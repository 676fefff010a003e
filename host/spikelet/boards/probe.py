"""Find out whether a serial device is a board, before any other request to it.

A device may be silent, flood its port with text, or be no board at all. The probe tells these cases
apart within seconds.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

import serial

from spikelet.boards import console_text, raw_repl
from spikelet.errors import BoardError

# The rate that mpremote uses.
BAUD = 115200
# Seconds without a byte that end a device's text.
QUIET = 0.3
# Seconds of text that the probe accepts after Ctrl-C.
STOP_TIMEOUT_S = 3.0
# Requests for the raw REPL, because a board ignores its input shortly after a reset.
PROBE_ATTEMPTS = 3
# Seconds to answer each request.
EACH = 1.0
PROBE_CHUNK = 4096
# Characters of the device's text in an error message.
SHOWN = 60
INTERRUPT, RAW_REPL = b"\r\x03\x03", b"\r\x01"
PROMPT, INTERRUPTED = b"raw REPL", b"KeyboardInterrupt"


def responds(device: str) -> bool:
    """Return whether the probe interrupted a program on the board.

    Raises
    ------
    SpikeletError
        If the device cannot be opened, is no board, or does not answer.
    """
    try:
        with _opened(device) as port:
            return _stopped(device, port)
    except serial.SerialTimeoutException:
        raise BoardError(
            f"{device} takes no data; unplug it and plug it in again, then run spikelet doctor again"
        ) from None
    except OSError as error:
        raise BoardError(f"{device} went away ({error}); plug it in and run this again") from None


@contextmanager
def _opened(device: str) -> Iterator[serial.Serial]:
    try:
        port = serial.serial_for_url(device, BAUD, timeout=0, write_timeout=2, exclusive=True)
    # pyserial raises ValueError for a scheme of URLs that it does not know.
    except (serial.SerialException, ValueError):
        # This second attempt raises the error with the reason.
        with raw_repl.opened(device, device):
            raise BoardError(f"{device} did not open at once; try again") from None
    try:
        yield port
    finally:
        with contextlib.suppress(OSError):
            port.close()


def _stopped(device: str, port: serial.Serial) -> bool:
    port.write(INTERRUPT)
    text, quiet = _listen(port, QUIET, STOP_TIMEOUT_S)
    if not quiet:
        port.write(INTERRUPT)
        more, quiet = _listen(port, QUIET, STOP_TIMEOUT_S)
        text += more
    if not quiet:
        raise BoardError(
            f"{device} floods the port with text and does not heed Ctrl-C (it says {_shown(text)}); "
            "unplug it if it is no board, else start it in safe mode, or put an interpreter on it"
        )
    heard = text
    for _ in range(PROBE_ATTEMPTS):
        port.write(RAW_REPL)
        answer, _ = _listen(port, EACH, EACH, PROMPT)
        if PROMPT in answer:
            return INTERRUPTED in text
        heard += answer
    if not heard.strip():
        raise BoardError(
            f"{device} answers nothing; reset the board, and if it stays silent, "
            "put MicroPython or CircuitPython on it"
        )
    raise BoardError(
        f"{device} answers, but not as an interpreter (it says {_shown(heard)}); "
        "put MicroPython or CircuitPython on it if it is a board"
    )


def _listen(
    port: serial.Serial, quiet: float, patience: float, until: bytes = b""
) -> tuple[bytes, bool]:
    """Return a device's text, and whether it ended with `until` or with `quiet` seconds of silence."""
    text = b""
    started = heard = time.monotonic()
    while (now := time.monotonic()) < started + patience:
        if data := port.read(PROBE_CHUNK):
            text, heard = text + data, now
            if until and until in text:
                return text, True
        elif now - heard >= quiet:
            return text, True
        else:
            time.sleep(0.005)
    return text, False


def _shown(text: bytes) -> str:
    """Return the first whole line of a device's text in quotes, cut to SHOWN characters."""
    text_shown = console_text.plain(text.decode(errors="replace"))
    lines = [line for line in text_shown.split("\n") if line.strip()]
    line = "".join(char if char.isprintable() else " " for char in lines[len(lines) > 2]).strip()
    return repr(line if len(line) <= SHOWN else line[:SHOWN] + "...")
