"""A board's second serial port, for frames alone: a host comes and goes while the network runs on.

CircuitPython has one where the board's boot.py says `usb_cdc.enable(console=True, data=True)`. There is
no REPL on it, so a board is flashed through its console.
Source: CircuitPython's documentation of the module usb_cdc.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import serial

from spikelet.errors import NotThere, SpikeletError


class DataPort:
    """The port at a device."""

    prelude = ""
    in_place = False

    def __init__(self, device: str) -> None:
        self.name = f"data:{device}"
        self.device = device

    @contextmanager
    def session(self, paths: Mapping[str, str] | None = None) -> Iterator[serial.SerialBase]:
        """Open the port; the board itself has started the runtime with what is in use there."""
        try:
            opened = serial.serial_for_url(self.device, timeout=0, exclusive=True)
        except serial.SerialException as error:
            raise NotThere(
                f"{self.name} cannot be opened ({error}); spikelet doctor lists what is attached"
            ) from None
        with opened:
            yield opened

    def connect(self) -> NoReturn:
        """Raise SpikeletError: there is no REPL."""
        raise SpikeletError(
            f"{self.name} carries data alone; name the board's console for this, "
            "spikelet doctor lists it"
        )

    def write_image(self, image: bytes) -> NoReturn:
        """Raise SpikeletError, as connect does."""
        self.connect()
