"""Talk to the emulated Pico through its second serial port while its program runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import serial

from spikelet.boards.data_port import DataPort
from spikelet.boards.virtual.pico import Pico
from spikelet.errors import BoardError

# Serial ports of a board with a data port.
BOTH = 2


class PicoDataPort(DataPort):
    """The data port of an emulated Pico, which is switched on for each session."""

    def __init__(self, pico: Pico) -> None:
        super().__init__(pico.name)
        self.pico = pico

    @contextmanager
    def session(self, paths: Mapping[str, str] | None = None) -> Iterator[serial.SerialBase]:
        """Switch the board on, which starts its program, and open its data port.

        Parameters
        ----------
        paths : mapping of str to str, optional
            Ignored: the board has chosen its files.

        Yields
        ------
        serial.SerialBase

        Raises
        ------
        BoardError
            If the board has no second serial port.
        """
        with self.pico.powered() as board:
            if board.ask(wait_for_usb=1)["ports"] < BOTH:
                raise BoardError(
                    f"{self.name} does not exist, because the board has no second serial port; write "
                    "usb_cdc.enable(console=True, data=True) into its boot.py"
                )
            self.device = board.data
            with super().session(paths) as stream:
                yield stream
