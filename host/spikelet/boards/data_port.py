"""Talk to a board through its second serial port, which carries only frames.

The network keeps running while hosts connect and disconnect. CircuitPython has this port if the board's
boot.py calls `usb_cdc.enable(console=True, data=True)`. The port has no REPL, so flash the board through
its console. Source: CircuitPython's documentation of the module usb_cdc.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import serial

from spikelet.boards import port_names
from spikelet.errors import NotThere, UsageError

# Without a program, nothing reads this port. So a few attempts of 5 s show that none is running.
ATTEMPTS = 3
REMEDY = (
    "its program has not started, or was stopped by Ctrl-C on its console; Ctrl-D there, or a reset, "
    "starts it again"
)


class DataPort:
    """The data port at a serial device."""

    prelude = ""
    in_place = False

    def __init__(self, device: str) -> None:
        self.name = f"data:{device}"
        self.device = device

    @contextmanager
    def session(self, paths: Mapping[str, str] | None = None) -> Iterator[serial.SerialBase]:
        """Open the port; the board has already started the runtime with its files in use.

        Parameters
        ----------
        paths : mapping of str to str, optional
            Ignored: the board has chosen its files.

        Yields
        ------
        serial.SerialBase

        Raises
        ------
        NotThere
            If the device cannot be opened.
        """
        try:
            opened = serial.serial_for_url(self.device, timeout=0, exclusive=True)
        except (serial.SerialException, ValueError) as error:
            raise NotThere(
                f"{self.name} cannot be opened: {port_names.reason(error)}; "
                "spikelet doctor lists the attached boards"
            ) from None
        with opened:
            yield opened

    def connect(self) -> NoReturn:
        """Raise SpikeletError, because the port has no REPL."""
        raise UsageError(
            f"{self.name} carries data alone; name the board's console for this, "
            "spikelet doctor lists it"
        )

    def write_image(self, image: bytes) -> NoReturn:
        """Raise SpikeletError, as `connect` does."""
        self.connect()
