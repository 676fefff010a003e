"""List the attached boards and connect to their serial ports."""

from __future__ import annotations

import contextlib

from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from spikelet.boards import raw_repl
from spikelet.boards.port import FilePort
from spikelet.errors import BoardError, UsageError


class SerialPort(FilePort):
    """A real board at a serial port."""

    def __init__(self, device: str) -> None:
        self.name = device

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the board's raw REPL."""
        return raw_repl.opened(self.name, self.name)


def attached() -> list[str]:
    """Return the devices of the attached USB serial ports, sorted."""
    return [port.device for port in attached_ports()]


def attached_ports() -> list[ListPortInfo]:
    """Return pyserial's descriptions of the USB serial ports, sorted by device."""
    ports = (port for port in list_ports.comports() if port.vid is not None)
    return sorted(ports, key=lambda port: port.device)


def the_only_one() -> str:
    """Return the device of the only attached board; raise SpikeletError if there are more or none."""
    devices = attached()
    if len(devices) == 1:
        return devices[0]
    if devices:
        raise UsageError(
            f"{len(devices)} boards are attached: {', '.join(devices)}; name one with --port"
        )
    raise BoardError("no board is attached; plug one in, or use --port virtual")


def by_serial_number(number: str) -> str:
    """Return the device of the board with a USB serial number; raise SpikeletError if it is absent."""
    for port in list_ports.comports():
        if port.serial_number == number:
            return str(port.device)
    raise BoardError(
        f"no board has the serial number {number}; attached are: {', '.join(attached()) or 'none'}"
    )
