"""Test that an unplugged board is found again by its USB serial number on any port."""

from types import SimpleNamespace

import pytest
from unplugged_board import NamedPort

from spikelet.boards import usb_identity
from spikelet.boards.serial_port import SerialPort
from spikelet.boards.usb_identity import UsbIdentity
from spikelet.errors import NotThere


def usb(device, serial_number, interface=None, vid=0x2E8A, pid=0x0005):
    return SimpleNamespace(
        device=device, serial_number=serial_number, interface=interface, vid=vid, pid=pid
    )


@pytest.fixture
def attached(monkeypatch):
    """Return the list of the system's ports."""
    ports = []
    monkeypatch.setattr(usb_identity.list_ports, "comports", lambda: list(ports))
    return ports


def test_usb_identity_finds_board_on_other_port(attached):
    attached += [usb("/dev/ttyACM0", "E66"), usb("/dev/ttyACM1", "F77")]
    known = UsbIdentity(SerialPort("/dev/ttyACM0"))
    attached[:] = [usb("/dev/ttyACM1", "F77"), usb("/dev/ttyACM2", "E66")]
    assert known.find(SerialPort("/dev/ttyACM0")).name == "/dev/ttyACM2"


def test_usb_identity_refuses_other_board_on_same_port(attached):
    attached += [usb("/dev/ttyACM0", "E66")]
    port = SerialPort("/dev/ttyACM0")
    known = UsbIdentity(port)
    attached[:] = [usb("/dev/ttyACM0", "F77")]
    with pytest.raises(NotThere, match="/dev/ttyACM0 is not plugged in"):
        known.find(port)
    # Its bootloader, for example, has another product id.
    attached.append(usb("/dev/ttyACM1", "E66", pid=0x000B))
    with pytest.raises(NotThere):
        known.find(port)


def test_usb_identity_keeps_name_and_interface(attached):
    both = [usb("/dev/ttyACM1", "E66", "data"), usb("/dev/ttyACM0", "E66", "console")]
    attached += both
    port = SerialPort("/dev/ttyACM1")
    known = UsbIdentity(port)
    assert known.find(port) is port
    attached[:] = [usb("/dev/ttyACM5", "E66", "console"), usb("/dev/ttyACM6", "E66", "data")]
    assert known.find(port).name == "/dev/ttyACM6"


@pytest.mark.parametrize(
    "port", [NamedPort(), SerialPort("/dev/ttyS0"), SerialPort("/dev/ttyUSB0")]
)
def test_usb_identity_without_serial_number_keeps_port(attached, port):
    attached += [usb("/dev/ttyUSB0", None)]
    known = UsbIdentity(port)
    attached.clear()
    assert known.find(port) is port
