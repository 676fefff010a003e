"""Find a board again after it was unplugged, even if its port has a new name."""

from __future__ import annotations

from typing import Any

from serial.tools import list_ports

from spikelet.boards.port import Port
from spikelet.boards.serial_port import SerialPort
from spikelet.errors import NotThere


class UsbIdentity:
    """Identity of a board: its USB serial number, or else its port."""

    def __init__(self, port: Port) -> None:
        self._known: tuple[object, ...] | None = None
        if isinstance(port, SerialPort):
            for info in list_ports.comports():
                if info.device == port.name and info.serial_number:
                    self._known = _identity(info)

    def find(self, port: Port) -> Port:
        """Return the present port of the board.

        Parameters
        ----------
        port : Port
            Its last port.

        Raises
        ------
        NotThere
            If its serial number is known and no port has it.
        """
        if self._known is None:
            return port
        devices = [str(p.device) for p in list_ports.comports() if _identity(p) == self._known]
        if not devices:
            raise NotThere(f"{port.name} is not plugged in")
        return port if port.name in devices else SerialPort(min(devices))


def _identity(info: Any) -> tuple[object, ...]:
    """Return the constant properties of a port; the interface, because a board may have several."""
    return info.vid, info.pid, info.serial_number, info.interface
