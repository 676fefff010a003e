"""Finding a board again that was unplugged, though the system may call its port otherwise now."""

from __future__ import annotations

from typing import Any

from serial.tools import list_ports

from spikelet.boards.port import Port
from spikelet.boards.serial_port import SerialPort
from spikelet.errors import NotThere


class Sameness:
    """What a board is known by: its USB serial number, or else where it was."""

    def __init__(self, port: Port) -> None:
        self._known: tuple[object, ...] | None = None
        if isinstance(port, SerialPort):
            for found in list_ports.comports():
                if found.device == port.name and found.serial_number:
                    self._known = _identity(found)

    def find(self, port: Port) -> Port:
        """Return where the board is now.

        port    where it was
        Raises NotThere if its serial number is known and no port has it.
        """
        if self._known is None:
            return port
        devices = [str(p.device) for p in list_ports.comports() if _identity(p) == self._known]
        if not devices:
            raise NotThere(f"{port.name} is not plugged in")
        return port if port.name in devices else SerialPort(min(devices))


def _identity(found: Any) -> tuple[object, ...]:
    """Return what stays the same of a port; the interface, for a board may have several."""
    return found.vid, found.pid, found.serial_number, found.interface
